// Scheduled jobs of the daemon: cleanup, backup and update, by cron rule or on request.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import { parsePackageRef } from '../../core/model/package.ts';
import { type CleanupReport, describeCleanup, versionsInUse } from '../../core/model/cleanup-report.ts';
import type { JobName } from '../../core/model/vocabulary.ts';
import { readJobRecord } from '../../core/base/schedule.ts';
import type { Status } from '../../core/model/status.ts';
import { messageOf } from '../../core/base/guards.ts';
import { describeBackup } from '../../housekeeping/describe-backup.ts';
import { cleanUp } from '../../housekeeping/clean-up.ts';
import type { CleanupContext } from '../../housekeeping/cleanup-context.ts';
import { makeBackup } from '../../housekeeping/make-backup.ts';
import { versionsOf } from '../../packages/managers.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { Cron } from '../../system/time/cron.ts';
import { pathsInUse } from '../../system/process/paths-in-use.ts';
import type { DaemonContext } from '../context.ts';
import type { StateStore } from '../home/state-store.ts';
import type { Reloader } from '../config/reload.ts';

export interface ScheduledJobs {
  /** Follows the schedule and its changes; the cron library is not loaded while nothing is scheduled. */
  start(reloader: Pick<Reloader, 'onSettings' | 'files'>): Promise<void>;
  /** Backs up config and state, unless nothing has changed since the newest backup. @throws when it cannot be written */
  backUp(): Promise<void>;
  /** Cleans up now, after whatever job is under way. */
  cleanUp(options: { readonly dryRun: boolean }): Promise<CleanupReport>;
}

export interface ScheduledJobsParts {
  readonly stateStore: Pick<StateStore, 'save' | 'job' | 'setJob'>;
  readonly settings: DaemonConfig;
  readonly supervisor: () => Pick<Supervisor, 'specs' | 'roots'>;
  readonly status: () => Status;
  /** Runs the update job. */
  readonly update: (signal: AbortSignal) => Promise<JobResult>;
  /** Ms of delay, plus the same as jitter, before a missed run is made up for. */
  readonly settle?: number;
}

const PLANNED: readonly JobName[] = ['cleanup', 'backup', 'update'];

/** Opens the jobs; to be called before the servers start, so that a running job is waited for after they have ended. */
export function openScheduledJobs(context: DaemonContext, parts: ScheduledJobsParts): ScheduledJobs {
  const { bus, teardown } = context;
  const turns = createTurns();
  let { settings } = parts;
  let files = (): readonly string[] => [context.paths.config];
  const work: Work = {
    cleanup: (signal) =>
      turns.take(async () => endOfCleanup(await cleanUp(factsOf(context, parts, settings), { signal }))),
    backup: () => turns.take(() => backUp(context, parts, { settings, files: files(), by: 'schedule' })),
    // Not in turn with the others: it takes long on the network, and itself makes a backup.
    update: (signal) => parts.update(signal),
  };
  const planner = createPlanner(context, parts, work);
  teardown.add('jobs', async () => {
    await planner.close();
    await turns.take(() => undefined);
  });
  return {
    start(reloader) {
      files = () => reloader.files();
      reloader.onSettings((next) => {
        settings = next;
        void planner.plan(next);
      });
      bus.subscribe((event) => {
        if (event.kind === 'gap') planner.rearm();
      });
      // Not awaited here: the servers must be stopped first.
      teardown.add('schedule', () => void planner.close());
      return planner.plan(settings);
    },
    backUp: () => turns.take(() => void backUp(context, parts, { settings, files: files(), by: 'update' })),
    cleanUp: ({ dryRun }) =>
      turns.take(async () => {
        const startedAt = context.clock.monotonic();
        const report = await cleanUp(factsOf(context, parts, settings), { dryRun });
        if (!dryRun) tell(context, { job: 'cleanup', startedAt, ...endOfCleanup(report) });
        return report;
      }),
  };
}

type Work = Readonly<Record<JobName, (signal: AbortSignal) => Promise<JobResult>>>;

interface Planner {
  /** Applies only what differs. Never fails: a rule that cannot be scheduled is logged. */
  plan(settings: DaemonConfig): Promise<void>;
  rearm(): void;
  close(): Promise<void>;
}

function createPlanner(context: DaemonContext, parts: ScheduledJobsParts, work: Work): Planner {
  const rules = new Map<JobName, string>();
  let cron: Cron | null = null;
  let isClosed = false;
  let last: Promise<void> = Promise.resolve();

  async function plan({ schedule }: DaemonConfig): Promise<void> {
    const isNeeded = PLANNED.some((name) => schedule[name] !== null);
    if (isNeeded && !isClosed) cron ??= await openCron(context, parts);
    if (isClosed || cron === null) return;
    for (const name of PLANNED) change(cron, name, schedule[name]);
  }

  function change(cron: Cron, name: JobName, rule: string | null): void {
    if (rule === (rules.get(name) ?? null)) return;
    if (rule === null) {
      rules.delete(name);
      return cron.remove(name);
    }
    rules.set(name, rule);
    const record = readJobRecord(parts.stateStore.job(name));
    cron.add({ name, rule, record, run: (signal) => perform(context, name, () => work[name](signal)) });
  }

  return {
    plan: (settings) =>
      (last = last
        .then(() => plan(settings))
        .catch((err: unknown) => context.log.error({ err }, 'Cannot follow the schedule'))),
    rearm: () => cron?.rearm(),
    async close() {
      isClosed = true;
      await last;
      await cron?.close();
    },
  };
}

/** Queues jobs: two that remove or copy the same files at once would report each other's work as failures. */
function createTurns(): { take<T>(work: () => T | Promise<T>): Promise<T> } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(work) {
      const mine = last.then(work);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

interface JobResult {
  readonly said: string;
  readonly error: string | null;
}

/** Runs a job and publishes its result; a failure stops nothing else. */
async function perform(context: DaemonContext, job: JobName, work: () => Promise<JobResult>): Promise<void> {
  const startedAt = context.clock.monotonic();
  const ending = await work().catch((error: unknown) => ({ said: '', error: messageOf(error) }));
  tell(context, { job, startedAt, ...ending });
}

function tell(
  { bus, clock }: DaemonContext,
  { startedAt, ...result }: JobResult & { readonly job: JobName; readonly startedAt: number },
): void {
  bus.publish({ kind: 'job', took: clock.monotonic() - startedAt, ...result });
}

function endOfCleanup(report: CleanupReport): JobResult {
  const said = describeCleanup(report);
  const [first] = report.failed;
  return { said, error: first === undefined ? null : `${said}: ${first.path}: ${first.why}` };
}

function backUp(
  { clock, paths, version }: DaemonContext,
  { stateStore }: ScheduledJobsParts,
  {
    settings,
    files,
    by,
  }: {
    readonly settings: DaemonConfig;
    readonly files: readonly string[];
    readonly by: 'schedule' | 'update';
  },
): JobResult {
  stateStore.save({ durable: true });
  const { webConfigFile } = settings.metrics;
  const besides = [...files, ...(webConfigFile === null ? [] : [webConfigFile])];
  const now = clock.now();
  const outcome = makeBackup({ paths, now, by, version, additionalFiles: besides, skipUnchanged: true });
  return { said: describeBackup(outcome, now), error: null };
}

function factsOf(
  { paths, clock }: DaemonContext,
  { supervisor, status }: ScheduledJobsParts,
  { backups }: DaemonConfig,
): CleanupContext {
  return {
    paths,
    now: clock.now(),
    servers: new Map(
      supervisor()
        .specs()
        .map(({ name, logs }) => [name, logs.keep]),
    ),
    backupsKept: backups.keep,
    running: new Set(
      supervisor()
        .roots()
        .map(({ server }) => server),
    ),
    inUse: () => pathsInUse(paths.servers),
    keep(server) {
      const known = status().servers.find(({ name }) => name === server);
      const update = known?.update ?? null;
      if (update === null) return () => false;
      const { isSame } = versionsOf(parsePackageRef(known?.package ?? '').manager);
      const needed = versionsInUse(update.memory, update.progress);
      return (version) => needed.some((one) => isSame(one, version));
    },
  };
}

async function openCron(
  { clock, log }: DaemonContext,
  { stateStore, settle }: ScheduledJobsParts,
): Promise<Cron> {
  // The cron library takes 2 to 6 MiB, which a daemon without a schedule does not need.
  const { createCron } = await import('../../system/time/cron.ts');
  return createCron({
    clock,
    onFault: (job, err) => log.error({ job, err }, 'A job of the schedule failed'),
    onRecord: (job, record) => stateStore.setJob(job, record),
    ...(settle === undefined ? {} : { settle, jitter: settle }),
  });
}
