// Histogram that can be written as text and read as samples.
import type { MetricSample } from '../core/model/alert-rules.ts';
import { createCachedText, headerOf, headOf, valueText } from './exposition.ts';
import type { Labels } from './sample.ts';

export interface HistogramOptions {
  /** With its prefix and unit: `mcp_watchdog_probe_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, growing, in the unit of the name; the last one, infinity, is left out. */
  readonly buckets: readonly number[];
}

export interface HistogramWriter {
  /** Creates the series, with nothing observed. */
  open(labels: Labels): void;
  /** @param value what is no finite number is left out */
  observe(labels: Labels, value: number): void;
  observeAll(labels: Labels, values: readonly number[]): void;
  remove(labels: Labels): void;
}

export interface LabelledHistogram extends HistogramWriter {
  /** Of the series that are wanted; each with the same labels object every time. */
  samples(wants: (name: string) => boolean): MetricSample[];
  /** Takes header and lines as they are now; the returned function puts them together, without a newline at the end. */
  take(): () => string;
}

interface Names {
  readonly bucket: string;
  readonly sum: string;
  readonly count: string;
}

export function createHistogram({ name, help, labels, buckets }: HistogramOptions): LabelledHistogram {
  const series = new Map<string, SeriesCounts>();
  const names = { bucket: `${name}_bucket`, sum: `${name}_sum`, count: `${name}_count` };
  const header = headerOf({ name, type: 'histogram', help });
  const text = createCachedText();

  const keyOf = (given: Labels): string => {
    let key = '';
    for (const label of labels) key += `${given[label]}\0`;
    return key;
  };

  function observeAll(given: Labels, values: readonly number[]): void {
    const numbers = values.filter((value) => Number.isFinite(value));
    if (numbers.length === 0) return;
    const key = keyOf(given);
    const counts = series.get(key) ?? emptyCounts(given, buckets, names);
    series.set(key, counts);
    for (const value of numbers) addTo(counts, value, buckets);
    text.drop();
  }

  return {
    open(given) {
      series.set(keyOf(given), emptyCounts(given, buckets, names));
      text.drop();
    },
    observe: (given, value) => observeAll(given, [value]),
    observeAll,
    remove(given) {
      series.delete(keyOf(given));
      text.drop();
    },
    samples: (wants) => [...series.values()].flatMap((counts) => samplesOf(counts, names, wants)),
    take: () => text.take(() => [header, ...Array.from(series.values(), textOf)]),
  };
}

/** Counts of one label set. */
interface SeriesCounts {
  readonly labels: Labels;
  /** Of each bound, and of infinity. */
  readonly bucketLabels: readonly Labels[];
  /** Beginnings of the lines: one for each bucket, then those of sum and count. */
  readonly heads: readonly string[];
  /** By bucket, not cumulative. */
  readonly counts: number[];
  sum: number;
  /** Null when it has changed since it was last written. */
  text: string | null;
}

/** As Prometheus 3 and OpenMetrics write it: `1.0`. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function emptyCounts(labels: Labels, buckets: readonly number[], names: Names): SeriesCounts {
  const bounds = [...buckets.map(boundText), '+Inf'];
  return {
    labels: { ...labels },
    bucketLabels: bounds.map((le) => ({ ...labels, le })),
    heads: [
      ...bounds.map((le) => headOf(names.bucket, { le, ...labels })),
      headOf(names.sum, labels),
      headOf(names.count, labels),
    ],
    counts: bounds.map(() => 0),
    sum: 0,
    text: null,
  };
}

function addTo(own: SeriesCounts, value: number, buckets: readonly number[]): void {
  const found = buckets.findIndex((bound) => value <= bound);
  const index = found < 0 ? buckets.length : found;
  own.counts[index] = (own.counts[index] ?? 0) + 1;
  own.sum += value;
  own.text = null;
}

function textOf(own: SeriesCounts): string {
  if (own.text !== null) return own.text;
  const { heads, counts, sum } = own;
  let text = '';
  let total = 0;
  for (const [index, count] of counts.entries()) {
    total += count;
    text += `${heads[index]}${total}\n`;
  }
  text += `${heads[counts.length]}${valueText(sum)}\n${heads[counts.length + 1]}${total}`;
  own.text = text;
  return text;
}

function samplesOf(
  { labels, bucketLabels, counts, sum }: SeriesCounts,
  names: Names,
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
