// Termination of what an earlier daemon left alive, and of nothing else.
import type { Clock } from '../system/time/clock.ts';
import { checkIdentity, haveEnded, readBootId } from '../system/process/process-identity.ts';
import { signalProcess } from '../system/process/process-group.ts';
import { commandOf } from '../system/process/process-table.ts';
import type { ProcessRecord } from './process-registry.ts';
import { findLeftovers, type Leftover } from './leftover-processes.ts';
import { pause } from '../system/time/pause.ts';

export interface ReapedLeftover {
  readonly server: string;
  readonly pid: number;
  readonly command: string | null;
}

const GRACE = 2000;
const CHECK_INTERVAL = 50;

/**
 * Sends TERM, after 2 s KILL, to each process that is beyond doubt what was recorded. A recycled pid, and a process that
 * cannot be told apart from a stranger, stays untouched.
 *
 * @returns what was ended
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function reapLeftovers(
  records: readonly ProcessRecord[],
  clock: Clock,
): Promise<readonly ReapedLeftover[]> {
  if (records.length === 0) return [];
  const found = await findLeftovers(records);
  const reaped = await Promise.all(
    found.map(async (left) => ({ ...left, command: await commandOf(left.pid) })),
  );
  for (const left of found) signalLeftover(left, 'SIGTERM');
  for (const left of found) signalLeftover(left, 'SIGCONT');
  const deadline = clock.monotonic() + GRACE;
  while (!(await haveEnded(found)) && clock.monotonic() < deadline) await pause(clock, CHECK_INTERVAL);
  // A second scan: what was ended may have started something in the meantime.
  const rest = await findLeftovers(records);
  for (const left of rest) signalLeftover(left, 'SIGKILL');
  const end = clock.monotonic() + GRACE;
  while (!(await haveEnded(rest)) && clock.monotonic() < end) await pause(clock, CHECK_INTERVAL);
  return reaped.map(({ server, pid, command }) => ({ server, pid, command }));
}

function signalLeftover(left: Leftover, signal: NodeJS.Signals): void {
  // One by one, each checked right before: a group's number may be somebody else's by now.
  if (isAlive(left)) signalProcess(left.pid, signal);
}

function isAlive({ pid, startToken }: Leftover): boolean {
  return checkIdentity({ pid, startToken, bootId: readBootId() }) === 'same';
}
