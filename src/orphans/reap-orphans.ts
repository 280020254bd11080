// Termination of orphans with their descendants, each named by pid and start, and of nothing else.
import { processKey } from '../core/lifecycle/process-tree.ts';
import { orphanTree } from '../core/orphans/orphans.ts';
import type { Clock } from '../system/time/clock.ts';
import { checkIdentity, haveEnded, readBootId } from '../system/process/process-identity.ts';
import { signalProcess, terminateGroup } from '../system/process/process-group.ts';
import { readProcessTable } from '../system/process/process-table.ts';
import type { Orphan } from './find-orphans.ts';
import { pause } from '../system/time/pause.ts';

export interface ReapedOrphan {
  readonly orphan: Orphan;
  /** `ended` at SIGTERM, `killed` at SIGKILL, `gone` before either; `alive`: the system does not let it go. */
  readonly outcome: 'ended' | 'killed' | 'gone' | 'alive';
}

type Named = Pick<Orphan, 'pid' | 'startToken'>;

/** All in ms. */
const GRACE = 2000;
const CHECK_INTERVAL = 50;
/** What was killed is gone as soon as the kernel comes to it. */
const KILL_WAIT = 1000;

/**
 * Sends TERM, after 2 s KILL. The group is signalled only while nobody but the orphan's own is in it; else each process alone,
 * checked right before.
 *
 * @param orphans those that are not certain are left alone, whoever asks
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function reapOrphans(
  orphans: readonly Orphan[],
  clock: Clock,
): Promise<readonly ReapedOrphan[]> {
  return Promise.all(orphans.filter(({ isCertain }) => isCertain).map((orphan) => reapOne(orphan, clock)));
}

async function reapOne(orphan: Orphan, clock: Clock): Promise<ReapedOrphan> {
  if (!isAlive(orphan)) return { orphan, outcome: 'gone' };
  const members = await terminate(orphan);
  if (await areGone(members, GRACE, clock)) return { orphan, outcome: 'ended' };
  // A second scan: what was to end may have started something in the meantime.
  const left = await descendantsOf(members);
  for (const one of left) if (isAlive(one)) signalProcess(one.pid, 'SIGKILL');
  return { orphan, outcome: (await areGone(left, KILL_WAIT, clock)) ? 'killed' : 'alive' };
}

/** Signals the tree; returns the processes that were signalled. */
async function terminate(orphan: Orphan): Promise<readonly Named[]> {
  const rows = await readProcessTable();
  const root = rows.find((row) => processKey(row) === processKey(orphan));
  if (root === undefined) return [];
  const { members, ownsGroup } = orphanTree(root, rows);
  if (ownsGroup && isAlive(orphan)) terminateGroup(orphan.pgid);
  for (const { pid, pgid, startToken } of members) {
    if ((ownsGroup && pgid === orphan.pgid) || !isAlive({ pid, startToken })) continue;
    signalProcess(pid, 'SIGTERM');
    signalProcess(pid, 'SIGCONT');
  }
  return members;
}

async function descendantsOf(members: readonly Named[]): Promise<readonly Named[]> {
  const rows = await readProcessTable();
  const known = new Set(members.map(processKey));
  const left = new Map<number, Named>();
  for (const row of rows) {
    if (row.state !== 'alive' || !known.has(processKey(row))) continue;
    for (const member of orphanTree(row, rows).members) left.set(member.pid, member);
  }
  return [...left.values()];
}

async function areGone(members: readonly Named[], timeout: number, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + timeout;
  for (;;) {
    if (await haveEnded(members)) return true;
    if (clock.monotonic() >= deadline) return false;
    await pause(clock, CHECK_INTERVAL);
  }
}

function isAlive({ pid, startToken }: Named): boolean {
  return checkIdentity({ pid, startToken, bootId: readBootId() }) === 'same';
}
