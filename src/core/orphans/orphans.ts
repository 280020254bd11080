// When a process counts as an orphan: an MCP server whose parent is gone, with the proofs, or the doubts, in words.
import type { ProcessRow } from '../lifecycle/process-tree.ts';

/**
 * Who has the process now. `own`: the one that started it, as far as can be told. `init`: it was handed to pid 1 or to
 * the user's service manager. `stranger`: another process has it that cannot have started it, by their sessions.
 */
export type OrphanParent = 'own' | 'init' | 'stranger';

/**
 * What is at the other end of its standard input. `gone`: nobody, for good. `held`: somebody, or it is a file or a
 * terminal. `null`: it never had one. `unknown`: the system would not tell.
 */
export type StdinPeer = 'gone' | 'held' | 'null' | 'unknown';

/** Everything that was found out about one process. */
export interface OrphanFacts {
  readonly parent: OrphanParent;
  /** Milliseconds since it began; null where the system does not tell. */
  readonly age: number | null;
  /** Whether the daemon whose mark it bears still lives; `none` without a mark. */
  readonly daemon: 'none' | 'alive' | 'dead';
  /** It belongs to a unit or job of a service manager. */
  readonly isService: boolean;
  readonly leadsGroup: boolean;
  readonly leadsSession: boolean;
  /** `alive`: it has a terminal at which somebody is still logged in. */
  readonly terminal: 'none' | 'alive' | 'dead';
  readonly input: StdinPeer;
  /** It serves over HTTP, because its arguments say so or it listens; null where the system does not tell. */
  readonly isHttp: boolean | null;
  /** Somebody is connected to it right now; null where the system does not tell. */
  readonly isUsed: boolean | null;
  /** It was started through npx or uvx, and that is gone. */
  readonly lostWrapper: boolean;
}

/** `certain` ones may be ended; the others may have been started this way on purpose, which cannot be seen. */
export type OrphanVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'certain' | 'uncertain'; readonly because: readonly string[] };

const NONE: OrphanVerdict = { kind: 'none' };

/** @param minimumAge ms; what is younger may be on its way to somewhere */
export function judgeOrphan(facts: OrphanFacts, minimumAge: number): OrphanVerdict {
  if (facts.daemon === 'alive' || facts.parent === 'own') return NONE;
  if (facts.age === null || facts.age < minimumAge) return NONE;
  if (facts.daemon === 'dead')
    return certain(facts, 'it bears the mark of a watchdog that is no longer alive');
  if (facts.isService) return NONE;
  const proof = proofOf(facts);
  if (proof !== null) return certain(facts, proof);
  // A parent that lives, and a terminal with somebody at it, are somebody's: without a proof it is left alone.
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

/** What leaves no doubt that nobody can want it any more; null when there is nothing of the kind. */
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

export interface OrphanTree {
  /** The orphan first, then its descendants. */
  readonly members: readonly ProcessRow[];
  /** Nobody else is in its process group. */
  readonly ownsGroup: boolean;
}

/** Everything that hangs on one orphan; unlike a server of ours, its group may be shared with the living. */
export function orphanTree(root: ProcessRow, rows: readonly ProcessRow[]): OrphanTree {
  const alive = rows.filter(({ state }) => state === 'alive');
  const members = new Map([[root.pid, root]]);
  for (const { pid } of members.values()) {
    for (const row of alive) if (row.ppid === pid) members.set(row.pid, row);
  }
  const ownsGroup = root.pgid > 1 && alive.every(({ pid, pgid }) => pgid !== root.pgid || members.has(pid));
  return { members: [...members.values()], ownsGroup };
}
