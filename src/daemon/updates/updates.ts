// Updates of the daemon: the updater, wired to packages, canary, schedule and state store.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import { observeProbation, beginProbation } from '../../core/update/probation.ts';
import type { Status } from '../../core/model/status.ts';
import { compareTools, describeLosses } from '../../core/tools/tool-diff.ts';
import type { UpdateCheck, UpdateAnswer } from '../../core/model/update.ts';
import { versionsOf } from '../../packages/managers.ts';
import { createPackageUpdates } from '../../packages/package-updates.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import { countClients } from '../../system/net/tcp-clients.ts';
import type { UpdatePorts } from '../../updates/ports.ts';
import { openUpdateRecords } from '../../updates/update-store.ts';
import { checkServers, type RequestContext, rollBackServers, updateServers } from '../../updates/requests.ts';
import { runScheduled, checkOverdue, type ScheduledRun } from '../../updates/scheduled.ts';
import { createUpdater, type Updater } from '../../updates/updater.ts';
import type { DaemonContext } from '../context.ts';
import type { StateStore } from '../home/state-store.ts';
import type { Reloader } from '../config/reload.ts';
import type { Supervision } from '../servers/supervision.ts';
import { createCanary } from './canary.ts';
import { createQuietCheck } from './quiet-check.ts';

export interface Updates extends Pick<Updater, 'chosen' | 'recover'> {
  /** Checks the registry, one package after the other; without names, all. @throws WatchdogError UNKNOWN_SERVER */
  check(names: readonly string[]): Promise<readonly UpdateCheck[]>;
  /** @param to a version, with one name only; null for the newest that may be taken */
  update(
    names: readonly string[],
    options: { readonly to: string | null; readonly dryRun: boolean },
  ): Promise<readonly UpdateAnswer[]>;
  rollback(names: readonly string[], options: { readonly dryRun: boolean }): Promise<readonly UpdateAnswer[]>;
  /** Runs the update job: checks all packages, and updates those whose policy allows it. */
  runScheduled(signal: AbortSignal): Promise<ScheduledRun>;
  /** Checks overdue packages some minutes from now, if updates are scheduled then. */
  begin(reloader: Pick<Reloader, 'onSettings'>): void;
}

export interface UpdatesOptions extends Pick<Supervision, 'installer' | 'processes' | 'prober'> {
  readonly backUp: UpdatePorts['backUp'];
  /** Whether clients are using a server right now. */
  readonly isInUse: (server: string) => boolean;
  readonly stateStore: Pick<StateStore, 'updates' | 'setUpdates'>;
  readonly supervisor: Pick<Supervisor, 'specs' | 'runner' | 'restart'>;
  readonly status: () => Status;
  readonly settings: DaemonConfig;
}

/** Opens the updates: before servers are added, and so that they close before servers are stopped. */
export function openUpdates(context: DaemonContext, options: UpdatesOptions): Updates {
  const { bus, clock, log, teardown } = context;
  const ports = portsOf(context, options);
  const updater = createUpdater({
    ports,
    clock,
    bus,
    records: openUpdateRecords({
      saved: options.stateStore.updates(),
      save: (records) => options.stateStore.setUpdates(records),
      onDropped: (server) => log.warn({ server }, 'The saved update record is invalid and was dropped'),
    }),
    onFault: (err, server) => log.error({ server, err }, 'Cannot link the version to run'),
  });
  teardown.add('updates', () => updater.close());
  const requests: RequestContext = { updater, ports, clock };
  return {
    chosen: (...given) => updater.chosen(...given),
    recover: (specs) => updater.recover(specs),
    check: (names) => checkServers(names, requests),
    update: (names, how) => updateServers(names, how, requests),
    rollback: (names, how) => rollBackServers(names, how, requests),
    runScheduled: (signal) => runScheduled(requests, signal),
    begin: (reloader) => planFirstCheck(context, { reloader, settings: options.settings, requests }),
  };
}

function portsOf(context: DaemonContext, options: UpdatesOptions): UpdatePorts {
  const { installer, processes, backUp, supervisor, status } = options;
  const { log, redactor } = context;
  const isQuiet = createQuietCheck({
    status: (server) => status().servers.find(({ name }) => name === server),
    spec: (server) => supervisor.specs().find(({ name }) => name === server),
    isLooking: (server) => options.prober.isProbing(server),
    isInUse: options.isInUse,
    countClients,
  });
  const packages = createPackageUpdates({ ...context, queue: installer.queue });
  return {
    packages,
    versionsOf,
    canary: createCanary({
      ...context,
      packages,
      ...processes,
      scrub: (text) => redactor.scrub(text),
      onFault: (err, server) => log.error({ server, err }, 'Cannot end a canary'),
    }),
    async runningTools(server) {
      const listed = await options.prober.tools(server);
      return listed?.ok === true ? listed.tools : null;
    },
    // Nobody can be using what does not run, and a new version may even fix it.
    isQuiet: (server) => supervisor.runner(server)?.state.phase !== 'running' || isQuiet(server),
    backUp,
    restart: (server, cause) => supervisor.restart(server, cause),
    specs: () => supervisor.specs(),
    isUp(server) {
      const state = supervisor.runner(server)?.state;
      return state?.wanted === 'up' && state.phase !== 'stopped';
    },
    residentBytes(server) {
      const usage = status().servers.find(({ name }) => name === server)?.usage ?? null;
      return usage === null ? null : usedMemory(usage);
    },
    compare: (before, after) => describeLosses(compareTools(before, after)),
    judge: (beginning) => {
      let state = beginProbation(beginning);
      return (event) => {
        const next = observeProbation(state, event);
        ({ state } = next);
        return next.failure;
      };
    },
  };
}

const MINUTE = 60_000;
/** Ms after the start, when the network may still be down and all servers are starting. */
const FIRST_CHECK = { after: 5 * MINUTE, spread: 5 * MINUTE } as const;
/** Ms. A schedule checks at least each week; runs that were missed while we were down it makes up for by itself. */
const OVERDUE_AFTER = 8 * 24 * 60 * MINUTE;

function planFirstCheck(
  { clock, log, teardown }: DaemonContext,
  {
    reloader,
    settings,
    requests,
  }: { reloader: Pick<Reloader, 'onSettings'>; settings: DaemonConfig; requests: RequestContext },
): void {
  let isScheduled = settings.schedule.update !== null;
  reloader.onSettings(({ schedule }) => (isScheduled = schedule.update !== null));
  const cancel = clock.after(FIRST_CHECK.after + Math.random() * FIRST_CHECK.spread, () => {
    if (!isScheduled) return;
    void checkOverdue(requests, OVERDUE_AFTER).catch((err: unknown) =>
      log.error({ err }, 'Cannot check for updates'),
    );
  });
  teardown.add('first check for updates', cancel);
}
