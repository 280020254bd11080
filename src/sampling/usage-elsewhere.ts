// Usage that no process table shows, that of containers, added to what the tree of a server uses.
import type { TreeUsage } from '../core/model/observations.ts';

/** Sums over the containers of one server. */
export interface UsageElsewhere {
  readonly residentBytes: number;
  /** Now. */
  readonly cpuCores: number;
  /** Cumulative, seconds. */
  readonly cpuSeconds: number;
  readonly processes: number;
}

/** The tree's memory is counted in several ways; that of a container is the same in each. */
export function addUsage(tree: TreeUsage, elsewhere: UsageElsewhere | null): TreeUsage {
  if (elsewhere === null) return tree;
  const { residentBytes, cpuCores, cpuSeconds, processes } = elsewhere;
  const plus = (known: number | null): number | null => (known === null ? null : known + residentBytes);
  return {
    ...tree,
    residentBytes: tree.residentBytes + residentBytes,
    footprintBytes: plus(tree.footprintBytes),
    proportionalBytes: plus(tree.proportionalBytes),
    cpuCores: tree.cpuCores === null ? null : tree.cpuCores + cpuCores,
    cpuSeconds: tree.cpuSeconds + cpuSeconds,
    processes: tree.processes + processes,
  };
}
