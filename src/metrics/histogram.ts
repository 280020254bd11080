// Histogram that is rendered by prom-client and can be read as samples.
import PromHistogram from 'prom-client/lib/histogram.js';
import type { Registry } from 'prom-client';
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { Labels } from './sample.ts';

export interface HistogramOptions {
  /** With its prefix and unit: `mcp_watchdog_probe_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, growing, in the unit of the name; the last one, infinity, is left out. */
  readonly buckets: readonly number[];
  readonly registry: Registry;
  /** Called after each change of a series. */
  readonly onChange: () => void;
}

export interface HistogramWriter {
  /** Creates the series, with nothing observed. */
  open(labels: Labels): void;
  observe(labels: Labels, value: number): void;
  remove(labels: Labels): void;
}

export interface LabelledHistogram extends HistogramWriter {
  /** Of the series that are wanted; each with the same labels object every time. */
  samples(wants: (name: string) => boolean): MetricSample[];
}

export function createHistogram(options: HistogramOptions): LabelledHistogram {
  const { name, help, labels: labelNames, buckets, registry, onChange } = options;
  const rendered = new PromHistogram({
    name,
    help,
    labelNames: [...labelNames],
    buckets: [...buckets],
    registers: [registry],
  });
  const series = new Map<string, SeriesCounts>();
  const names = { bucket: `${name}_bucket`, sum: `${name}_sum`, count: `${name}_count` };
  const keyOf = (labels: Labels): string => labelNames.map((label) => labels[label]).join('\0');

  function countsOf(labels: Labels): SeriesCounts {
    const key = keyOf(labels);
    const counts = series.get(key) ?? emptyCounts(labels, buckets);
    series.set(key, counts);
    return counts;
  }

  return {
    open(labels) {
      rendered.zero(labels);
      series.set(keyOf(labels), emptyCounts(labels, buckets));
      onChange();
    },
    observe(labels, value) {
      rendered.observe(labels, value);
      addTo(countsOf(labels), value, buckets);
      onChange();
    },
    remove(labels) {
      rendered.remove(labels);
      series.delete(keyOf(labels));
      onChange();
    },
    samples: (wants) => [...series.values()].flatMap((counts) => samplesOf(counts, names, wants)),
  };
}

/** Counts of one label set, kept twice: prom-client would build all its label objects again for each reading. */
interface SeriesCounts {
  readonly labels: Labels;
  /** Of each bound, and of infinity. */
  readonly bucketLabels: readonly Labels[];
  /** By bucket, not cumulative. */
  readonly counts: number[];
  sum: number;
}

function emptyCounts(labels: Labels, buckets: readonly number[]): SeriesCounts {
  const bounds = [...buckets.map(String), '+Inf'];
  return {
    labels: { ...labels },
    bucketLabels: bounds.map((le) => ({ ...labels, le })),
    counts: bounds.map(() => 0),
    sum: 0,
  };
}

function addTo(own: SeriesCounts, value: number, buckets: readonly number[]): void {
  const found = buckets.findIndex((bound) => value <= bound);
  const index = found < 0 ? buckets.length : found;
  own.counts[index] = (own.counts[index] ?? 0) + 1;
  own.sum += value;
}

function samplesOf(
  { labels, bucketLabels, counts, sum }: SeriesCounts,
  names: { readonly bucket: string; readonly sum: string; readonly count: string },
  wants: (name: string) => boolean,
): MetricSample[] {
  const samples: MetricSample[] = [];
  let total = 0;
  const hasBuckets = wants(names.bucket);
  for (const [index, count] of counts.entries()) {
    total += count;
    if (hasBuckets) samples.push({ name: names.bucket, labels: bucketLabels[index] ?? labels, value: total });
  }
  if (wants(names.sum)) samples.push({ name: names.sum, labels, value: sum });
  if (wants(names.count)) samples.push({ name: names.count, labels, value: total });
  return samples;
}
