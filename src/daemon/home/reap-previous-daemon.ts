// Reaping of processes that an earlier daemon left behind; done before anything is started.
import { join } from 'node:path';
import { fallbackLocks } from '../../control/fallback-place.ts';
import { previousOwners } from '../../control/lock.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { processKey } from '../../core/lifecycle/process-tree.ts';
import { recoverRecords } from '../../supervisor/recover-process-records.ts';
import { type ProcessRecord, readEarlierRecords } from '../../supervisor/process-registry.ts';
import { reapLeftovers } from '../../supervisor/reap-leftovers.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import { readBootId } from '../../system/process/process-identity.ts';
import { readProcessTable } from '../../system/process/process-table.ts';
import type { Logger } from '../../system/files/log.ts';
import type { Paths } from '../../system/files/paths.ts';
import { pause } from '../../system/time/pause.ts';

export interface ReapParts {
  readonly paths: Pick<Paths, 'processes' | 'run' | 'socket'>;
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reap?: typeof reapLeftovers;
}

/** Ms for which reading the process table is retried, and between two tries. */
const RETRY_FOR = 10_000;
const RETRY_EVERY = 500;

/**
 * Ends what an earlier daemon left running. Nothing is signalled on a guess, and nothing is started beside what may still
 * live: while the process table cannot be read, it retries, and in the end the daemon does not start, with all records kept.
 *
 * @returns servers that were alive when the earlier daemon died
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function reapPreviousDaemon(parts: ReapParts): Promise<ReadonlySet<string>> {
  const { clock, log } = parts;
  const deadline = clock.monotonic() + RETRY_FOR;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await reapOnce(parts);
    } catch (err) {
      if (clock.monotonic() >= deadline) throw err;
      if (isFirst) log.error({ err }, 'Cannot read the processes of an earlier daemon, retrying');
      await pause(clock, RETRY_EVERY);
    }
  }
}

async function reapOnce({
  paths,
  bus,
  clock,
  log,
  reap = reapLeftovers,
}: ReapParts): Promise<ReadonlySet<string>> {
  const records = await recordsOf(paths, log);
  for (const { server, pid, command } of await reap(records, clock)) {
    bus.publish({ kind: 'reaped', server, pid, why: command ?? 'left by an earlier daemon' });
  }
  return new Set(records.map(({ server }) => server));
}

async function recordsOf(
  { processes, run, socket }: ReapParts['paths'],
  log: Logger,
): Promise<readonly ProcessRecord[]> {
  const { records, boot, isWhole } = readEarlierRecords(processes);
  if (boot === 'unknown' && (await mayLive(records))) throw unknownBoot(processes);
  const known = boot === 'this' ? records : [];
  // A daemon that could not write in the home has left no record: what is there is an older one's.
  const homeless = fallbackLocks(socket).flatMap(previousOwners);
  // Also of a record that is whole: a daemon that was killed right after a start had no time to write it down.
  const owners = [...previousOwners(join(run, 'lock')), ...homeless].filter(
    ({ bootId }) => bootId !== null && bootId === readBootId(),
  );
  if (owners.length === 0) return known;
  const found = await recoverRecords(owners);
  // Others of a run that is recorded are found with it.
  const recorded = new Set(known.map(({ marker }) => marker));
  const unrecorded = found.filter(({ marker }) => !recorded.has(marker));
  if (!isWhole || unrecorded.length > 0)
    log.warn(
      { processes, found: unrecorded.length },
      'The record of processes was lost; they were searched by their marks',
    );
  return [...known, ...unrecorded];
}

/** Tells whether one of them may still live: a process is one of them only if pid and start both match, in any boot. */
async function mayLive(records: readonly ProcessRecord[]): Promise<boolean> {
  if (records.length === 0) return false;
  const rows = (await readProcessTable()).filter(({ state }) => state === 'alive');
  const alive = new Set(rows.map(processKey));
  return records
    .flatMap((record) => [record, ...record.strays])
    .some((known) => alive.has(processKey(known)));
}

function unknownBoot(path: string): WatchdogError {
  return new WatchdogError(
    'PROCESS_TABLE_UNREADABLE',
    `Cannot tell whether the processes in ${path} still run: the system does not report its boot id`,
    { hint: 'Make sure that no server of an earlier daemon is running, then remove that file' },
  );
}
