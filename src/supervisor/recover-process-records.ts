// Recovery of process records that are lost: processes of an earlier daemon still carry its run marker.
import { daemonOf, RUN_MARKER, serverOf } from '../core/lifecycle/run-marker.ts';
import { readMarks, readProcessTable } from '../system/process/process-table.ts';
import type { ProcessRecord } from './process-registry.ts';

interface Owner {
  readonly pid: number;
  readonly startToken: string;
}

/**
 * Finds the processes that earlier daemons left.
 *
 * @param owners daemons that had this home, in this boot, and died
 * @returns one record for each process that carries the marker of one of them
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function recoverRecords(owners: readonly Owner[]): Promise<readonly ProcessRecord[]> {
  if (owners.length === 0) return [];
  const rows = (await readProcessTable()).filter(({ state }) => state === 'alive');
  const marks = await readMarks(RUN_MARKER);
  return rows.flatMap(({ pid, pgid, startToken }) => {
    const marker = marks.get(pid) ?? '';
    const server = serverOf(marker);
    if (server === null || !owners.some((owner) => isSameDaemon(owner, marker))) return [];
    return [{ server, pid, pgid, startToken, marker, strays: [] }];
  });
}

function isSameDaemon({ pid, startToken }: Owner, marker: string): boolean {
  const daemon = daemonOf(marker);
  return daemon?.pid === pid && daemon.startToken === startToken;
}
