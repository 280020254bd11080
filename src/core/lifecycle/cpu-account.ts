// How much processor time a server has used in all, although its processes come and go.

/** One process's own total at one look, seconds. */
export interface ProcessCpu {
  /** See `processKey()`. */
  readonly key: string;
  readonly cpuSeconds: number;
}

export interface CpuAccount {
  /** Seconds; never goes back. A lower bound: what a process used after its last look is not known. */
  readonly total: number;
  /** The highest total that was read of each process that still lives. */
  readonly last: ReadonlyMap<string, number>;
}

export const emptyCpuAccount: CpuAccount = { total: 0, last: new Map() };

/**
 * Adds what each process used since its last look. A process seen for the first time counts in full: everything in
 * a tree was started after us. One that was not read this time keeps its place as long as `alive` holds it.
 *
 * @param alive keys of all processes in the table, so that places of dead ones are given up
 */
export function addCpu(
  account: CpuAccount,
  readings: readonly ProcessCpu[],
  alive: ReadonlySet<string>,
): CpuAccount {
  const last = new Map([...account.last].filter(([key]) => alive.has(key)));
  let total = account.total;
  for (const { key, cpuSeconds } of readings) {
    const before = last.get(key) ?? 0;
    // A rounded total may read a little less than before; taking it would count the difference twice later.
    if (cpuSeconds <= before) continue;
    total += cpuSeconds - before;
    last.set(key, cpuSeconds);
  }
  return { total, last };
}
