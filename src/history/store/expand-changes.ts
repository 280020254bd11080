// Samples of a series from its changes: each value holds until the next change, an end until the series comes back.
import { type Changes, isEnd, tickIn } from './change-arena.ts';
import type { TickRange } from '../../promql/series/time-column.ts';

export interface ExpandedValues {
  /** By tick of the range. */
  readonly values: Float64Array;
  /** `GAP` or `END` by tick of the range; null when there is a sample at each. */
  readonly marks: Uint8Array | null;
}

/** The series ended at this tick. */
export const END = 1;
/** There is nothing of the series at this tick. */
export const GAP = 2;

/**
 * Writes out every tick of the range.
 *
 * @param changes those in the range, and the last one before it: the first `count` of the lists
 * @param values where the values go: as long as the range
 */
export function expandChanges(
  { ticks, values: changed }: Changes,
  { from, to, count }: TickRange & { readonly count: number },
  values: Float64Array,
): ExpandedValues {
  let marks: Uint8Array | null = null;
  // Nothing is there before the first change.
  let [mark, value, since] = [GAP, Number.NaN, 0];
  for (let index = 0; index <= count; index += 1) {
    const written = ticks[index] ?? 0;
    const tick = index < count ? tickIn(written) : to;
    const next = Math.max(0, tick - from);
    // Most values hold for a tick or two, for which fill() is slow.
    for (let at = since; at < next; at += 1) values[at] = value;
    if (mark !== 0 && next > since) {
      marks ??= new Uint8Array(to - from);
      marks.fill(GAP, since, next);
      marks[since] = mark;
    }
    // An end before the range is only a gap in it.
    mark = index === count || !isEnd(written) ? 0 : tick < from ? GAP : END;
    value = mark === 0 ? (changed[index] ?? Number.NaN) : Number.NaN;
    since = next;
  }
  return { values, marks };
}
