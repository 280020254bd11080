// Samples of a series from its changes: each value holds until the next change, an end until the series comes back.
import { type Changes, readTick } from './change-arena.ts';
import type { TickRange } from './time-column.ts';

export interface ExpandedValues {
  /** By tick of the range. */
  readonly values: Float64Array;
  /** `GAP` or `END` by tick of the range; null when there is a sample at each. */
  readonly marks: Uint8Array | null;
}

/** The series ended at this tick. */
const END = 1;
/** There is nothing of the series at this tick. */
export const GAP = 2;

/** Writes out every tick of the range. @param changes those in the range, and the last one before it */
export function expandChanges({ ticks, values }: Changes, { from, to }: TickRange): ExpandedValues {
  const run = createRun(to - from);
  const first = ticks.length === 0 ? to : readTick(ticks[0] ?? 0).tick;
  run.fill(GAP, Number.NaN, { from: 0, to: first - from });
  for (let index = 0; index < ticks.length; index += 1) {
    const { tick, hasEnded } = readTick(ticks[index] ?? 0);
    const next = index + 1 < ticks.length ? readTick(ticks[index + 1] ?? 0).tick : to;
    const span = { from: tick - from, to: next - from };
    if (!hasEnded) run.fill(0, values[index] ?? Number.NaN, span);
    else {
      run.fill(GAP, Number.NaN, span);
      run.mark(tick - from);
    }
  }
  return run.result();
}

function createRun(count: number) {
  const values = new Float64Array(count);
  let marks: Uint8Array | null = null;
  return {
    fill(mark: 0 | typeof GAP, value: number, span: TickRange): void {
      const [from, to] = [Math.max(0, span.from), Math.min(count, span.to)];
      if (from >= to) return;
      if (mark === 0) values.fill(value, from, to);
      else (marks ??= new Uint8Array(count)).fill(mark, from, to);
    },
    mark(index: number): void {
      if (index >= 0 && index < count && marks !== null) marks[index] = END;
    },
    result: (): ExpandedValues => ({ values, marks }),
  };
}
