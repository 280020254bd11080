// Histogram that is rendered by prom-client and can be read as samples.
import type Histogram from 'prom-client/lib/histogram.js';
import type { MetricSample } from '../core/model/alert-rules.ts';
import { METRIC_PREFIX, PROBE_BUCKETS } from '../core/metrics/metric-catalogue.ts';
import type { ExpositionCache } from './exposition-cache.ts';
import { keyOf, type Labels } from './sample.ts';

export interface HistogramWriter {
  /** Makes the series exist, with nothing observed. */
  open(labels: Labels): void;
  observe(labels: Labels, seconds: number): void;
  remove(labels: Labels): void;
}

export interface LabelledHistogram extends HistogramWriter {
  /** Of the series that are wanted; each with the same labels object every time. */
  samples(wants: (name: string) => boolean): MetricSample[];
}

const METRIC = 'probe_duration_seconds';
const [BUCKET, SUM, COUNT] = [
  `${METRIC_PREFIX}${METRIC}_bucket`,
  `${METRIC_PREFIX}${METRIC}_sum`,
  `${METRIC_PREFIX}${METRIC}_count`,
];

/** What is counted of one label set, once more: reading it out of the histogram would make all its labels anew. */
interface Counts {
  readonly labels: Labels;
  /** Of each bound and of infinity. */
  readonly bucketLabels: readonly Labels[];
  /** Not yet added up. */
  readonly counts: number[];
  sum: number;
}

export function createHistogram(histogram: Histogram, page: ExpositionCache): LabelledHistogram {
  const all = new Map<string, Counts>();
  const keyFor = (labels: Labels): string => keyOf({ metric: METRIC, labels });

  function countsFor(labels: Labels): Counts {
    const key = keyFor(labels);
    const counts = all.get(key) ?? noCounts(labels);
    all.set(key, counts);
    return counts;
  }

  return {
    open(labels) {
      histogram.zero(labels);
      all.set(keyFor(labels), noCounts(labels));
      page.invalidate(METRIC);
    },
    observe(labels, seconds) {
      histogram.observe(labels, seconds);
      observe(countsFor(labels), seconds);
      page.invalidate(METRIC);
    },
    remove(labels) {
      histogram.remove(labels);
      all.delete(keyFor(labels));
      page.invalidate(METRIC);
    },
    samples: (wants) => [...all.values()].flatMap((counts) => readingsOf(counts, wants)),
  };
}

function noCounts(labels: Labels): Counts {
  const bounds = [...PROBE_BUCKETS.map(String), '+Inf'];
  return {
    labels: { ...labels },
    bucketLabels: bounds.map((le) => ({ ...labels, le })),
    counts: bounds.map(() => 0),
    sum: 0,
  };
}

function observe(own: Counts, seconds: number): void {
  const found = PROBE_BUCKETS.findIndex((bound) => seconds <= bound);
  const index = found < 0 ? PROBE_BUCKETS.length : found;
  own.counts[index] = (own.counts[index] ?? 0) + 1;
  own.sum += seconds;
}

function readingsOf(
  { labels, bucketLabels, counts, sum }: Counts,
  wants: (name: string) => boolean,
): MetricSample[] {
  const readings: MetricSample[] = [];
  let total = 0;
  const hasBuckets = wants(BUCKET);
  for (const [index, count] of counts.entries()) {
    total += count;
    if (hasBuckets) readings.push({ name: BUCKET, labels: bucketLabels[index] ?? labels, value: total });
  }
  if (wants(SUM)) readings.push({ name: SUM, labels, value: sum });
  if (wants(COUNT)) readings.push({ name: COUNT, labels, value: total });
  return readings;
}
