// Samples that a selector takes at one moment.
import type { PrometheusMajor, Series, SeriesSource } from '../model/series-source.ts';
import type { Expression, FixedTime, RangeSelector, Selector } from '../model/syntax-tree.ts';
import type { Element, RangeValue, Value } from '../model/value.ts';

export interface Moment {
  readonly source: SeriesSource;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly lookback: number;
  readonly generation: PrometheusMajor;
  readonly subqueryStep: number;
  readonly rangeQuery: { readonly start: number; readonly end: number };
  /** Parts of the expression that were evaluated for this moment already; null for none. */
  readonly given: ReadonlyMap<Expression, Value> | null;
}

/** Returns the last moment that a selector or a subquery reads, ms. */
export function readingTime(
  { fixedAt, offset }: { fixedAt: FixedTime | null; offset: number },
  { at, rangeQuery }: Pick<Moment, 'at' | 'rangeQuery'>,
): number {
  const time =
    fixedAt === null
      ? at
      : fixedAt === 'start'
        ? rangeQuery.start
        : fixedAt === 'end'
          ? rangeQuery.end
          : fixedAt;
  return time - offset;
}

/** Returns the newest sample of each series, unless it is older than the lookback or the series has ended. */
export function selectCurrent(selector: Selector, moment: Moment): Element[] {
  return readCurrent(selector, moment, (series, index) => series.valueAt(index));
}

/** Returns the time of that sample, seconds since the epoch. */
export function selectTimes(selector: Selector, moment: Moment): Element[] {
  return readCurrent(selector, moment, (series, index) => series.timeAt(index) / 1000);
}

function readCurrent(
  selector: Selector,
  moment: Moment,
  read: (series: Series, index: number) => number,
): Element[] {
  const { source, lookback, generation } = moment;
  const end = readingTime(selector, moment);
  const found: Element[] = [];
  const all = source.select(selector);
  // Nearly always those of the series before.
  let before: Series | null = null;
  let index = -1;
  let isRecent = false;
  for (let at = 0; at < all.length; at += 1) {
    const series = all[at];
    if (series === undefined) continue;
    if (before === null || series.hasTimesOf?.(before) !== true) {
      before = series;
      index = firstAfter(series, end) - 1;
      const time = index < 0 ? Number.NaN : series.timeAt(index);
      isRecent = generation === 2 ? time >= end - lookback : time > end - lookback;
    }
    if (isRecent && !series.isStaleAt(index))
      found.push({ labels: series.labels, value: read(series, index) });
  }
  return found;
}

export function selectRange({ selector, range }: RangeSelector, moment: Moment): RangeValue {
  const end = readingTime(selector, moment);
  return windowsIn(moment.source.select(selector), { start: end - range, end }, moment.generation);
}

/** Returns the samples of each series within the edges, ms. */
export function windowsIn(
  all: readonly Series[],
  { start, end }: { readonly start: number; readonly end: number },
  generation: PrometheusMajor,
): RangeValue {
  const windows: RangeValue['windows'][number][] = [];
  const isIn = generation === 2 ? (time: number) => time >= start : (time: number) => time > start;
  const findStart = generation === 2 ? firstFrom : firstAfter;
  /** Samples of the series before: nearly always those of the next one have the same times. */
  let count = 0;
  for (let index = 0; index < all.length; index += 1) {
    const series = all[index];
    if (series === undefined) continue;
    const to = firstAfter(series, end);
    const guess = to - count;
    const isRight =
      guess >= 0 &&
      guess < to &&
      isIn(series.timeAt(guess)) &&
      (guess === 0 || !isIn(series.timeAt(guess - 1)));
    const from = isRight ? guess : findStart(series, start);
    count = to - from;
    const window = series.windowOf(from, to);
    if ((window.facts?.count ?? window.times.length) > 0) windows.push(window);
  }
  return { windows, start, end };
}

/** Returns the indices of the samples of a series within the edges, ms: from `from` up to but without `to`. */
export function indicesIn(
  series: Series,
  { start, end }: { readonly start: number; readonly end: number },
  generation: PrometheusMajor,
): { readonly from: number; readonly to: number } {
  const from = generation === 2 ? firstFrom(series, start) : firstAfter(series, start);
  return { from, to: firstAfter(series, end) };
}

/** Returns the lowest index with a later time; the length when there is none. */
function firstAfter(series: Series, time: number): number {
  // Nearly always the newest sample is wanted.
  if (series.length > 0 && series.timeAt(series.length - 1) <= time) return series.length;
  let low = 0;
  let high = series.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (series.timeAt(middle) > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Returns the lowest index whose time is not earlier. */
function firstFrom(series: Series, time: number): number {
  const after = firstAfter(series, time);
  // No two samples have the same time.
  return after > 0 && series.timeAt(after - 1) === time ? after - 1 : after;
}
