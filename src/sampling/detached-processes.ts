// Which processes left their server's group: once their parent is dead, only this memory ties them to it.
import { type DetachedProcess, processKey, type ProcessTree } from '../core/lifecycle/process-tree.ts';

export interface DetachedProcesses {
  /** By server; as of the last sample. */
  readonly all: ReadonlyMap<string, readonly DetachedProcess[]>;
  /**
   * Takes in what one sample found, forgets who is dead, and tells of those that are new.
   *
   * @param alive keys of all processes of the machine, see `processKey()`
   */
  learn(trees: readonly ProcessTree[], alive: ReadonlySet<string>): void;
}

/** @param onEscapee told once of each */
export function createDetachedProcesses(
  onEscapee: (server: string, pid: number, pgid: number) => void,
): DetachedProcesses {
  const all = new Map<string, readonly DetachedProcess[]>();

  function keep(server: string, escapees: readonly DetachedProcess[]): void {
    if (escapees.length === 0) all.delete(server);
    else all.set(server, escapees);
  }

  return {
    all,
    learn(trees, alive) {
      const known = new Set([...all.values()].flat().map(processKey));
      // Those of a server that is down were not looked for, and may still be alive.
      for (const [server, past] of all) {
        keep(
          server,
          past.filter((escapee) => alive.has(processKey(escapee))),
        );
      }
      for (const { server, detached: escapees } of trees) {
        keep(server, escapees);
        const fresh = escapees.filter((escapee) => !known.has(processKey(escapee)));
        for (const { pid, pgid } of fresh) onEscapee(server, pid, pgid);
      }
    },
  };
}
