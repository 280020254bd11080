// What each system has to tell about a process before it can be called an orphan.
import type { StdinPeer, OrphanFacts, OrphanParent } from '../core/orphans/orphans.ts';
import type { ProcessRow } from '../core/lifecycle/process-tree.ts';

/** All processes as they were a moment ago. */
export interface Scene {
  readonly rows: readonly ProcessRow[];
  /** By pid: the arguments of every process of this user. */
  readonly commands: ReadonlyMap<number, readonly string[]>;
}

/** What one process of a tree tells about how it takes requests. */
export interface Service {
  readonly input: StdinPeer;
  /** It waits for connections, over TCP or on a socket file; null when that cannot be seen. */
  readonly listens: boolean | null;
  /** Somebody is connected to it. */
  readonly isUsed: boolean | null;
}

export type Standing = Pick<OrphanFacts, 'isService' | 'leadsSession' | 'terminal'>;

export interface Look {
  readCommands(rows: readonly ProcessRow[]): Promise<ReadonlyMap<number, readonly string[]>>;
  parentOf(row: ProcessRow, scene: Scene): OrphanParent;
  ageOf(row: ProcessRow): number | null;
  standingOf(row: ProcessRow, scene: Scene): Promise<Standing>;
  /** Empty where the system shows nobody's environment. */
  environmentOf(pid: number): ReadonlyMap<string, string>;
  /** @param tree pids whose own ends of a pipe do not count */
  serviceOf(pid: number, tree: ReadonlySet<number>, scene: Scene): Promise<Service>;
}
