// The composition root: it alone knows all parts, builds them in order and takes them apart in reverse.
import { randomUUID } from 'node:crypto';
import { accessSync, chmodSync, constants, mkdirSync } from 'node:fs';
import { loadConfigIsolated } from './config/isolated.ts';
import type { LoadedConfig } from './config/loaded.ts';
import { type ControlHandlers, startControlServer } from './control/server.ts';
import { WatchdogError } from './core/errors.ts';
import { readRemembered } from './core/remembered.ts';
import type { Gap } from './core/sleep.ts';
import { foldStatus, type Status } from './core/status.ts';
import { createRedactor } from './core/text.ts';
import { createCleanUps } from './daemon/clean-ups.ts';
import { createHandlers } from './daemon/handlers.ts';
import { watchHealth } from './daemon/health.ts';
import { keepState } from './daemon/keep-state.ts';
import { narrate } from './daemon/narrate.ts';
import { createOutputs } from './daemon/outputs.ts';
import { createReloader } from './daemon/reload.ts';
import { reapEarlier } from './daemon/reap-earlier.ts';
import { serveWeb } from './daemon/serve-web.ts';
import { openJournal } from './journal/journal.ts';
import { createRecorder } from './metrics/recorder.ts';
import { createInstaller } from './packages/installer.ts';
import { startLimitsWatch } from './sampling/limits-watch.ts';
import { createSampler } from './sampling/sampler.ts';
import { prepareServer } from './supervisor/prepare.ts';
import { createProcessRegistry, readProcessRecords } from './supervisor/process-registry.ts';
import { createStartGate } from './supervisor/start-gate.ts';
import { openStateFile } from './supervisor/state-file.ts';
import { createSupervisor, type Supervisor } from './supervisor/supervisor.ts';
import { createAwakeClock } from './system/awake-clock.ts';
import { type Bus, createBus } from './system/bus.ts';
import { systemClock } from './system/clock.ts';
import { startGuardian } from './system/guardian.ts';
import { createLog, readLogLevel } from './system/log.ts';
import type { Paths } from './system/paths.ts';
import { whoListens } from './system/port-owner.ts';

export interface DaemonOptions {
  readonly paths: Paths;
  readonly version: string;
  /** What `${env:NAME}` in the config refers to. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gets each log line as well: standard output where nobody watches a terminal. */
  readonly alsoLogTo?: (line: string) => void;
}

export interface Daemon {
  readonly bus: Bus;
  readonly config: LoadedConfig;
  status(): Status;
  /** Reads the config again; resolves to the reason when it was refused. */
  reload(): Promise<string | null>;
  /** Stops every server and takes everything down; the same promise however often it is asked. */
  stop(): Promise<void>;
  /** Resolves when everything is down, whoever asked for it. */
  readonly done: Promise<void>;
}

/** How long one part may take to close; servers have their own grace in front of it. */
const CLOSE_PATIENCE = 30_000;

/**
 * @throws WatchdogError HOME_UNUSABLE, LOCK_HELD, LISTEN_FAILED, CONFIG_…; nothing is left running then
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { paths, version } = options;
  makeHome(paths);
  const redactor = createRedactor();
  let onGap: (gap: Gap) => void = () => {};
  const awake = createAwakeClock(systemClock, { onGap: (gap) => onGap(gap) });
  const { clock } = awake;
  const log = createLog({
    path: paths.watchdogLog,
    level: readLogLevel(process.env),
    redactor,
    clock: systemClock,
    ...(options.alsoLogTo === undefined ? {} : { alsoTo: options.alsoLogTo }),
  });
  const cleanUps = createCleanUps({
    clock: systemClock,
    patience: CLOSE_PATIENCE,
    onFault: (name, err) => log.error({ name, err }, 'Cannot close a part'),
  });
  cleanUps.add('log', () => log.close());
  try {
    return await assemble();
  } catch (error) {
    await cleanUps.run();
    throw error;
  }

  async function assemble(): Promise<Daemon> {
    const bus = createBus(systemClock, (err, event) =>
      log.error({ err, kind: event.kind }, 'A subscriber failed'),
    );
    let status: Status = emptyStatus(options);
    let finish = (): void => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const stop = async (): Promise<void> => {
      await cleanUps.run();
      finish();
    };

    // The lock comes first: nothing below may be touched by two daemons.
    let handlers: ControlHandlers | null = null;
    const control = await startControlServer({
      socketPath: paths.socket,
      handlers: lateHandlers(
        () => handlers,
        () => status,
        bus,
      ),
      log,
    });
    cleanUps.add('control socket', () => control.close());

    const config = await loadConfigIsolated(paths.config, options.environment);
    redactor.learn(config.secrets);
    const stateFile = openStateFile(paths.state);
    if (stateFile.recovered !== null)
      log.error({ recovered: stateFile.recovered }, 'The state file was damaged');
    const remembered = (server: string) => readRemembered(stateFile.initial.servers[server]);

    // Downstream, in the order in which it must learn.
    bus.subscribe((event) => {
      status = foldStatus(status, event, remembered);
    });
    const recorder = createRecorder({
      bus,
      clock,
      status: () => status,
      build: { version, nodeVersion: process.versions.node },
    });
    recorder.restore(stateFile.initial.counters);
    const keeper = keepState({
      file: stateFile,
      bus,
      status: () => status,
      counters: () => recorder.counters(),
    });
    cleanUps.add('state', () => keeper.save({ durable: true }));
    const journal = openJournal({ path: paths.journal, clock: systemClock, redactor });
    bus.subscribe(journal.record);
    cleanUps.add('journal', () => journal.close());
    bus.subscribe((event) => narrate(event, log));

    const outputs = createOutputs({
      clock,
      bus,
      paths,
      redactor,
      onTrouble: (server, err) =>
        err === null
          ? log.info({ server }, 'Server log works again')
          : log.error({ server, err }, 'Cannot write a server log'),
    });
    cleanUps.add('server logs', () => outputs.close());
    bus.subscribe((event) => {
      if (event.kind === 'server-removed') void outputs.forget(event.server);
    });

    const earlier = readProcessRecords(paths.processes);
    await reapEarlier(earlier, { bus, clock: systemClock, log });
    const guardian = startGuardian({
      clock: systemClock,
      onFault: (err) => log.error({ err }, 'The guardian failed'),
    });
    cleanUps.add('guardian', () => guardian.close());
    const installer = createInstaller({
      paths,
      bus,
      onProgress: (server, line) => bus.publish({ kind: 'install-progress', server, line }),
    });
    await installer.removeLeftovers();

    let supervisor: Supervisor;
    const prober = watchHealth({ clock, bus, version, outputs, supervisor: () => supervisor });
    cleanUps.add('prober', () => prober.stop());
    const chance = Math.random;
    supervisor = createSupervisor({
      clock,
      bus,
      chance,
      gate: createStartGate({ clock, chance }),
      registry: createProcessRegistry(paths.processes, {
        guardian,
        onFault: (err) => log.error({ err }, 'Cannot write down the processes'),
      }),
      daemonId: randomUUID(),
      home: paths.home,
      wish: (server) => keeper.wish(server),
      prepare: (spec, signal) =>
        prepareServer(spec, signal, {
          home: paths.home,
          resolvePackage: (wanted, aborted) => installer.prepare(wanted, aborted),
          whoListens: (port) => whoListens(port),
        }),
      attach({ spec, run, child }) {
        const stopReading = outputs.capture(spec, run, child);
        const pipe = child.stdin === null ? null : { stdin: child.stdin, stdout: child.stdout };
        const stopWatching = prober.watch({ spec, run, pipe });
        return {
          detach() {
            stopReading();
            void stopWatching();
          },
          lastLines: () => outputs.lastLines(spec.name),
        };
      },
      onFault: (err, server) => log.error({ server, err }, 'Cannot see what is left of a server'),
    });
    const sampler = createSampler({
      clock,
      bus,
      interval: config.config.sampling.interval,
      roots: () => supervisor.roots(),
      onEscapee: (server, pid, pgid) => log.warn({ server, pid, pgid }, 'A process left its group'),
    });
    bus.subscribe((event) => {
      if (event.kind === 'sampled')
        for (const stray of sampler.escapeesOf(event.server)) supervisor.remember(event.server, stray);
      if (event.kind === 'collected' && event.error === null) bus.publish({ kind: 'ticked' });
    });
    const stopLimits = startLimitsWatch({
      clock,
      bus,
      onHard: ({ server, run, resource, detail }) =>
        supervisor.failing(server, run, { reason: resource, detail }),
    });
    onGap = (gap) => {
      bus.publish({ kind: 'gap', ...gap });
      if (gap.cause !== 'clock-step') prober.discardInFlight();
    };

    const web = await serveWeb({ config: config.config, clock, bus, log, recorder, status: () => status });
    cleanUps.add('web', () => web.close());
    bus.publish({ kind: 'listening', url: web.url });
    bus.publish({ kind: 'config-loaded', path: config.path, ok: true, error: null });
    for (const warning of config.warnings) log.warn({ warning }, 'Configuration warning');
    for (const key of config.inactive) log.warn({ key }, 'Not active yet');

    const reloader = createReloader({
      config,
      bus,
      log,
      redactor,
      supervisor,
      keeper,
      environment: options.environment,
    });
    cleanUps.add('servers', async () => {
      stopLimits();
      await supervisor.stopAll();
      sampler.stop();
      awake.stop();
    });
    handlers = createHandlers({
      bus,
      status: () => status,
      supervisor,
      keeper,
      prober,
      sampler,
      reloader,
      shutdown: stop,
    });
    awake.start();
    sampler.start();
    await supervisor.apply(
      { added: config.servers, removed: [], changed: [] },
      new Set(earlier.map(({ server }) => server)),
    );
    log.info({ version, pid: process.pid, home: paths.home, node: process.version }, 'Watchdog started');
    return { bus, config, status: () => status, reload: () => reloader.reload(), stop, done };
  }
}

/** Questions that come while we are still being put together are answered with what there is. */
function lateHandlers(ready: () => ControlHandlers | null, status: () => Status, bus: Bus): ControlHandlers {
  const late = <K extends keyof ControlHandlers>(key: K): ControlHandlers[K] =>
    ((params: never) => {
      const handlers = ready();
      if (handlers === null)
        throw new WatchdogError('CONTROL_FAILED', 'The watchdog is still starting', {
          hint: 'Try again in a second.',
        });
      return (handlers[key] as (given: never) => unknown)(params);
    }) as ControlHandlers[K];
  return {
    start: late('start'),
    stop: late('stop'),
    restart: late('restart'),
    check: late('check'),
    reload: late('reload'),
    shutdown: late('shutdown'),
    status,
    onChange: (listener) => bus.subscribe(listener),
  };
}

function makeHome(paths: Paths): void {
  try {
    mkdirSync(paths.home, { recursive: true, mode: 0o700 });
    // It was perhaps made by hand: what is in it is code to be run and output that may hold secrets.
    chmodSync(paths.home, 0o700);
    for (const folder of [paths.run, paths.logs, paths.serverLogs, paths.servers])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(paths.run, constants.W_OK);
  } catch (cause) {
    throw new WatchdogError(
      'HOME_UNUSABLE',
      `Cannot use the home ${paths.home}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'Make it writable for you, or set MCP_WATCHDOG_HOME.',
        cause,
      },
    );
  }
}

function emptyStatus({ paths, version }: DaemonOptions): Status {
  return {
    daemon: {
      version,
      pid: process.pid,
      home: paths.home,
      startedAt: systemClock.now(),
      listen: null,
      config: { path: paths.config, ok: false, error: null, loadedAt: null },
      lastTickAt: null,
      gaps: { count: 0, sleptMs: 0, lastWakeAt: null },
      braked: false,
    },
    servers: [],
  };
}
