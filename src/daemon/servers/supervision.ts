// Supervision of the servers: processes, output, probes, usage samples and limits, wired together.
import { randomUUID } from 'node:crypto';
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { HealthVerdict } from '../../core/model/observations.ts';
import { daemonMark, RUN_MARKER } from '../../core/lifecycle/run-marker.ts';
import { createInstaller, type Installer, type InstallerOptions } from '../../packages/installer.ts';
import type { Prober } from '../../probes/prober.ts';
import { startLimitsWatch } from '../../sampling/limits-watch.ts';
import { createSampler, type Sampler } from '../../sampling/sampler.ts';
import { type SideProcesses, createSideProcesses } from '../../supervisor/beside/side-processes.ts';
import { createSpares } from '../../supervisor/beside/spares.ts';
import { createContainers, type Containers } from '../../supervisor/containers/containers.ts';
import { createMissingTimes, prepareServer } from '../../supervisor/prepare.ts';
import { createProcessRegistry, type ProcessRegistry } from '../../supervisor/process-registry.ts';
import type { ProcessObserver, RunnerParts } from '../../supervisor/runner.ts';
import { createStartRateLimiter } from '../../supervisor/start-rate-limiter.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from '../../supervisor/supervisor.ts';
import { systemClock } from '../../system/time/clock.ts';
import { identifyProcess } from '../../system/process/process-identity.ts';
import { startGuardian } from '../../system/process/guardian.ts';
import type { Bus } from '../../system/bus.ts';
import { isListening, type PortOwner, findPortOwner } from '../../system/net/port-owner.ts';
import type { DaemonContext } from '../context.ts';
import { createDetachedLog } from './detached-log.ts';
import { connectionSharedBy, type ConnectionUser } from './shared-connection.ts';
import { openProbing } from './probing.ts';
import type { StateStore } from '../home/state-store.ts';
import { createServerOutputs, type ServerOutputs } from './server-output.ts';
import { reapPreviousDaemon } from '../home/reap-previous-daemon.ts';

export interface Supervision {
  readonly supervisor: Supervisor;
  readonly prober: Prober;
  readonly sampler: Sampler;
  /** Servers that were alive when an earlier daemon died. */
  readonly unobserved: ReadonlySet<string>;
  /** Installs packages. */
  readonly installer: Installer;
  /** Parts for starting processes, also needed by the canary. */
  readonly processes: ProcessParts;
  /** Processes beside those of the runners. */
  readonly beside: SideProcesses;
}

/** What starting a process takes, whoever observes it. */
type ProcessParts = Omit<
  RunnerParts,
  'home' | 'observers' | 'standIns' | 'lastLines' | 'latestLine' | 'lastVerdict'
>;

interface SupervisionParts {
  readonly stateStore: StateStore;
  /** Left out where no earlier daemon had servers. */
  readonly recentEnds?: SupervisorOptions['recentEnds'];
  readonly chosen: NonNullable<InstallerOptions['chosen']>;
  /** Clients' side of the servers: who talks to them beside the prober, and what lets their calls end before a stop. */
  readonly gateway: {
    readonly user: ConnectionUser;
    drain(server: string): Promise<void> | null;
  };
}

export async function openSupervision(
  context: DaemonContext,
  config: DaemonConfig,
  { stateStore, recentEnds, chosen, gateway }: SupervisionParts,
): Promise<Supervision> {
  const { bus, clock, log, paths, version, teardown } = context;
  const outputs = openOutputs(context);
  const unobserved = await reapPreviousDaemon({ paths, bus, clock: systemClock, log });
  const containers = createContainers({ folder: paths.containers, clock, log });
  await containers.reap();

  const prober = openProbing({ clock, bus, version, supervisor: () => supervisor });
  teardown.add('prober', () => prober.stop());
  const installer = createInstaller({
    paths,
    bus,
    chosen,
    onProgress: (server, line) => bus.publish({ kind: 'install-progress', server, line }),
  });
  const processes = { ...(await openProcesses(context, installer)), containers };
  const beside = createSideProcesses({
    ...processes,
    onStart: (what, spec, child) => outputs.captureBeside(spec, what, child),
  });
  const supervisor = createSupervisor({
    ...processes,
    standIns: createSpares({ clock, processes: beside, onFault: processes.onFault }),
    home: paths.home,
    desiredState: (server) => stateStore.desiredState(server),
    ...(recentEnds !== undefined && { recentEnds }),
    drain: (server) => gateway.drain(server),
    observers: [
      captureLog(outputs),
      connectionSharedBy([gateway.user, probing(prober)], { version, clock, outputs, bus }),
    ],
    lastLines: (server) => outputs.lastLines(server),
    latestLine: (server) => outputs.latestLine(server),
    lastVerdict: trackVerdicts(bus),
  });
  const sampler = openSampler(context, config, { supervisor, beside, containers });
  const stopLimits = startLimitsWatch({
    clock,
    bus,
    onHard: ({ server, run, resource, detail }) =>
      supervisor.failing(server, run, { reason: resource, detail }),
    onLow: (finding) => log.warn({ ...finding }, 'A memory limit is below what the server uses already'),
  });
  const stopServers = async (): Promise<void> => {
    stopLimits();
    await Promise.all([supervisor.stopAll(), beside.endAll()]);
    sampler.stop();
  };
  teardown.add('servers', stopServers, () => supervisor.longestStop());
  return { supervisor, prober, sampler, unobserved, installer, processes, beside };
}

function openOutputs(context: DaemonContext): ServerOutputs {
  const { bus, log, teardown } = context;
  const outputs = createServerOutputs({
    ...context,
    onTrouble(server, err) {
      if (err === null) log.info({ server }, 'Server log works again');
      else log.error({ server, err }, 'Cannot write a server log');
    },
  });
  bus.subscribe((event) => {
    if (event.kind === 'server-removed') void outputs.forget(event.server);
  });
  teardown.add('server logs', () => outputs.close());
  return outputs;
}

/** Opens all that a runner needs beside its server: how processes are started, found and ended. */
async function openProcesses(context: DaemonContext, installer: Installer): Promise<ProcessParts> {
  const { bus, clock, log, paths } = context;
  const random = Math.random;
  const daemonId = daemonMark(
    { pid: process.pid, startToken: identifyProcess(process.pid)?.startToken ?? '' },
    randomUUID(),
  );
  const registry = openRegistry(context, daemonId);
  const missingFor = createMissingTimes(clock);
  await installer.removeLeftovers();
  return {
    clock,
    bus,
    random,
    startRateLimiter: createStartRateLimiter({ clock, random }),
    registry,
    daemonId,
    prepare: (spec, signal) =>
      prepareServer(spec, signal, {
        home: paths.home,
        resolvePackage: (wanted, aborted) => installer.prepare(wanted, aborted),
        whoListens: firstListener,
        missingFor,
      }),
    onFault: (err, server) => log.error({ server, err }, 'Cannot see what is left of a server'),
  };
}

/** Opens the record of all processes: on disk for the next daemon, and with the guardian in case this one is killed. */
function openRegistry({ bus, log, paths, teardown }: DaemonContext, daemonId: string): ProcessRegistry {
  const guardian = startGuardian({
    clock: systemClock,
    onFault: (err) => log.error({ err }, 'The guardian failed'),
    mark: `${RUN_MARKER}=${daemonId}/`,
  });
  teardown.add('guardian', () => guardian.close());
  const registry = createProcessRegistry(paths.processes, {
    guardian,
    onFault: (err) => log.error({ err }, 'Cannot write down the processes'),
  });
  bus.subscribe((event) => {
    if (event.kind === 'ticked') registry.refresh();
  });
  return registry;
}

/** Finds who listens; connecting first, which is a hundred times cheaper than asking the system. */
async function firstListener(port: number, addresses: readonly string[]): Promise<PortOwner | null> {
  for (const address of addresses) {
    if (await isListening(port, address)) return findPortOwner(port, address);
  }
  return null;
}

/** Remembers the last verdict of the probes on each server's current process. */
function trackVerdicts(bus: Bus): RunnerParts['lastVerdict'] {
  const verdicts = new Map<string, HealthVerdict>();
  bus.subscribe((event) => {
    if (event.kind === 'health') verdicts.set(event.server, event.health);
    else if (event.kind === 'spawned' || event.kind === 'server-removed') verdicts.delete(event.server);
  });
  return (server) => verdicts.get(server) ?? null;
}

function captureLog(outputs: ServerOutputs): ProcessObserver {
  return {
    onSpawn({ spec, run, child, isStandIn = false }) {
      outputs.capture(spec, run, child, { isRead: isStandIn });
      return {};
    },
  };
}

function probing(prober: Prober): ConnectionUser {
  return {
    onSpawn({ spec, run, connection }) {
      const stop = prober.watch({ spec, run, connection });
      return { onLeaving: () => void stop() };
    },
  };
}

function openSampler(
  { bus, clock, log }: DaemonContext,
  { sampling }: DaemonConfig,
  {
    supervisor,
    beside,
    containers,
  }: Pick<Supervision, 'supervisor' | 'beside'> & { readonly containers: Containers },
): Sampler {
  const sampler = createSampler({
    clock,
    bus,
    interval: sampling.interval,
    // The main process of a server first.
    roots: () => [...supervisor.roots(), ...beside.roots()],
    containers: (server) => containers.usageOf(server),
    memoryLimit(server) {
      const memory = supervisor.runner(server)?.spec.limits.memory;
      return memory?.soft ?? memory?.hard ?? null;
    },
    onDetached: createDetachedLog(log),
  });
  function takeDetached(server: string): void {
    supervisor.updateDetached(server, sampler.detachedOf(server));
    beside.updateDetached(server, ({ side }) => sampler.detachedOf(server, side));
  }
  bus.subscribe((event) => {
    if (event.kind === 'sampled') takeDetached(event.server);
    if (event.kind !== 'collected' || event.collector !== 'process_table') return;
    if (event.error === null) bus.publish({ kind: 'ticked' });
  });
  sampler.start();
  return sampler;
}
