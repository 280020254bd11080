// Gateway of the daemon: one router for each server that clients may reach, the front that they come through, and their config.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import { messageOf } from '../../core/base/guards.ts';
import {
  summariseCalls,
  summariseClients,
  type ClientSummary,
  type NumberedCall,
} from '../../core/gateway/call-summary.ts';
import type { Redactor } from '../../core/base/text.ts';
import type { GatewayLoad } from '../../core/gateway/model.ts';
import type { ShownChange, ToolChange } from '../../core/gateway/tool-definitions.ts';
import type { EventOf, WatchdogEvent } from '../../core/model/events.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Reloader } from '../config/reload.ts';
import type { DaemonContext } from '../context.ts';
import type { ConnectionUser } from '../servers/shared-connection.ts';
import { createToolApprovals, type SeenTools } from './approved-tools.ts';
import { attachProcesses, attachUrls } from './attach-servers.ts';
import { availabilityOf } from './availability.ts';
import { createCallLog } from './call-log.ts';
import { createKnownLists } from './known-lists.ts';
import { createInstancedServer, type InstancedServer, type StartInstance } from './instances.ts';
import { openFront } from './open-front.ts';
import { createServedServer, type ServedServer, type ServedServerParts } from './served-server.ts';
import { openGatewayMemory, withoutSessions, type ServerMemory } from './server-memory.ts';
import { createTraffic } from './traffic.ts';

export interface Gateway {
  /** Talks to stdio servers over the connection that the prober uses too. */
  readonly user: ConnectionUser;
  /** Undefined for servers that clients cannot reach. */
  find(server: string): ServedServer | undefined;
  load(server: string): GatewayLoad | null;
  /** Whether a client has a call under way, or had one in the last 2 s. */
  isInUse(server: string): boolean;
  /** Lets calls under way end before a stop of ours; null when there are none. */
  drain(server: string): Promise<void> | null;
  /** The last requests of clients; see `CallLog`. */
  calls(
    server: string | null,
    options: { readonly after: number; readonly most: number },
  ): readonly NumberedCall[];
  clients(server: string): ClientSummary;
  /** Approves what the server says of its tools now; a dry run only returns what differs. */
  approve(server: string, options: { readonly dryRun: boolean }): readonly ShownChange[];
  /** Listens; a port that is taken is told, and keeps nothing else from working. */
  listen(): Promise<void>;
  /** Applies a changed config. */
  follow(reloader: Pick<Reloader, 'onSettings'>): void;
  /** From here on the daemon ends: calls under way get 2 s, and nobody waits any more. */
  end(): Promise<void>;
}

export interface GatewayParts {
  readonly settings: DaemonConfig;
  /** Starts a server that is not started before somebody needs it. */
  readonly wake: (server: string) => void;
  /** Stops a server that nobody uses, until somebody does. */
  readonly rest?: (server: string) => void;
  /** Starts a process for one session. */
  readonly startInstance: StartInstance;
}

/** How long after its last call a server counts as in use, ms. */
const IN_USE = 2_000;
/** Time between two looks at waiting calls, ms: while there are some, and while there are none. */
const BUSY_TICK = 1_000;
const IDLE_TICK = 60_000;

export function openGateway(context: DaemonContext, parts: GatewayParts): Gateway {
  const { paths, clock, bus, log, teardown, version, redactor } = context;
  const warn = (sentence: string) => (error: unknown) => log.warn({ error: messageOf(error) }, sentence);
  const served = new Map<string, ServedServer>();
  /** Those of them whose sessions have processes of their own. */
  const instanced = new Map<string, InstancedServer>();
  const states = new Map<string, string>();
  const memory = openGatewayMemory({
    path: join(paths.run, 'gateway-lists.json'),
    clock,
    scrub: (introduction) => redactor.scrubWithin(introduction),
    onFault: warn('Cannot write down what the gateway knows of servers'),
  });
  let settings = parts.settings.gateway;
  const calls = createCallLog({
    paths,
    clock,
    redactor,
    mode: settings.log,
    onTrouble(server, error) {
      if (error === null) log.info({ server }, 'Calls are recorded again');
      else log.error({ server, error: messageOf(error) }, 'Cannot record calls');
    },
  });
  const approvals = createToolApprovals(join(paths.run, 'approved-tools'));
  const opened = openFront({
    paths,
    clock,
    log,
    servers: {
      find: (name) => served.get(name),
      list: () => [...served.keys()].map((name) => ({ name, state: states.get(name) ?? 'stopped' })),
    },
    onRefused: (reason) => bus.publish({ kind: 'client-refused', reason }),
    onUnread: (server) => traffic.cutOff(server),
  });
  const { front, generations } = opened;
  const traffic = createTraffic({
    bus,
    clock,
    calls,
    load(server) {
      const load = served.get(server)?.load;
      if (load === undefined) return null;
      const { listeners, ...told } = load;
      return { ...told, streams: front.streamsOf(server) + listeners };
    },
  });
  /** Servers with changes that nobody has approved. */
  const changedTools = new Set<string>();
  let toldFront = '';
  let cancelTick = (): void => {};
  let tickAt = Number.POSITIVE_INFINITY;

  function serve(spec: ServerSpec): void {
    const { name, gateway } = spec;
    if (gateway.mode === 'off') return;
    const program = programOf(spec);
    const known = memory.of(name, program);
    // Sessions of one mode mean nothing in the other.
    const generation = generations.of(name, gateway.mode === 'shared' ? program : `${program} per session`);
    const create = (current: ServerSpec, remembered: ServerMemory): ServedServer =>
      createRouted(current, { program, generation, memory: remembered });
    const base = create(spec, known);
    if (gateway.mode === 'shared') return void served.set(name, base);
    const server = createInstancedServer({
      clock,
      version,
      base,
      create: (current) => create(current, withoutSessions(known)),
      start: (...given) => parts.startInstance(...given),
      hasStream: (session) => front.hasStream(session),
      onOver: (session) => front.perform(name, { kind: 'forget', session }),
      onCount: () => traffic.touch(name),
      log,
    });
    served.set(name, server);
    instanced.set(name, server);
  }

  function createRouted(
    spec: ServerSpec,
    given: Pick<ServedServerParts, 'generation' | 'memory'> & { readonly program: string },
  ): ServedServer {
    const { name } = spec;
    const { program } = given;
    return createServedServer(spec, {
      ...given,
      clock,
      version,
      lists: createKnownLists(join(paths.run, 'known-lists', `${name}.json`), {
        program: launchOf(spec, program),
        scrub: (results) => redactor.scrubWithin(results),
        onFault: warn('Cannot keep the lists of a server'),
      }),
      settings: () => settings,
      perform: (action) => front.perform(name, action),
      onExchange: (exchange) => traffic.ended(name, exchange),
      onWake: () => parts.wake(name),
      onUse() {
        tickWithin(BUSY_TICK);
        traffic.touch(name);
      },
      judgeTools: (seen) => judgeTools(name, { ...seen, program }),
      onFault: (error) => log.error({ server: name, error: messageOf(error) }, 'The gateway failed'),
    });
  }

  /** Compares definitions with those approved, tells of changes, and returns the tools whose hints are not trusted. */
  function judgeTools(server: string, seen: SeenTools): ReadonlySet<string> {
    traffic.setTools(server, Object.keys(seen.definitions.tools));
    const { changes, ours } = approvals.look(server, withoutSecrets(seen, redactor));
    if (ours.length > 0 && seen.version !== null)
      bus.publish({ kind: 'tools-changed', server, changes: ours, byUpdate: seen.version });
    tellChanges(server, changes);
    return new Set(changes.flatMap(({ tool }) => (tool === null ? [] : [tool])));
  }

  function tellChanges(server: string, changes: readonly ToolChange[]): void {
    if (changes.length === 0 && !changedTools.has(server)) return;
    if (changes.length === 0) changedTools.delete(server);
    else changedTools.add(server);
    bus.publish({ kind: 'tools-changed', server, changes });
  }

  function leaveOut(name: string): void {
    const server = served.get(name);
    if (server === undefined) return;
    served.delete(name);
    instanced.delete(name);
    server.end();
    front.dropServer(name);
  }

  function change(spec: ServerSpec): void {
    const server = served.get(spec.name);
    const isSame =
      server !== undefined &&
      programOf(server.spec) === programOf(spec) &&
      server.spec.gateway.mode === spec.gateway.mode;
    if (isSame) return server.updateSpec(spec);
    leaveOut(spec.name);
    serve(spec);
  }

  function remove(name: string): void {
    leaveOut(name);
    states.delete(name);
    generations.retire(name);
    memory.forget(name);
    traffic.forget(name);
    approvals.forget(name);
    changedTools.delete(name);
  }

  function hear(event: WatchdogEvent): void {
    if (event.kind === 'server-added') serve(event.spec);
    else if (event.kind === 'server-changed') change(event.spec);
    else if (event.kind === 'server-removed') remove(event.server);
    else if (event.kind === 'transition') {
      const { state, availability } = availabilityOf(event);
      states.set(event.server, state);
      if (availability !== null) served.get(event.server)?.setAvailability(availability);
    }
    if (isForAllProcesses(event)) instanced.get(event.server)?.endSessions();
  }

  function stopIdle(server: ServedServer): void {
    const { stopAfter } = server.spec.idle;
    const since = server.idleSince();
    if (stopAfter !== null && since !== null && clock.monotonic() - since >= stopAfter)
      parts.rest?.(server.name);
  }

  /** A server that is to be stopped after 10 s is not to live for a minute. */
  function idleTick(): number {
    const stops = [...served.values()].flatMap(({ spec }) => spec.idle.stopAfter ?? []);
    return Math.max(BUSY_TICK, Math.min(IDLE_TICK, ...stops.map((stopAfter) => stopAfter / 4)));
  }

  /** One timer for all: seldom while nobody waits. */
  function tickWithin(delay: number): void {
    const at = clock.monotonic() + delay;
    if (at >= tickAt) return;
    tickAt = at;
    cancelTick();
    cancelTick = clock.after(delay, () => {
      tickAt = Number.POSITIVE_INFINITY;
      let isBusy = false;
      for (const server of served.values()) {
        server.tick();
        stopIdle(server);
        isBusy ||= server.load.inFlight + server.load.queued > 0;
      }
      tickWithin(isBusy ? BUSY_TICK : idleTick());
      if (!isBusy) void opened.renew().then(tellFront, warn('Cannot open the gateway again'));
    });
  }

  async function apply(changed: DaemonConfig['gateway']): Promise<void> {
    const hasOtherTimeout = settings.timeout !== changed.timeout;
    settings = changed;
    calls.setMode(changed.log);
    if (hasOtherTimeout) for (const server of served.values()) server.applyLimits();
    await opened.apply(changed);
    tellFront();
  }

  function tellFront(): void {
    const { url } = opened;
    const troubles = opened.troubles.map(({ message, hint }) => ({ message, hint }));
    const now = JSON.stringify([url, troubles]);
    if (now === toldFront) return;
    toldFront = now;
    bus.publish({ kind: 'gateway', url, troubles });
  }

  const unsubscribe = bus.subscribe(hear);
  const detachUrls = attachUrls(context, (name) => served.get(name));
  tickWithin(IDLE_TICK);
  teardown.add('gateway', async () => {
    unsubscribe();
    detachUrls();
    cancelTick();
    traffic.stop();
    memory.save();
    await calls.close();
    await opened.close();
  });

  return {
    user: attachProcesses(context, (name) => served.get(name)),
    find: (name) => served.get(name),
    load: (name) => served.get(name)?.load ?? null,
    isInUse(name) {
      const server = served.get(name);
      if (server === undefined) return false;
      const { inFlight, queued } = server.load;
      const last = server.lastExchangeAt;
      return inFlight + queued > 0 || (last !== null && clock.monotonic() - last < IN_USE);
    },
    drain: (name) => served.get(name)?.drain() ?? null,
    calls: (server, options) => calls.calls(server, options),
    clients(server) {
      const recent = calls.calls(server, { after: 0, most: Infinity });
      return {
        load: traffic.load(server),
        clients: summariseClients(recent),
        tools: summariseCalls(recent),
      };
    },
    approve(server, { dryRun }) {
      const changes = approvals.show(server);
      if (dryRun || changes.length === 0) return changes;
      approvals.approve(server);
      served.get(server)?.trustTools();
      tellChanges(server, []);
      return changes;
    },
    listen: () => apply(settings),
    follow(reloader) {
      let last: Promise<void> = Promise.resolve();
      reloader.onSettings(({ gateway }) => {
        last = last.then(() => apply(gateway)).catch(warn('Cannot apply the settings of the gateway'));
      });
    },
    async end() {
      front.drain();
      await Promise.all([...served.values()].map((server) => server.drain() ?? Promise.resolve()));
      for (const server of served.values()) server.end();
    },
  };
}

/** Whether all processes of a server are meant: a stop or restart of ours, or too much of what is the sum of all. */
function isForAllProcesses(event: WatchdogEvent): event is EventOf<'transition'> | EventOf<'restarted'> {
  if (event.kind === 'transition') return event.cause === 'stop' || event.cause === 'restart';
  return event.kind === 'restarted' && (event.reason === 'memory' || event.reason === 'cpu');
}

/**
 * Hashes what a server is, without its version: clients of another program must greet it anew. Arguments and addresses may
 * hold secrets, and this is kept on disk.
 */
function programOf(spec: ServerSpec): string {
  return createHash('sha256').update(programText(spec)).digest('base64url');
}

/** Hashes all that decides what a server lists, names of variables without their values among it. */
function launchOf({ source, env }: ServerSpec, program: string): string {
  const version = source.kind === 'package' ? source.version : null;
  return createHash('sha256')
    .update(JSON.stringify([program, version, Object.keys(env).toSorted()]))
    .digest('base64url');
}

function programText({ source, args, url }: ServerSpec): string {
  switch (source.kind) {
    case 'package':
      return JSON.stringify([
        source.manager,
        source.package,
        source.bin,
        ...(source.python === undefined ? [] : [source.python]),
      ]);
    case 'command':
      return JSON.stringify([source.command, args]);
    case 'url':
      return JSON.stringify([url]);
    default:
      return source satisfies never;
  }
}

/** Names of tools stay: clients call them, and a change must be found by them. */
function withoutSecrets(seen: SeenTools, { scrubWithin }: Pick<Redactor, 'scrubWithin'>): SeenTools {
  const { instructions, tools } = seen.definitions;
  const entries = Object.entries(tools).map(([name, tool]) => [name, scrubWithin(tool)] as const);
  return {
    ...seen,
    definitions: { instructions: scrubWithin(instructions), tools: Object.fromEntries(entries) },
  };
}
