// Samples that selectors and functions of windows take from each series at many moments.
import { type Column, ColumnSpace, put, type Run, type Work } from './columns.ts';
import { type Moment, readingTime } from './select-series.ts';
import type { WindowMeasure } from '../functions/functions.ts';
import { createGrowth, type Growth, shapeOf, type WindowShape } from '../functions/rates.ts';
import type { ColumnSeries, PrometheusMajor } from '../model/series-source.ts';
import type { Expression, Selector } from '../model/syntax-tree.ts';
import { EvaluationError } from '../model/value.ts';

/** Indices into the times of a series, by moment; shared by all series with the same times. */
class Positions {
  readonly #moments: Float64Array;
  readonly #includes: boolean;
  #times: Float64Array | null = null;
  #found: Int32Array;

  /** @param moments growing. @param includes a sample at the moment itself comes before it */
  constructor(moments: Float64Array, includes: boolean) {
    this.#moments = moments;
    this.#includes = includes;
    this.#found = new Int32Array(moments.length);
  }

  /** Returns how many samples come before each moment. */
  of(times: Float64Array): Int32Array {
    if (times !== this.#times) {
      this.#times = times;
      this.#found = this.#count(times);
    }
    return this.#found;
  }

  #count(times: Float64Array): Int32Array {
    const found = new Int32Array(this.#moments.length);
    let at = 0;
    for (const [index, moment] of this.#moments.entries()) {
      at = this.#firstFrom(times, moment, at);
      found[index] = at;
    }
    return found;
  }

  /** Gallops from where the last moment was: most are a sample or two apart. */
  #firstFrom(times: Float64Array, moment: number, from: number): number {
    let [low, step] = [from, 1];
    while (low + step <= times.length && this.#isBefore(times[low + step - 1], moment)) {
      low += step;
      step *= 2;
    }
    let high = Math.min(times.length, low + step - 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBefore(times[middle], moment)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBefore(time: number | undefined, moment: number): boolean {
    return time !== undefined && (time < moment || (this.#includes && time === moment));
  }
}

type Timing = Pick<Selector, 'offset' | 'fixedAt'>;

function readingTimes(timing: Timing, moments: readonly Moment[]): Float64Array {
  return Float64Array.from(moments, (moment) => readingTime(timing, moment));
}

/** The newest sample of each series at each moment, unless it is too old or the series has ended. */
export function* currentColumns(selector: Selector, { moments, source }: Run): Work<Column[]> {
  const { lookback = 0, generation = 3 } = moments[0] ?? {};
  const ends = readingTimes(selector, moments);
  const positions = new Positions(ends, true);
  const found: Column[] = [];
  const space = new ColumnSpace(moments.length);
  for (const series of source.select(selector)) {
    yield;
    const column = space.column(series.labels);
    const { times, values } = series;
    const before = positions.of(times);
    for (let index = 0; index < before.length; index += 1) {
      const position = before[index] ?? 0;
      if (position === 0 || series.ends?.[position - 1] === 1) continue;
      const age = (ends[index] ?? 0) - (times[position - 1] ?? 0);
      if (age < lookback || (generation === 2 && age === lookback))
        put(column, index, values[position - 1] ?? Number.NaN);
    }
    found.push(column);
  }
  return found;
}

/** Windows of the same length that move over the samples of each series. */
interface Windows {
  readonly series: readonly ColumnSeries[];
  readonly edges: readonly { readonly start: number; readonly end: number }[];
  /** How many samples come before a window, and before its end. */
  readonly starts: Positions;
  readonly ends: Positions;
}

/** Samples that are measured between two stops of the work. */
const MOST_MEASURED = 5000;

/**
 * Measures the window of each series at each moment.
 *
 * @param subject a range selector or a subquery
 * @param how the measure for each moment; with `growth` it is that one
 */
export function* windowColumns(
  subject: Expression,
  { moments, source }: Run,
  { measures, growth }: { readonly measures: readonly WindowMeasure[]; readonly growth: Growth | undefined },
): Work<Column[]> {
  const generation = moments[0]?.generation ?? 3;
  const windows = windowsOf(subject, { moments, source }, generation);
  const grow = growth === undefined ? null : growthOf(growth, windows, generation);
  const found: Column[] = [];
  const space = new ColumnSpace(moments.length);
  for (const series of windows.series) {
    yield;
    const column = space.column(series.labels);
    if (grow !== null && series.ends === null) grow(series, column);
    else yield* measureWindows(series, { windows, measures }, column);
    found.push(column);
  }
  return found;
}

function windowsOf(subject: Expression, { moments, source }: Run, generation: PrometheusMajor): Windows {
  if (subject.kind !== 'range' && subject.kind !== 'subquery')
    throw new EvaluationError('The expression is no range');
  const ends = readingTimes(subject.kind === 'range' ? subject.selector : subject, moments);
  return {
    series: subject.kind === 'range' ? source.select(subject.selector) : source.subquery(subject),
    edges: Array.from(ends, (end) => ({ start: end - subject.range, end })),
    // Prometheus 2 takes a sample at the start of the window, 3 does not.
    starts: new Positions(
      ends.map((end) => end - subject.range),
      generation === 3,
    ),
    ends: new Positions(ends, true),
  };
}

function* measureWindows(
  series: ColumnSeries,
  { windows, measures }: { readonly windows: Windows; readonly measures: readonly WindowMeasure[] },
  column: Column,
): Work<void> {
  const { edges, starts, ends } = windows;
  const [from, to] = [starts.of(series.times), ends.of(series.times)];
  let measured = 0;
  for (let index = 0; index < edges.length; index += 1) {
    const [first, last] = [from[index] ?? 0, to[index] ?? 0];
    measured += last - first;
    if (measured > MOST_MEASURED) {
      yield;
      measured = 0;
    }
    if (last <= first) continue;
    const window = series.windowOf(first, last);
    const edge = edges[index];
    const value = window.times.length === 0 || edge === undefined ? null : measures[index]?.(window, edge);
    if (value !== null && value !== undefined) put(column, index, value);
  }
}

/**
 * Measures growth of series that never ended. What depends on the times alone is computed once for all series that share
 * them, and each value is looked at once, and again only in windows in which the series falls.
 */
function growthOf(kind: Growth, { edges, starts, ends }: Windows, generation: PrometheusMajor) {
  const grow = createGrowth(kind, generation);
  let shapes: { readonly of: Float64Array; readonly all: readonly (WindowShape | null)[] } | null = null;

  function shapesOf(times: Float64Array): readonly (WindowShape | null)[] {
    if (shapes?.of === times) return shapes.all;
    const [from, to] = [starts.of(times), ends.of(times)];
    const all = edges.map((edge, index) =>
      shapeOf({ times, from: from[index] ?? 0, to: to[index] ?? 0 }, edge),
    );
    shapes = { of: times, all };
    return all;
  }

  return ({ times, values }: ColumnSeries, column: Column): void => {
    const all = shapesOf(times);
    let [seen, lastFall] = [0, -1];
    for (let index = 0; index < all.length; index += 1) {
      const shape = all[index] ?? null;
      if (shape === null) continue;
      for (seen = Math.max(seen, shape.from + 1); seen < shape.to; seen += 1)
        if ((values[seen] ?? 0) < (values[seen - 1] ?? 0)) lastFall = seen;
      put(column, index, grow(shape, values, lastFall <= shape.from));
    }
  };
}
