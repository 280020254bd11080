// Which samples a selector takes at one moment.
import { NAME } from './labels.ts';
import type { Generation, Series, SeriesSource } from './source.ts';
import type { RangeSelector, Selector } from './syntax.ts';
import type { RangeValue, Window } from './value.ts';

export interface Moment {
  readonly source: SeriesSource;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly lookback: number;
  readonly generation: Generation;
}

export interface Present {
  readonly series: Series;
  readonly time: number;
  readonly value: number;
}

/** The newest sample of each series that is not older than the look-back and does not say that the series ended. */
export function selectPresent(selector: Selector, moment: Moment): Present[] {
  const at = moment.at - selector.offset;
  const oldest = at - moment.lookback;
  return matching(selector, moment.source).flatMap((series) => {
    const index = lastUpTo(series, at);
    if (index < 0 || series.isStaleAt(index)) return [];
    const time = series.timeAt(index);
    return isWithin(time, oldest, moment.generation) ? [{ series, time, value: series.valueAt(index) }] : [];
  });
}

export function selectRange({ selector, range }: RangeSelector, moment: Moment): RangeValue {
  const end = moment.at - selector.offset;
  const start = end - range;
  const windows = matching(selector, moment.source).flatMap((series) => {
    const window = windowOf(series, { start, end, generation: moment.generation });
    return window.times.length === 0 ? [] : [window];
  });
  return { windows, start, end };
}

function windowOf(
  series: Series,
  { start, end, generation }: { start: number; end: number; generation: Generation },
): Window {
  const times: number[] = [];
  const values: number[] = [];
  const last = lastUpTo(series, end);
  for (let index = firstWithin(series, start, generation); index <= last; index += 1) {
    if (series.isStaleAt(index)) continue;
    times.push(series.timeAt(index));
    values.push(series.valueAt(index));
  }
  return { labels: series.labels, times, values };
}

function matching({ name, matchers }: Selector, source: SeriesSource): Series[] {
  const found: Series[] = [];
  for (const series of source.series(name ?? nameIn(matchers))) {
    if (matchers.every(({ label, matches }) => matches(series.labels[label] ?? ''))) found.push(series);
  }
  return found;
}

function nameIn(matchers: Selector['matchers']): string | null {
  return matchers.find(({ label, operator }) => label === NAME && operator === '=')?.value ?? null;
}

function isWithin(time: number, start: number, generation: Generation): boolean {
  return generation === 2 ? time >= start : time > start;
}

/** Index of the newest sample not after `at`; -1 when there is none. */
function lastUpTo(series: Series, at: number): number {
  return firstWhere(series, (time) => time > at) - 1;
}

function firstWithin(series: Series, start: number, generation: Generation): number {
  return firstWhere(series, (time) => isWithin(time, start, generation));
}

/** The lowest index whose time holds, given that all later ones hold too. */
function firstWhere(series: Series, holds: (time: number) => boolean): number {
  let low = 0;
  let high = series.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(series.timeAt(middle))) high = middle;
    else low = middle + 1;
  }
  return low;
}
