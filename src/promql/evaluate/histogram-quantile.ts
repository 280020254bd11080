// histogram_quantile() over the buckets of classic histograms.
import { createLabelSelection, labelIn, type Labels, writeKey } from '../model/labels.ts';
import { parseNumber } from '../model/literals.ts';
import { memoize } from '../model/memoize.ts';
import { memoizeBySeries } from './series-cache.ts';
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

const WITHOUT_LE = createLabelSelection('without', ['le']);

const histogramsOf = memoize(() => memoizeBySeries(histogramsIn));

/**
 * Computes one quantile for each label set without `le`; series without a bound are left out.
 *
 * @param call identifies the place in the rule, by which the grouping is cached
 */
export function histogramQuantile(share: number, elements: Vector, call: object): Element[] {
  return histogramsOf(call)(elements).map(({ labels, buckets }) => ({
    labels,
    value: quantileOf(
      share,
      buckets.map(({ bound, index }) => ({ bound, count: elements[index]?.value ?? 0 })),
    ),
  }));
}

function histogramsIn(all: readonly Labels[]): Histogram[] {
  const histograms = new Map<string, { labels: Labels; buckets: { bound: number; index: number }[] }>();
  for (const [index, labels] of all.entries()) {
    const bound = parseBound(labelIn(labels, 'le'));
    if (bound === null) continue;
    const own = WITHOUT_LE.apply(labels);
    const key = writeKey(own);
    const histogram = histograms.get(key) ?? { labels: own, buckets: [] };
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

/** Merges equal bounds and makes counts monotonic: scrapes do not come from one moment everywhere. */
function monotonicBuckets(raw: readonly Bucket[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { bound, count } of raw) {
    const last = buckets.at(-1);
    if (last?.bound === bound) last.count += count;
    else buckets.push({ bound, count });
  }
  let most = -Infinity;
  for (const bucket of buckets) {
    if (bucket.count > most) most = bucket.count;
    else bucket.count = most;
  }
  return buckets;
}
