// One server of a home that runs without a daemon, for the shims of clients: supervised, limited and behind the gateway as always.
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfigInChild } from '../config/load-in-child.ts';
import type { LoadedConfig } from '../config/build/loaded-config.ts';
import { connect } from '../control/client.ts';
import { refuseAll } from '../control/refuse-all.ts';
import { startControlServer } from '../control/server.ts';
import { WatchdogError } from '../core/base/errors.ts';
import { messageOf } from '../core/base/guards.ts';
import { unknownServer } from '../core/base/unknown-server.ts';
import { SERVER_NAME, type ServerSpec } from '../core/model/server-spec.ts';
import { makeFolder } from '../system/files/make-folder.ts';
import type { Paths } from '../system/files/paths.ts';
import type { Clock } from '../system/time/clock.ts';
import { pause } from '../system/time/pause.ts';
import { type DaemonContext, type DaemonContextOptions, openContext } from './context.ts';
import { stillStarting } from './front/control-handlers.ts';
import { openGateway } from './gateway/gateway.ts';
import { makeHome } from './home/make-home.ts';
import { emptyStatus, openProjections } from './home/projections.ts';
import { openSupervision } from './servers/supervision.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';

export interface SingleServer {
  /** Stops the server; calling it again returns the same end. */
  readonly stop: () => Promise<void>;
  /** Resolves when everything is down, whoever asked for it: a daemon that starts does. */
  readonly done: Promise<void>;
}

export interface SingleServerOptions extends Omit<DaemonContextOptions, 'alsoLogTo'> {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly server: string;
}

/** Folder of single servers below the run folder: one for each server, with a lock and sockets of its own. */
function singlesIn({ run }: Pick<Paths, 'run'>): string {
  return join(run, 'connect');
}

/** Paths of a server that runs without a daemon: what a daemon writes is only read. */
function singleServerPaths(paths: Paths, server: string): Paths {
  const run = join(singlesIn(paths), server);
  return {
    ...paths,
    run,
    socket: join(run, 'control.sock'),
    state: join(run, 'state.json'),
    processes: join(run, 'processes.json'),
    containers: join(run, 'containers'),
    journal: join(run, 'events.jsonl'),
    watchdogLog: join(paths.logs, `connect-${server}.log`),
    alertsLog: join(run, 'alerts.log'),
  };
}

/**
 * Starts the server and opens its gateway socket; there is no TCP port, and nothing is scheduled, notified or updated.
 *
 * @throws WatchdogError LOCK_HELD when another shim runs it, UNKNOWN_SERVER, CONFIG_…, HOME_UNUSABLE; nothing runs then
 */
export async function startSingleServer(options: SingleServerOptions): Promise<SingleServer> {
  const { paths: home, server } = options;
  // It becomes part of paths. A name that no config can have is refused as any other that is not there.
  if (!SERVER_NAME.test(server)) specOf(server, await loadConfigInChild(home.config, options.environment));
  makeHome(home);
  const paths = singleServerPaths(home, server);
  makeFolder(paths.run);
  const context = openContext({ paths, version: options.version });
  const end = createShutdown(context);
  try {
    await assemble(context, end, options);
    return { stop: end.stop, done: end.done };
  } catch (error) {
    await context.teardown.run();
    throw error;
  } finally {
    end.allow();
  }
}

function specOf(name: string, { servers }: LoadedConfig): ServerSpec {
  const offered = servers.filter(({ enabled, gateway }) => enabled && gateway.mode !== 'off');
  const spec = offered.find((one) => one.name === name);
  if (spec !== undefined) return { ...spec, dependsOn: [] };
  throw unknownServer(
    name,
    offered.map((one) => one.name),
  );
}

async function assemble(
  context: DaemonContext,
  end: Shutdown,
  { paths: home, server, environment }: SingleServerOptions,
): Promise<void> {
  const { bus, log, paths, redactor, teardown } = context;
  // First, because it is the lock: of many shims that start at once, the others need not read the config.
  const control = await startControlServer({
    socketPath: paths.socket,
    handlers: {
      ...refuseAll(stillStarting()),
      status: () => emptyStatus(context),
      onChange: (listener) => bus.subscribe(listener),
      shutdown() {
        void end.stop();
        return null;
      },
    },
    log,
  });
  teardown.add('control socket', () => control.close());
  const config = await loadConfigInChild(home.config, environment);
  const spec = specOf(server, config);
  redactor.learn(config.secrets);
  inherit(home, paths);
  const { stateStore } = openProjections(context);
  // Only by the socket: a port would be in the way of the daemon's.
  const gatewaySettings = { ...config.config.gateway, listen: null, socket: true, tokenFile: null };
  const settings = { ...config.config, gateway: gatewaySettings };
  const gateway = openGateway(context, {
    settings,
    wake: (name) => supervision.supervisor.start(name),
    startInstance: (...given) => supervision.beside.prepareAndStart('instance', ...given),
  });
  const supervision = await openSupervision(context, settings, { stateStore, gateway, chosen: () => null });
  teardown.add('calls of clients', () => gateway.end());
  const started = supervision.supervisor.apply(
    { added: [spec], removed: [], changed: [] },
    supervision.unobserved,
  );
  await gateway.listen();
  await started;
  log.info({ server: spec.name, pid: process.pid }, 'Running without a daemon');
}

/** What a daemon knows: which servers are stopped, approved tools, last lists, and the key by which clients keep their sessions. */
const INHERITED = [
  'state.json',
  'gateway.key',
  'gateway-lists.json',
  'gateway-generations.json',
  'gateway-deleted',
  'approved-tools',
] as const;

function inherit(from: Pick<Paths, 'run'>, to: Pick<Paths, 'run'>): void {
  for (const name of INHERITED) {
    try {
      cpSync(join(from.run, name), join(to.run, name), { recursive: true, force: true });
    } catch {
      // There was no daemon yet, or not with a gateway.
    }
  }
}

/** Ms that a server without a daemon may take to end, once it was told. */
const END_TIMEOUT = 30_000;

/**
 * Ends servers that shims run without a daemon, so that a daemon which holds the home runs them from now on: the shims find
 * it by themselves.
 */
export async function endSingleServers(
  paths: Pick<Paths, 'run'>,
  { clock, log }: { readonly clock: Clock; readonly log: { warn(facts: object, sentence: string): void } },
): Promise<void> {
  const folder = singlesIn(paths);
  await Promise.all(
    foldersIn(folder).map(async (server) => {
      try {
        await endOne(join(folder, server, 'control.sock'), clock);
      } catch (error) {
        if (error instanceof WatchdogError && error.code === 'NO_DAEMON') return;
        log.warn({ server, error: messageOf(error) }, 'Cannot take over a server that runs without a daemon');
      }
    }),
  );
}

async function endOne(socketPath: string, clock: Clock): Promise<void> {
  const client = await connect(socketPath, { clock });
  const giveUp = new AbortController();
  try {
    await client.request('shutdown', {});
    // The connection ends last.
    await Promise.race([client.closed, pause(clock, END_TIMEOUT, giveUp.signal)]);
  } finally {
    giveUp.abort();
    client.close();
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
