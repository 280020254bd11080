// Interface of the system-specific part: what must be known of a process before it can be called an orphan.
import type { StdinPeer, OrphanFacts, OrphanParent } from '../core/orphans/orphans.ts';
import type { ProcessRow } from '../core/lifecycle/process-tree.ts';

/** All processes as of one reading. */
export interface ProcessSnapshot {
  readonly rows: readonly ProcessRow[];
  /** Arguments of every process of this user, by pid. */
  readonly commands: ReadonlyMap<number, readonly string[]>;
}

/** Channels on which one process of a tree can get requests. */
export interface RequestChannels {
  readonly input: StdinPeer;
  /** It accepts connections, over TCP or on a socket file; null when that cannot be seen. */
  readonly listens: boolean | null;
  /** Somebody is connected to it. */
  readonly isUsed: boolean | null;
}

export type SessionFacts = Pick<OrphanFacts, 'isService' | 'leadsSession' | 'terminal'>;

export interface ProcessInspector {
  readCommands(rows: readonly ProcessRow[]): Promise<ReadonlyMap<number, readonly string[]>>;
  parentOf(row: ProcessRow, snapshot: ProcessSnapshot): OrphanParent;
  ageOf(row: ProcessRow): number | null;
  sessionFactsOf(row: ProcessRow, snapshot: ProcessSnapshot): Promise<SessionFacts>;
  /** Empty where the system does not show it, as for Apple's own programs. */
  environmentOf(pid: number): ReadonlyMap<string, string>;
  /** @param tree pids whose own ends of a pipe do not count */
  channelsOf(pid: number, tree: ReadonlySet<number>, snapshot: ProcessSnapshot): Promise<RequestChannels>;
}
