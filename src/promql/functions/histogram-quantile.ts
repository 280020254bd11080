// histogram_quantile() and histogram_fraction() over the buckets of classic histograms.
import { labelIn, type Labels, withLabel, withoutName, writeKey } from '../model/labels.ts';
import { parseNumber } from '../model/literals.ts';
import { memoize } from '../model/memoize.ts';
import { memoizeBySeries } from '../model/series-cache.ts';
import type { Element, Vector } from '../model/value.ts';

/** The elements that are the buckets of one histogram. */
interface Histogram {
  readonly labels: Labels;
  /** By growing bounds. */
  readonly buckets: readonly { readonly bound: number; readonly index: number }[];
}

/** Buckets by growing bounds, in lists that are filled again for each histogram. */
export class Buckets {
  readonly bounds: number[] = [];
  readonly counts: number[] = [];
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** Adds a bucket; those with the same bound are one. */
  add(bound: number, count: number): void {
    const last = this.length - 1;
    if (last >= 0 && this.bounds[last] === bound) {
      this.counts[last] = this.count(last) + count;
      return;
    }
    this.bounds[this.length] = bound;
    this.counts[this.length] = count;
    this.length += 1;
  }

  bound(index: number): number {
    return this.bounds[index] ?? Number.NaN;
  }

  count(index: number): number {
    return this.counts[index] ?? Number.NaN;
  }
}

/** Computes a number from the buckets of one histogram, which it may change. */
export type BucketMeasure = (buckets: Buckets) => number;

/** Grouping of elements to histograms, cached for each call in an expression. */
export const histogramsOf = memoize(() => memoizeBySeries(histogramsIn));

/** One quantile; NaN unless there are two buckets and the last one has everything. */
export function quantileMeasure(share: number): BucketMeasure {
  return (buckets) => quantileOf(share, buckets);
}

/** The share of observations between two bounds. */
export function fractionMeasure(bounds: { readonly lower: number; readonly upper: number }): BucketMeasure {
  return (buckets) => fractionOf(bounds, buckets);
}

/**
 * Computes a number for each label set without `le`; series without a bound are left out.
 *
 * @param call identifies the place in the rule, by which the grouping is cached
 */
export function measureHistograms(measure: BucketMeasure, elements: Vector, call: object): Element[] {
  const buckets = new Buckets();
  return histogramsOf(call)(elements).map((histogram) => {
    buckets.clear();
    for (const { bound, index } of histogram.buckets) buckets.add(bound, elements[index]?.value ?? 0);
    return { labels: histogram.labels, value: measure(buckets) };
  });
}

function histogramsIn(all: readonly Labels[]): Histogram[] {
  const histograms = new Map<string, { labels: Labels; buckets: { bound: number; index: number }[] }>();
  for (const [index, labels] of all.entries()) {
    const bound = parseBound(labelIn(labels, 'le'));
    if (bound === null) continue;
    // Buckets of two metrics are two histograms: their results have the same labels, which is an error.
    const own = withLabel(labels, 'le', '');
    const key = writeKey(own);
    const histogram = histograms.get(key) ?? { labels: withoutName(own), buckets: [] };
    histograms.set(key, histogram);
    histogram.buckets.push({ bound, index });
  }
  return [...histograms.values()].map(({ labels, buckets }) => ({
    labels,
    buckets: buckets.sort((a, b) => a.bound - b.bound),
  }));
}

function parseBound(text: string): number | null {
  const bound = parseNumber(text);
  return bound === null || Number.isNaN(bound) ? null : bound;
}

function quantileOf(share: number, buckets: Buckets): number {
  if (Number.isNaN(share)) return Number.NaN;
  if (share < 0) return -Infinity;
  if (share > 1) return Infinity;
  makeMonotonic(buckets);
  const last = buckets.length - 1;
  if (last < 1 || buckets.bound(last) !== Infinity) return Number.NaN;
  const all = buckets.count(last);
  if (all === 0) return Number.NaN;
  const rank = share * all;
  let index = 0;
  while (index < last && !(buckets.count(index) >= rank)) index += 1;
  return index === last ? buckets.bound(last - 1) : interpolated(buckets, index, rank);
}

function interpolated(buckets: Buckets, index: number, rank: number): number {
  const [bound, count] = [buckets.bound(index), buckets.count(index)];
  if (index === 0) return bound <= 0 ? bound : bound * (rank / count);
  const [start, below] = [buckets.bound(index - 1), buckets.count(index - 1)];
  return start + (bound - start) * ((rank - below) / (count - below));
}

function fractionOf(
  { lower, upper }: { readonly lower: number; readonly upper: number },
  buckets: Buckets,
): number {
  const last = buckets.length - 1;
  if (last < 0 || buckets.bound(last) !== Infinity || buckets.count(last) === 0) return Number.NaN;
  if (Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const all = buckets.count(last);
  return (rankOf(upper, buckets, all) - rankOf(lower, buckets, all)) / all;
}

/** Number of observations up to a value, from 0 up to all. */
function rankOf(value: number, buckets: Buckets, all: number): number {
  let start = buckets.bound(0) <= 0 ? -Infinity : 0;
  let rank = 0;
  for (let index = 0; index < buckets.length; index += 1) {
    const [bound, count] = [buckets.bound(index), buckets.count(index)];
    if (start >= value) return Math.min(rank, all);
    if (bound > value) {
      // Within a bucket without a start there is nothing to interpolate.
      const inside =
        start === -Infinity ? count : rank + ((count - rank) * (value - start)) / (bound - start);
      return Math.min(inside, all);
    }
    rank = count;
    start = bound;
  }
  return all;
}

/** Differences below this part of both counts are rounding errors. */
const SMALL_DIFFERENCE = 1e-12;
/** The smallest number with all its digits. */
const SMALLEST_NORMAL = 2 ** -1022;

/** Makes counts monotonic: scrapes do not come from one moment everywhere. */
function makeMonotonic(buckets: Buckets): void {
  let most = buckets.count(0);
  for (let index = 1; index < buckets.length; index += 1) {
    const count = buckets.count(index);
    if (count <= most || isAlmost(count, most)) buckets.counts[index] = most;
    else most = count;
  }
}

function isAlmost(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  const [sum, difference] = [Math.abs(a) + Math.abs(b), Math.abs(a - b)];
  if (a === 0 || b === 0 || sum < SMALLEST_NORMAL) return difference < SMALL_DIFFERENCE * SMALLEST_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < SMALL_DIFFERENCE;
}
