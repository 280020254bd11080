// What each system has to tell about a process before it can be called an orphan.
import type { StdinPeer, OrphanFacts, OrphanParent } from '../core/orphans/orphans.ts';
import type { ProcessRow } from '../core/lifecycle/process-tree.ts';

/** All processes as they were a moment ago. */
export interface ProcessSnapshot {
  readonly rows: readonly ProcessRow[];
  /** By pid: the arguments of every process of this user. */
  readonly commands: ReadonlyMap<number, readonly string[]>;
}

/** What one process of a tree tells about how it takes requests. */
export interface RequestChannels {
  readonly input: StdinPeer;
  /** It waits for connections, over TCP or on a socket file; null when that cannot be seen. */
  readonly listens: boolean | null;
  /** Somebody is connected to it. */
  readonly isUsed: boolean | null;
}

export type SessionFacts = Pick<OrphanFacts, 'isService' | 'leadsSession' | 'terminal'>;

export interface ProcessInspector {
  readCommands(rows: readonly ProcessRow[]): Promise<ReadonlyMap<number, readonly string[]>>;
  parentOf(row: ProcessRow, scene: ProcessSnapshot): OrphanParent;
  ageOf(row: ProcessRow): number | null;
  sessionFactsOf(row: ProcessRow, scene: ProcessSnapshot): Promise<SessionFacts>;
  /** Empty where the system shows nobody's environment. */
  environmentOf(pid: number): ReadonlyMap<string, string>;
  /** @param tree pids whose own ends of a pipe do not count */
  channelsOf(pid: number, tree: ReadonlySet<number>, scene: ProcessSnapshot): Promise<RequestChannels>;
}
