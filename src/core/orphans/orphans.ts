// Verdict whether a process is an orphan: an MCP server whose parent is gone, with proof or doubts in words.
import type { ProcessRow } from '../lifecycle/process-tree.ts';

/**
 * Present parent of the process. `own`: the one that started it, as far as can be told. `init`: pid 1 or the user's service
 * manager. `stranger`: another process that cannot have started it, by their sessions.
 */
export type OrphanParent = 'own' | 'init' | 'stranger';

/**
 * Other end of its standard input. `gone`: closed for good. `held`: open, or a file or a terminal. `null`: /dev/null.
 * `unknown`: the system does not tell.
 */
export type StdinPeer = 'gone' | 'held' | 'null' | 'unknown';

/** Facts about one process. */
export interface OrphanFacts {
  readonly parent: OrphanParent;
  /** Milliseconds since it began; null where the system does not tell. */
  readonly age: number | null;
  /** State of the daemon in its run marker; `none` without a marker. */
  readonly daemon: 'none' | 'alive' | 'dead';
  /** True for a process of a unit or job of a service manager. */
  readonly isService: boolean;
  readonly leadsGroup: boolean;
  readonly leadsSession: boolean;
  /** `alive`: its terminal has a user logged in. */
  readonly terminal: 'none' | 'alive' | 'dead';
  readonly input: StdinPeer;
  /** True when it serves over HTTP: its arguments say so or it listens; null where the system does not tell. */
  readonly isHttp: boolean | null;
  /** True when a client is connected; null where the system does not tell. */
  readonly isUsed: boolean | null;
  /** True when the npx or uvx that started it is gone. */
  readonly lostWrapper: boolean;
}

/** `certain` orphans may be ended; `uncertain` ones may have been started this way on purpose. */
type OrphanVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'certain' | 'uncertain'; readonly because: readonly string[] };

const NONE: OrphanVerdict = { kind: 'none' };

/** Judges the facts. @param minimumAge ms; a younger process may still be changing hands */
export function judgeOrphan(facts: OrphanFacts, minimumAge: number): OrphanVerdict {
  if (facts.daemon === 'alive' || facts.parent === 'own') return NONE;
  if (facts.age === null || facts.age < minimumAge) return NONE;
  if (facts.daemon === 'dead')
    return certain(facts, 'it bears the mark of a watchdog that is no longer alive');
  if (facts.isService) return NONE;
  const proof = proofOf(facts);
  if (proof !== null) return certain(facts, proof);
  // With a living parent or a terminal in use it belongs to someone: without proof it is left alone.
  if (facts.parent === 'stranger' || facts.terminal === 'alive') return NONE;
  return { kind: 'uncertain', because: [PARENT[facts.parent], ...doubtsOf(facts)] };
}

function certain(facts: OrphanFacts, proof: string): OrphanVerdict {
  return { kind: 'certain', because: [PARENT[facts.parent], proof] };
}

const PARENT: Readonly<Record<OrphanParent, string>> = {
  own: 'its parent lives',
  init: 'its parent is gone',
  stranger: 'its parent is gone, another process has taken it in',
};

/** Returns the proof that nobody can use it any more; null when there is none. */
function proofOf(facts: OrphanFacts): string | null {
  const { input, isHttp, isUsed, lostWrapper, leadsGroup, leadsSession } = facts;
  if (isHttp === false && input === 'gone') return 'nobody holds the other end of its standard input';
  if (isHttp === false && input === 'null' && !leadsSession)
    return 'it takes its requests from standard input, which is /dev/null';
  const isAlone = isUsed === false && (input === 'gone' || input === 'null');
  if (isHttp === true && isAlone && lostWrapper && !leadsGroup)
    return 'the npx or uvx that started it is gone, and nobody is connected to it';
  return null;
}

function doubtsOf(facts: OrphanFacts): string[] {
  const { input, isHttp, isUsed, lostWrapper, leadsGroup } = facts;
  const doubts: string[] = [];
  if (isUsed === true) doubts.push('somebody is connected to it');
  if (isHttp !== false) doubts.push('it serves over HTTP, where anybody may be using it');
  if (input === 'held') doubts.push('somebody holds its standard input');
  if (input === 'unknown') doubts.push('the system does not tell who holds its standard input');
  if (leadsGroup && !lostWrapper) doubts.push('it leads a group of its own, as if started in the background');
  return doubts.length > 0 ? doubts : ['nothing proves that nobody wants it'];
}

/** An orphan with its descendants. */
export interface OrphanTree {
  /** The orphan first, then its descendants. */
  readonly members: readonly ProcessRow[];
  /** True when no other process is in its process group. */
  readonly ownsGroup: boolean;
}

/** Collects an orphan's descendants; unlike a server of ours, it may share its group with other processes. */
export function orphanTree(root: ProcessRow, rows: readonly ProcessRow[]): OrphanTree {
  const alive = rows.filter(({ state }) => state === 'alive');
  const members = new Map([[root.pid, root]]);
  for (const { pid } of members.values()) {
    for (const row of alive) if (row.ppid === pid) members.set(row.pid, row);
  }
  const ownsGroup = root.pgid > 1 && alive.every(({ pid, pgid }) => pgid !== root.pgid || members.has(pid));
  return { members: [...members.values()], ownsGroup };
}
