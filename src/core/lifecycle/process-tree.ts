// Which processes belong to which server, and what they have used together.

/** One process as the system's process table shows it. Null where the system does not tell. */
export interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly state: 'alive' | 'zombie';
  /** Together with the pid it names one process until the next boot; only ever compared for equality. */
  readonly startToken: string;
  readonly residentBytes: number | null;
  /** User and system time since the process began, seconds. */
  readonly cpuSeconds: number | null;
  readonly threads: number | null;
}

/** The process that was spawned for a server: the top of its tree and the leader of its group. */
export interface TreeRoot {
  readonly server: string;
  readonly pid: number;
  readonly pgid: number;
}

/** A process of a server that left the server's group, so that a signal to the group does not reach it. */
export interface DetachedProcess {
  readonly pid: number;
  readonly startToken: string;
  readonly pgid: number;
}

export interface ProcessTree {
  readonly server: string;
  /** The pid of the root this tree was grown from. */
  readonly root: number;
  /** Everything alive, zombies excluded; empty when the root and all that it started are gone. */
  readonly members: readonly ProcessRow[];
  readonly detached: readonly DetachedProcess[];
}

/** Escapees that were seen at earlier looks, by server: once their parent dies, nothing else ties them to it. */
export type KnownDetached = ReadonlyMap<string, readonly DetachedProcess[]>;

/**
 * A tree is the root's group, what the remembered escapees lead, and every descendant of those.
 * A process counts for one server only: the first root that reaches it.
 */
export function buildProcessTrees(
  rows: readonly ProcessRow[],
  roots: readonly TreeRoot[],
  remembered: KnownDetached,
): ProcessTree[] {
  // A zombie uses nothing and its children have already gone to another parent.
  const forest = indexRows(rows.filter((row) => row.state === 'alive'));
  const claimed = new Set<number>();
  return roots.map((root) =>
    growTree(forest, { root, remembered: remembered.get(root.server) ?? [], claimed }),
  );
}

/** What names a process in maps: a pid alone may come back as another program. */
export function processKey(process: { readonly pid: number; readonly startToken: string }): string {
  return `${process.pid} ${process.startToken}`;
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

interface Growth {
  readonly root: TreeRoot;
  readonly remembered: readonly DetachedProcess[];
  readonly claimed: Set<number>;
}

function growTree(forest: Forest, { root, remembered, claimed }: Growth): ProcessTree {
  const members: ProcessRow[] = [];
  const queue = seedsOf(forest, root, remembered);
  for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
    if (claimed.has(row.pid)) continue;
    claimed.add(row.pid);
    members.push(row);
    queue.push(...(forest.byParent.get(row.pid) ?? []));
  }
  return { server: root.server, root: root.pid, members, detached: escapeesAmong(members, root.pgid) };
}

function seedsOf(forest: Forest, root: TreeRoot, remembered: readonly DetachedProcess[]): ProcessRow[] {
  const top = forest.byPid.get(root.pid);
  const away = remembered.filter(
    (escapee) => forest.byPid.get(escapee.pid)?.startToken === escapee.startToken,
  );
  return [
    ...(top === undefined ? [] : [top]),
    ...(forest.byGroup.get(root.pgid) ?? []),
    // Whoever joined an escapee's group came from the same session, hence from the same server.
    ...away.flatMap((escapee) => forest.byGroup.get(escapee.pgid) ?? []),
    ...away.flatMap((escapee) => forest.byPid.get(escapee.pid) ?? []),
  ];
}

function escapeesAmong(members: readonly ProcessRow[], pgid: number): DetachedProcess[] {
  return members
    .filter((row) => row.pgid !== pgid)
    .map((row) => ({ pid: row.pid, startToken: row.startToken, pgid: row.pgid }));
}
