// Periodic search for orphaned MCP servers, which are reported and, if configured, ended.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import { configuredPrograms } from '../../core/orphans/known-servers.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { findOrphans, type FindOrphansOptions, type Orphan } from '../../orphans/find-orphans.ts';
import { reapOrphans } from '../../orphans/reap-orphans.ts';
import { readProcessRecords } from '../../supervisor/process-registry.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import { INIT_CURE, initComplaint, readInitProcess } from '../../system/process/init-process.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Logger } from '../../system/files/log.ts';
import type { DaemonContext } from '../context.ts';
import type { Reloader } from '../config/reload.ts';

type Settings = DaemonConfig['orphans'];

export interface OrphanWatchOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Logger;
  /** Read at each search, so that a changed config counts at once. */
  readonly settings: () => Settings;
  readonly specs: () => readonly ServerSpec[];
  readonly registered: () => FindOrphansOptions['registered'];
  readonly find?: (options: FindOrphansOptions) => Promise<readonly Orphan[]>;
  readonly reap?: typeof reapOrphans;
}

/** Starts the search, always with the settings and servers of the config in force. */
export function openOrphanWatch(
  { clock, bus, log, paths, teardown }: DaemonContext,
  { reloader, supervisor, initial }: { reloader: Reloader; supervisor: Supervisor; initial: Settings },
): void {
  warnOfInit(log);
  let settings = initial;
  reloader.onSettings(({ orphans }) => (settings = orphans));
  const stop = watchOrphans({
    clock,
    bus,
    log,
    settings: () => settings,
    specs: () => supervisor.specs(),
    registered: () => readProcessRecords(paths.processes),
  });
  teardown.add('orphan watch', stop);
}

function warnOfInit(log: Logger): void {
  const found = readInitProcess();
  const complaint = found === null ? null : initComplaint(found);
  if (complaint !== null) log.warn({ hint: INIT_CURE }, `Orphans are not reaped: ${complaint}`);
}

/** Ms; by then the servers of this daemon are up, and those of an earlier one are ended. */
const FIRST_SEARCH = 60_000;
/** Ms; after a sleep, clients notice one by one that their servers are gone, and start them again. */
const SETTLE = 60_000;

/** Publishes `orphans` after each search: the number of processes that are certainly orphaned. @returns what ends it */
export function watchOrphans(options: OrphanWatchOptions): () => void {
  const { clock, bus, log, settings } = options;
  let isStopped = false;
  let cancel = (): void => {};
  let quietUntil = 0;

  const unsubscribe = bus.subscribe((event) => {
    if (event.kind === 'gap' && event.cause === 'sleep') quietUntil = clock.monotonic() + SETTLE;
  });

  function plan(delay: number): void {
    if (!isStopped) cancel = clock.after(delay, () => void work());
  }

  async function work(): Promise<void> {
    const wait = quietUntil - clock.monotonic();
    if (wait > 0) return plan(wait);
    try {
      const left = await search(options, () => isStopped);
      if (!isStopped) bus.publish({ kind: 'orphans', found: countProcesses(left) });
    } catch (err) {
      log.error({ err }, 'Cannot search for orphans');
    }
    plan(settings().interval);
  }

  plan(Math.min(FIRST_SEARCH, settings().interval));
  return () => {
    isStopped = true;
    cancel();
    unsubscribe();
  };
}

/** Searches and, if configured, ends what it finds. @returns those that are certain and still there */
async function search(options: OrphanWatchOptions, isStopped: () => boolean): Promise<readonly Orphan[]> {
  const { find = findOrphans, settings, specs, registered } = options;
  const { reap, patterns, minimumAge } = settings();
  const configured = configuredPrograms(specs());
  const found = await find({ configured, patterns, minimumAge, registered: registered() });
  if (reap && !isStopped()) return reapCertain(found, options);
  return found.filter(({ isCertain }) => isCertain);
}

/** Ends those that are certain. @returns those that did not end */
async function reapCertain(
  found: readonly Orphan[],
  { bus, clock, log, reap = reapOrphans }: OrphanWatchOptions,
): Promise<readonly Orphan[]> {
  const reaped = await reap(found, clock);
  for (const { orphan, outcome } of reaped) {
    const { pid, command, because } = orphan;
    log.info({ pid, outcome, because }, 'Ended an orphan');
    if (outcome === 'ended' || outcome === 'killed') bus.publish({ kind: 'orphan-reaped', pid, command });
  }
  return reaped.filter(({ outcome }) => outcome === 'alive').map(({ orphan }) => orphan);
}

/** Counts the processes of all of them. */
function countProcesses(orphans: readonly Orphan[]): number {
  return orphans.reduce((total, { members }) => total + members.length, 0);
}
