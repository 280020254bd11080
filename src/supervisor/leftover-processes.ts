// Search for what is left of a server's process: its group, detached processes, and what an earlier daemon left.
import {
  type DetachedProcess,
  buildProcessTrees,
  type ProcessRow,
  type TreeRoot,
} from '../core/lifecycle/process-tree.ts';
import { RUN_MARKER } from '../core/lifecycle/run-marker.ts';
import { findByEnvironment, readMarks, readProcessTable } from '../system/process/process-table.ts';

/** The process that was spawned, named beyond doubt. */
export interface Leader extends TreeRoot {
  readonly startToken: string;
  readonly marker: string;
}

export interface LeftoverProcesses {
  /** Something of the group is alive, the leader included. */
  readonly group: boolean;
  /** Alive outside the group, each named by pid and start token. */
  readonly detached: readonly DetachedProcess[];
}

/**
 * Scans the whole process table once.
 *
 * @param known detached processes seen earlier: once their parent is dead, only memory and the marker tie them to the server
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function findLeftoverProcesses(
  leader: Leader,
  known: readonly DetachedProcess[],
  signal?: AbortSignal,
): Promise<LeftoverProcesses> {
  const rows = await readProcessTable(signal);
  const marked = await findByEnvironment(RUN_MARKER, leader.marker, youngerThan(leader, rows));
  const root = isRecycled(leader, rows) ? { ...leader, pid: -1, pgid: -1 } : leader;
  const [tree] = buildProcessTrees(rows, [root], new Map([[leader.server, known]]));
  const members = tree?.members ?? [];
  const found = new Map<number, ProcessRow>(members.map((row) => [row.pid, row]));
  for (const row of rows) if (row.state === 'alive' && marked.includes(row.pid)) found.set(row.pid, row);
  const all = [...found.values()];
  return {
    group: all.some(({ pgid }) => pgid === root.pgid),
    detached: all
      .filter(({ pgid }) => pgid !== root.pgid)
      .map(({ pid, startToken, pgid }) => ({ pid, startToken, pgid })),
  };
}

/** Only what started after the leader can have inherited from it: nobody else's environment has to be read. */
function youngerThan({ startToken }: Leader, rows: readonly ProcessRow[]): readonly number[] {
  const since = Number(startToken);
  return rows
    .filter((row) => row.state === 'alive' && !(Number(row.startToken) < since))
    .map(({ pid }) => pid);
}

/** Tells whether the pid is another process by now. It is free again only when no group bears its number, so the group is not ours either. */
function isRecycled({ pid, startToken }: Leader, rows: readonly ProcessRow[]): boolean {
  // Without a start of its own nothing can be said: the group is then trusted as long as its leader is ours.
  if (startToken === '') return false;
  return rows.some((row) => row.pid === pid && row.startToken !== startToken);
}

/** A process of an earlier daemon, named beyond doubt. */
export interface Leftover {
  readonly server: string;
  readonly pid: number;
  readonly startToken: string;
}

/**
 * Finds what is still alive of what was recorded: the leader and its detached processes where pid and start agree, their
 * descendants, and whatever carries the run's marker. A group whose leader is gone is ours only by that marker.
 */
export async function findLeftovers(
  records: readonly (Leader & { readonly strays: readonly DetachedProcess[] })[],
): Promise<readonly Leftover[]> {
  const rows = (await readProcessTable()).filter(({ state }) => state === 'alive');
  const marks = records.length === 0 ? new Map<number, string>() : await readMarks(RUN_MARKER);
  const found = new Map<number, Leftover>();
  for (const record of records) {
    const isOurs = (row: ProcessRow): boolean =>
      marks.get(row.pid) === record.marker ||
      [record, ...record.strays].some((known) => isSameProcess(known, row));
    for (const row of withDescendants(rows.filter(isOurs), rows)) {
      found.set(row.pid, { server: record.server, pid: row.pid, startToken: row.startToken });
    }
  }
  return [...found.values()];
}

function isSameProcess(
  known: { readonly pid: number; readonly startToken: string },
  row: ProcessRow,
): boolean {
  return known.pid === row.pid && known.startToken === row.startToken;
}

function withDescendants(roots: readonly ProcessRow[], rows: readonly ProcessRow[]): readonly ProcessRow[] {
  const all = new Set(roots);
  // A group that a known process leads is all its own; its children are too, wherever they went.
  for (const parent of all) {
    for (const row of rows) if (row.ppid === parent.pid || row.pgid === parent.pid) all.add(row);
  }
  return [...all];
}
