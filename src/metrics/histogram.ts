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
  /** Writes up to so many series that have changed, before they are taken; false when none is left. */
  write(most: number): boolean;
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
  /** Those whose text is out of date. */
  const changed = new Set<SeriesCounts>();
  const names = { bucket: `${name}_bucket`, sum: `${name}_sum`, count: `${name}_count` };
  const header = headerOf({ name, type: 'histogram', help });
  const text = createCachedText();

  const keyOf = (given: Labels): string => {
    let key = '';
    for (const label of labels) key += `${given[label]}\0`;
    return key;
  };

  function forget(key: string): void {
    const counts = series.get(key);
    if (counts !== undefined) changed.delete(counts);
    series.delete(key);
  }

  function add(given: Labels): SeriesCounts {
    const key = keyOf(given);
    forget(key);
    const counts = emptyCounts(given, buckets, names);
    series.set(key, counts);
    changed.add(counts);
    return counts;
  }

  function observeAll(given: Labels, values: readonly number[]): void {
    const numbers = values.filter((value) => Number.isFinite(value));
    if (numbers.length === 0) return;
    const counts = series.get(keyOf(given)) ?? add(given);
    for (const value of numbers) addTo(counts, value, buckets);
    changed.add(counts);
    text.drop();
  }

  return {
    open(given) {
      add(given);
      text.drop();
    },
    observe: (given, value) => observeAll(given, [value]),
    observeAll,
    remove(given) {
      forget(keyOf(given));
      text.drop();
    },
    write(most) {
      let left = most;
      for (const counts of changed) {
        if (left === 0) return true;
        left -= 1;
        changed.delete(counts);
        textOf(counts);
      }
      return false;
    },
    samples: (wants) => [...series.values()].flatMap((counts) => samplesOf(counts, names, wants)),
    take: () =>
      text.take(() => {
        changed.clear();
        return [header, ...Array.from(series.values(), textOf)];
      }),
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
  const parts: (string | number)[] = [];
  let total = 0;
  for (let index = 0; index < counts.length; index += 1) {
    total += counts[index] ?? 0;
    parts.push(heads[index] ?? '', total, '\n');
  }
  parts.push(heads[counts.length] ?? '', valueText(sum), '\n', heads[counts.length + 1] ?? '', total);
  // Joined, not added up: a text of many pieces would be copied when all are put together.
  own.text = parts.join('');
  return own.text;
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
