// histogram_quantile() and histogram_fraction() over the buckets of classic histograms.
import { labelIn, type Labels, withLabel, withoutName, writeKey } from '../model/labels.ts';
import { parseNumber } from '../model/literals.ts';
import { memoize } from '../model/memoize.ts';
import { memoizeBySeries } from '../model/series-cache.ts';
import type { Element, Vector } from '../model/value.ts';

interface Bucket {
  readonly bound: number;
  count: number;
}

/** The elements that are the buckets of one histogram. */
interface Histogram {
  readonly labels: Labels;
  /** By growing bounds. */
  readonly buckets: readonly { readonly bound: number; readonly index: number }[];
}

const histogramsOf = memoize(() => memoizeBySeries(histogramsIn));

/**
 * Computes one quantile for each label set without `le`; series without a bound are left out.
 *
 * @param call identifies the place in the rule, by which the grouping is cached
 */
export function histogramQuantile(share: number, elements: Vector, call: object): Element[] {
  return measured((buckets) => quantileOf(share, buckets), elements, call);
}

/** Computes the share of observations between two bounds for each label set without `le`. @param call as above */
export function histogramFraction(
  bounds: { readonly lower: number; readonly upper: number },
  elements: Vector,
  call: object,
): Element[] {
  return measured((buckets) => fractionOf(bounds, buckets), elements, call);
}

function measured(
  measure: (buckets: readonly Bucket[]) => number,
  elements: Vector,
  call: object,
): Element[] {
  return histogramsOf(call)(elements).map(({ labels, buckets }) => ({
    labels,
    value: measure(buckets.map(({ bound, index }) => ({ bound, count: elements[index]?.value ?? 0 }))),
  }));
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

function quantileOf(share: number, raw: readonly Bucket[]): number {
  if (Number.isNaN(share)) return Number.NaN;
  if (share < 0) return -Infinity;
  if (share > 1) return Infinity;
  const buckets = monotonicBuckets(raw);
  const last = buckets.at(-1);
  if (last === undefined || last.bound !== Infinity || buckets.length < 2) return Number.NaN;
  if (last.count === 0) return Number.NaN;
  const rank = share * last.count;
  const found = buckets.findIndex(({ count }) => count >= rank);
  const index = found < 0 ? buckets.length - 1 : found;
  if (index === buckets.length - 1) return buckets.at(-2)?.bound ?? Number.NaN;
  return interpolated(buckets, index, rank);
}

function interpolated(buckets: readonly Bucket[], index: number, rank: number): number {
  const { bound = 0, count = 0 } = buckets[index] ?? {};
  const below = buckets[index - 1];
  if (below === undefined) return bound <= 0 ? bound : bound * (rank / count);
  return below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count));
}

function fractionOf(
  { lower, upper }: { readonly lower: number; readonly upper: number },
  raw: readonly Bucket[],
): number {
  const buckets = mergedBuckets(raw);
  const last = buckets.at(-1);
  if (last === undefined || last.bound !== Infinity || last.count === 0) return Number.NaN;
  if (Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, buckets, last.count) - rankOf(lower, buckets, last.count)) / last.count;
}

/** Number of observations up to a value, from 0 up to all. */
function rankOf(value: number, buckets: readonly Bucket[], all: number): number {
  let start = (buckets[0]?.bound ?? 0) <= 0 ? -Infinity : 0;
  let rank = 0;
  for (const { bound, count } of buckets) {
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

function mergedBuckets(raw: readonly Bucket[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { bound, count } of raw) {
    const last = buckets.at(-1);
    if (last?.bound === bound) last.count += count;
    else buckets.push({ bound, count });
  }
  return buckets;
}

/** Differences below this part of both counts are rounding errors. */
const SMALL_DIFFERENCE = 1e-12;
/** The smallest number with all its digits. */
const SMALLEST_NORMAL = 2 ** -1022;

/** Merges equal bounds and makes counts monotonic: scrapes do not come from one moment everywhere. */
function monotonicBuckets(raw: readonly Bucket[]): Bucket[] {
  const buckets = mergedBuckets(raw);
  let most = buckets[0]?.count ?? 0;
  for (const bucket of buckets.slice(1)) {
    if (bucket.count <= most || isAlmost(bucket.count, most)) bucket.count = most;
    else most = bucket.count;
  }
  return buckets;
}

function isAlmost(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  const [sum, difference] = [Math.abs(a) + Math.abs(b), Math.abs(a - b)];
  if (a === 0 || b === 0 || sum < SMALLEST_NORMAL) return difference < SMALL_DIFFERENCE * SMALLEST_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < SMALL_DIFFERENCE;
}
