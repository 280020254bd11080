// Quantiles from the buckets of a classic histogram.
import { createChoice, keyOf, labelIn, type Labels } from './labels.ts';
import { parseNumber } from './literals.ts';
import type { Element, Vector } from './value.ts';

interface Bucket {
  readonly bound: number;
  count: number;
}

const OTHERS = createChoice('without', ['le']);

/** One result for each set of labels without `le`; series without a bound are left out. */
export function histogramQuantile(share: number, buckets: Vector): Element[] {
  const groups = new Map<string, { labels: Labels; buckets: Bucket[] }>();
  for (const { labels, value } of buckets) {
    const bound = parseBound(labelIn(labels, 'le'));
    if (bound === null) continue;
    const own = OTHERS.of(labels);
    const key = keyOf(own);
    const group = groups.get(key) ?? { labels: own, buckets: [] };
    groups.set(key, group);
    group.buckets.push({ bound, count: value });
  }
  return [...groups.values()].map((group) => ({
    labels: group.labels,
    value: quantileOf(share, group.buckets),
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
  const buckets = tidied(raw);
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

/** In order, each bound once, and never fewer than below: scrapes are not of one moment everywhere. */
function tidied(raw: readonly Bucket[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { bound, count } of raw.toSorted((a, b) => a.bound - b.bound)) {
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
