// Total CPU time of a server over all its processes, past and present.
import type { LivingProcesses } from './process-tree.ts';

/** CPU time of one process since its start, seconds. */
export interface ProcessCpu {
  /** See `processKey()`. */
  readonly key: string;
  readonly cpuSeconds: number;
}

export interface CpuAccount {
  /** Seconds; never goes back. A lower bound: usage between a process's last sample and its end is not known. */
  readonly total: number;
  /** Highest value that was read of each living process. */
  readonly last: ReadonlyMap<string, number>;
}

export const emptyCpuAccount: CpuAccount = { total: 0, last: new Map() };

/**
 * Adds what each process used since its last sample. A process seen for the first time counts in full: everything in a
 * tree was started after us. One that was not read this time keeps its entry as long as `alive` has it.
 *
 * @param alive keys of all processes in the table, so that entries of dead ones are dropped
 */
export function addCpu(
  account: CpuAccount,
  readings: readonly ProcessCpu[],
  alive: LivingProcesses,
): CpuAccount {
  const last = new Map([...account.last].filter(([key]) => alive.has(key)));
  let total = account.total;
  for (const { key, cpuSeconds } of readings) {
    const before = last.get(key) ?? 0;
    // A rounded value may be a little lower than before; storing it would count the difference twice later.
    if (cpuSeconds <= before) continue;
    total += cpuSeconds - before;
    last.set(key, cpuSeconds);
  }
  return { total, last };
}
