// Whether servers wait for each other in a circle.

/** Names by the names they depend on; names that are not keys are left out of account. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** Nobody mends more at once, and each one costs a pass over all names. */
const MOST_CYCLES = 20;

/** Each circle once, its first name repeated at the end: `[['a', 'b', 'a']]`. Iterative: a chain may be long. */
export function findCycles(dependencies: Dependencies): string[][] {
  const left = new Map(
    [...dependencies].map(([name, on]) => [name, on.filter((other) => dependencies.has(other))]),
  );
  const cycles: string[][] = [];
  for (;;) {
    dropFree(left);
    const [start] = left.keys();
    if (start === undefined || cycles.length === MOST_CYCLES) return cycles;
    const cycle = follow(start, left);
    cycles.push(cycle);
    for (const name of cycle) left.delete(name);
  }
}

/** Takes out what waits, through any number of steps, for nothing that is left. */
function dropFree(left: Map<string, string[]>): void {
  const dependants = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const [name, on] of left) {
    const waiting = on.filter((other) => left.has(other));
    open.set(name, waiting.length);
    for (const other of waiting) dependants.set(other, [...(dependants.get(other) ?? []), name]);
  }
  const free = [...left.keys()].filter((name) => open.get(name) === 0);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    left.delete(name);
    for (const dependant of dependants.get(name) ?? []) {
      const rest = (open.get(dependant) ?? 0) - 1;
      open.set(dependant, rest);
      if (rest === 0) free.push(dependant);
    }
  }
}

/** After `dropFree` every name leads to another one that is left, so the walk must come back to itself. */
function follow(start: string, left: ReadonlyMap<string, readonly string[]>): string[] {
  const walked = new Map<string, number>();
  for (let name: string | undefined = start; name !== undefined;) {
    const seen = walked.get(name);
    if (seen !== undefined) return [...[...walked.keys()].slice(seen), name];
    walked.set(name, walked.size);
    name = left.get(name)?.find((other) => left.has(other));
  }
  return [...walked.keys()];
}
