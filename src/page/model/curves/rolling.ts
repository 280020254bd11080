// Range that goes on: of what is new only the last value of each series is asked for, and put behind those that are known.
import type { InstantResult, RangeResult, Series, TimeRange } from '../wire.ts';

/** Seconds, and steps, without a value after which the whole range is read again. */
const LONGEST_GAP = 90;
const MOST_STEPS = 3;

/** True when one more value continues what is known. @param before range that it was read for */
export function goesOn(known: RangeResult, before: TimeRange, range: TimeRange): boolean {
  const gap = range.end - (known.times.at(-1) ?? 0);
  const isSame = before.step === range.step && before.end - before.start === range.end - range.start;
  return isSame && gap >= 0 && gap <= Math.max(LONGEST_GAP, MOST_STEPS * range.step);
}

/**
 * Adds the values of `range.end`. The last time floats: it is replaced until it is a step away from the one before, and
 * what is older than the range is dropped.
 */
export function goOn(known: RangeResult, { start, end, step }: TimeRange, now: InstantResult): RangeResult {
  const { times } = known;
  const before = times.at(-2) ?? Number.NEGATIVE_INFINITY;
  const isFloating = (times.at(-1) ?? 0) - before < step;
  const kept = isFloating ? times.length - 1 : times.length;
  const dropped = Math.min(kept, times.filter((time) => time < start - step / 2).length);
  const column = (values: readonly (number | null)[], value: number | null): readonly (number | null)[] =>
    dropped === 0 && isFloating && values.at(-1) === value ? values : [...values.slice(dropped, kept), value];
  const fresh = new Map(
    now.series.map(({ labels, value }) => [keyOf(labels), { labels, value: finite(value) }]),
  );
  const old = known.series.map(({ labels, values }): Series => {
    const key = keyOf(labels);
    const value = fresh.get(key)?.value ?? null;
    fresh.delete(key);
    return { labels, values: column(values, value) };
  });
  const empty = times.map(() => null);
  return {
    times: [...times.slice(dropped, kept), end],
    series: [
      ...old.filter(({ values }) => values.some((value) => value !== null)),
      ...[...fresh.values()].map(({ labels, value }) => ({ labels, values: column(empty, value) })),
    ],
    warnings: now.warnings,
  };
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
