// When the daemon looks for MCP servers that nobody owns, and whether it ends them.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import { configuredPrograms } from '../../core/orphans/known-servers.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { findOrphans, type FindOrphansOptions, type Orphan } from '../../orphans/find-orphans.ts';
import { reapOrphans } from '../../orphans/reap-orphans.ts';
import { readProcessRecords } from '../../supervisor/process-registry.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
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
  /** Asked for at each look, so that a changed config counts at once. */
  readonly settings: () => Settings;
  readonly specs: () => readonly ServerSpec[];
  readonly registered: () => FindOrphansOptions['registered'];
  readonly find?: (options: FindOrphansOptions) => Promise<readonly Orphan[]>;
  readonly reap?: typeof reapOrphans;
}

/** Looks from now on, with the settings and servers that the config has at the time. */
export function openOrphanWatch(
  { clock, bus, log, paths, teardown }: DaemonContext,
  { reloader, supervisor, initial }: { reloader: Reloader; supervisor: Supervisor; initial: Settings },
): void {
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

/** By then the servers of this daemon are up, and what an earlier one left is ended. */
const FIRST_LOOK = 60_000;
/** After a sleep clients find out one by one that their servers are gone, and come back. */
const SETTLE = 60_000;

/** Publishes `orphans` after each look: processes of those that are certain. @returns what ends it */
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
      const left = await look(options, () => isStopped);
      if (!isStopped) bus.publish({ kind: 'orphans', found: sum(left) });
    } catch (err) {
      log.error({ err }, 'Cannot look for orphans');
    }
    plan(settings().interval);
  }

  plan(Math.min(FIRST_LOOK, settings().interval));
  return () => {
    isStopped = true;
    cancel();
    unsubscribe();
  };
}

/** @returns those that are certain and still there */
async function look(options: OrphanWatchOptions, isStopped: () => boolean): Promise<readonly Orphan[]> {
  const { find = findOrphans, settings, specs, registered } = options;
  const { reap, patterns, minimumAge } = settings();
  const configured = configuredPrograms(specs());
  const found = await find({ configured, patterns, minimumAge, registered: registered() });
  if (reap && !isStopped()) return reapCertain(found, options);
  return found.filter(({ isCertain }) => isCertain);
}

/** @returns those that would not end */
async function reapCertain(
  found: readonly Orphan[],
  { bus, clock, log, reap = reapOrphans }: OrphanWatchOptions,
): Promise<readonly Orphan[]> {
  const reaped = await reap(found, clock);
  for (const { orphan, outcome } of reaped) {
    const { pid, command, because } = orphan;
    log.info({ pid, outcome, because }, 'Looked after an orphan');
    if (outcome === 'ended' || outcome === 'killed') bus.publish({ kind: 'orphan-reaped', pid, command });
  }
  return reaped.filter(({ outcome }) => outcome === 'alive').map(({ orphan }) => orphan);
}

/** Processes of all of them. */
function sum(orphans: readonly Orphan[]): number {
  return orphans.reduce((total, { members }) => total + members.length, 0);
}
