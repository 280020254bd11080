// Process trees of servers, built from the process table.

/** One row of the system's process table. Null where the system does not tell. */
export interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly state: 'alive' | 'zombie';
  /** True for a process that a signal or a debugger stopped; left out otherwise. */
  readonly isStopped?: boolean;
  /** Together with the pid it identifies one process until the next boot; compared for equality only. */
  readonly startToken: string;
  readonly residentBytes: number | null;
  /** User and system time since the process began, seconds. */
  readonly cpuSeconds: number | null;
  readonly threads: number | null;
}

/** The process that was spawned for a server: root of its tree and leader of its group. */
export interface TreeRoot {
  readonly server: string;
  readonly pid: number;
  readonly pgid: number;
  /** Number of a process beside the main one; left out for that. */
  readonly side?: number;
}

/** A process that left its server's process group, so that a signal to the group does not reach it. */
export interface DetachedProcess {
  readonly pid: number;
  readonly startToken: string;
  readonly pgid: number;
}

export interface ProcessTree {
  readonly server: string;
  /** See `treeKey()`. */
  readonly key: string;
  /** The pid of the root. */
  readonly root: number;
  /** Everything alive, zombies excluded; empty when the root and all that it started are gone. */
  readonly members: readonly ProcessRow[];
  readonly detached: readonly DetachedProcess[];
}

/** Detached processes of earlier samples, by `treeKey()`: once their parent dies, nothing else ties them to it. */
type KnownDetached = ReadonlyMap<string, readonly DetachedProcess[]>;

/**
 * Builds a tree from the root's group, the groups of its known detached processes, and every descendant of those.
 * A process belongs to one server only: the first root that reaches it.
 */
export function buildProcessTrees(
  rows: readonly ProcessRow[],
  roots: readonly TreeRoot[],
  remembered: KnownDetached,
): ProcessTree[] {
  // A zombie uses nothing and its children have already gone to another parent.
  const alive = rows.filter((row) => row.state === 'alive');
  const forest = indexRows(relatedRows(alive, roots, remembered));
  const claimed = new Set<number>();
  return roots.map((root) =>
    buildTree(forest, { root, remembered: remembered.get(treeKey(root)) ?? [], claimed }),
  );
}

/** Returns the key of a root's tree in maps: the server's name for its main process. */
export function treeKey({ server, side }: Pick<TreeRoot, 'server' | 'side'>): string {
  return side === undefined ? server : `${server}\n${side}`;
}

/** Sums the trees of each server, under its first root. */
export function mergeByServer(trees: readonly ProcessTree[]): ProcessTree[] {
  const merged = new Map<string, ProcessTree>();
  for (const tree of trees) {
    const first = merged.get(tree.server);
    const sum = first === undefined ? tree : { ...first, members: [...first.members, ...tree.members] };
    merged.set(tree.server, sum);
  }
  return [...merged.values()];
}

/** Set of the keys of all processes of the machine, see `processKey()`. */
export type LivingProcesses = Pick<ReadonlySet<string>, 'has'>;

/** Returns the key of a process in maps: a pid alone may be reused by another program. It begins with the pid. */
export function processKey(process: { readonly pid: number; readonly startToken: string }): string {
  return `${process.pid} ${process.startToken}`;
}

/** Leaves out what no tree reaches: most processes of a machine are nobody's, and an index of all of them is large. */
function relatedRows(
  rows: readonly ProcessRow[],
  roots: readonly TreeRoot[],
  remembered: KnownDetached,
): ProcessRow[] {
  const tops = [...roots, ...roots.flatMap((root) => remembered.get(treeKey(root)) ?? [])];
  const pids = new Set(tops.map(({ pid }) => pid));
  const groups = new Set(tops.map(({ pgid }) => pgid));
  let before: number;
  // Again where a child came before its parent.
  do {
    before = pids.size;
    for (const row of rows) if (pids.has(row.ppid) || groups.has(row.pgid)) pids.add(row.pid);
  } while (pids.size > before);
  return rows.filter((row) => pids.has(row.pid));
}

interface Forest {
  readonly byPid: ReadonlyMap<number, ProcessRow>;
  readonly byParent: ReadonlyMap<number, readonly ProcessRow[]>;
  readonly byGroup: ReadonlyMap<number, readonly ProcessRow[]>;
}

function indexRows(rows: readonly ProcessRow[]): Forest {
  return {
    byPid: new Map(rows.map((row) => [row.pid, row])),
    byParent: groupRows(rows, (row) => row.ppid),
    byGroup: groupRows(rows, (row) => row.pgid),
  };
}

function groupRows(
  rows: readonly ProcessRow[],
  keyOf: (row: ProcessRow) => number,
): Map<number, ProcessRow[]> {
  const groups = new Map<number, ProcessRow[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

interface TreeContext {
  readonly root: TreeRoot;
  readonly remembered: readonly DetachedProcess[];
  readonly claimed: Set<number>;
}

function buildTree(forest: Forest, { root, remembered, claimed }: TreeContext): ProcessTree {
  const members: ProcessRow[] = [];
  const queue = seedsOf(forest, root, remembered);
  for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
    if (claimed.has(row.pid)) continue;
    claimed.add(row.pid);
    members.push(row);
    queue.push(...(forest.byParent.get(row.pid) ?? []));
  }
  const detached = detachedAmong(members, root.pgid);
  return { server: root.server, key: treeKey(root), root: root.pid, members, detached };
}

function seedsOf(forest: Forest, root: TreeRoot, remembered: readonly DetachedProcess[]): ProcessRow[] {
  const top = forest.byPid.get(root.pid);
  const away = remembered.filter((one) => forest.byPid.get(one.pid)?.startToken === one.startToken);
  return [
    ...(top === undefined ? [] : [top]),
    ...(forest.byGroup.get(root.pgid) ?? []),
    // A process in a detached process's group is of the same session, hence of the same server.
    ...away.flatMap((one) => forest.byGroup.get(one.pgid) ?? []),
    ...away.flatMap((one) => forest.byPid.get(one.pid) ?? []),
  ];
}

function detachedAmong(members: readonly ProcessRow[], pgid: number): DetachedProcess[] {
  return members
    .filter((row) => row.pgid !== pgid)
    .map((row) => ({ pid: row.pid, startToken: row.startToken, pgid: row.pgid }));
}
