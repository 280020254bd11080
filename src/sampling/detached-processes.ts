// Memory of processes that left their server's group: once their parent is dead, nothing else ties them to it.
import {
  type DetachedProcess,
  type LivingProcesses,
  processKey,
  type ProcessTree,
} from '../core/lifecycle/process-tree.ts';

export interface DetachedProcesses {
  /** By `treeKey()`; as of the last sample. */
  readonly all: ReadonlyMap<string, readonly DetachedProcess[]>;
  /**
   * Takes in the processes that one sample found, forgets dead ones, and reports new ones.
   *
   * @param alive keys of all processes of the machine, see `processKey()`
   */
  update(trees: readonly ProcessTree[], alive: LivingProcesses): void;
}

/**
 * Starts with an empty memory.
 *
 * @param onDetached called once for each process
 */
export function createDetachedProcesses(
  onDetached: (server: string, pid: number, pgid: number) => void,
): DetachedProcesses {
  const all = new Map<string, readonly DetachedProcess[]>();

  function keep(key: string, detached: readonly DetachedProcess[]): void {
    if (detached.length === 0) all.delete(key);
    else all.set(key, detached);
  }

  return {
    all,
    update(trees, alive) {
      const known = new Set([...all.values()].flat().map(processKey));
      // Those of a server that is down were not looked for, and may still be alive.
      for (const [key, past] of all) {
        keep(
          key,
          past.filter((one) => alive.has(processKey(one))),
        );
      }
      for (const { server, key, detached } of trees) {
        keep(key, detached);
        const fresh = detached.filter((one) => !known.has(processKey(one)));
        for (const { pid, pgid } of fresh) onDetached(server, pid, pgid);
      }
    },
  };
}
