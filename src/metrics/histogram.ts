// Histogram that can be written as text and read as samples.
import type { MetricSample } from '../core/model/alert-rules.ts';
import { withLabel } from '../core/metrics/metric-definition.ts';
import {
  createKeptBytes,
  type Format,
  type Frame,
  framesOf,
  labelsText,
  type Snapshot,
  type TakenFamily,
  valueText,
} from './exposition.ts';
import type { Exemplar, Exemplars } from './exemplars.ts';
import type { Labels } from './sample.ts';
import { createSeriesIds, type SeriesIds } from './series-ids.ts';

export interface HistogramOptions {
  /** With its prefix and unit: `mcp_watchdog_probe_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, growing, in the unit of the name; the last one, infinity, is left out. */
  readonly buckets: readonly number[];
  readonly ids?: SeriesIds;
  /** Shown beside the buckets in OpenMetrics; left out, there are none. Those of a series change only with what is observed. */
  readonly exemplars?: Pick<Exemplars, 'find'>;
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
  /** Of the series that are wanted; each the same object, with the same labels object, every time. */
  samples(wants: (name: string) => boolean): MetricSample[];
  take(format?: Format): TakenFamily;
}

/** What all series have in common. */
interface Shape {
  readonly names: { readonly bucket: string; readonly sum: string; readonly count: string };
  readonly buckets: readonly number[];
  /** Of each bound, and of infinity. */
  readonly bounds: readonly string[];
  readonly ids: SeriesIds;
  readonly exemplars: Pick<Exemplars, 'find'> | null;
}

export function createHistogram(options: HistogramOptions): LabelledHistogram {
  const { name, help, labels, buckets, ids = createSeriesIds(), exemplars = null } = options;
  const series = new Map<string, SeriesCounts>();
  const names = { bucket: `${name}_bucket`, sum: `${name}_sum`, count: `${name}_count` };
  const shape: Shape = { names, buckets, bounds: [...buckets.map(boundText), '+Inf'], ids, exemplars };
  const frames = framesOf({ name, type: 'histogram', help });
  const kept = createKeptBytes();

  const keyOf = (given: Labels): string => labels.map((label) => given[label]).join('\0');

  function forget(key: string): void {
    kept.drop();
    for (const { id } of series.get(key)?.samples ?? []) ids.release(id);
    series.delete(key);
  }

  function add(given: Labels): SeriesCounts {
    const key = keyOf(given);
    forget(key);
    const counts = emptyCounts(given, shape);
    series.set(key, counts);
    return counts;
  }

  function observeAll(given: Labels, values: readonly number[]): void {
    const numbers = values.filter((value) => Number.isFinite(value));
    if (numbers.length === 0) return;
    kept.drop();
    const counts = series.get(keyOf(given)) ?? add(given);
    for (const value of numbers) addTo(counts, value, buckets);
  }

  return {
    open: (given) => void add(given),
    observe: (given, value) => observeAll(given, [value]),
    observeAll,
    remove: (given) => forget(keyOf(given)),
    samples: (wants) => {
      const { bucket, sum, count } = names;
      const wanted = { buckets: wants(bucket), sum: wants(sum), count: wants(count) };
      const all: MetricSample[] = [];
      for (const counts of series.values()) addSamples(counts, wanted, all);
      return all;
    },
    take: (format = 'text') =>
      kept.take(format, () =>
        snapshotOf(frames[format], format === 'text' ? { ...shape, exemplars: null } : shape, series),
      ),
  };
}

interface CountSample extends MetricSample {
  readonly id: number;
  value: number;
}

/** Counts of one label set. */
interface SeriesCounts {
  /** The labels as they are written. */
  readonly text: string;
  /** By bucket, not cumulative. */
  readonly counts: number[];
  sum: number;
  /** One for each bucket, then sum and count; up to date only where `isRead`. */
  readonly samples: readonly CountSample[];
  isRead: boolean;
}

/** As Prometheus 3 and OpenMetrics write it: `1.0`. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function emptyCounts(given: Labels, { names, bounds, ids }: Shape): SeriesCounts {
  let labels: Labels = {};
  for (const label in given) labels = withLabel(labels, label, given[label] ?? '');
  const sample = (name: string, own: Labels): CountSample => ({
    name,
    labels: own,
    id: ids.take(),
    scraped: null,
    value: 0,
  });
  return {
    text: labelsText(labels),
    counts: bounds.map(() => 0),
    sum: 0,
    samples: [
      ...bounds.map((le) => sample(names.bucket, withLabel(labels, 'le', le))),
      sample(names.sum, labels),
      sample(names.count, labels),
    ],
    isRead: true,
  };
}

function addTo(own: SeriesCounts, value: number, buckets: readonly number[]): void {
  const index = bucketOf(value, buckets);
  own.counts[index] = (own.counts[index] ?? 0) + 1;
  own.sum += value;
  own.isRead = false;
}

/** The lowest bucket that counts a value. */
function bucketOf(value: number, buckets: readonly number[]): number {
  const found = buckets.findIndex((bound) => value <= bound);
  return found < 0 ? buckets.length : found;
}

function addSamples(
  own: SeriesCounts,
  wanted: { readonly buckets: boolean; readonly sum: boolean; readonly count: boolean },
  all: MetricSample[],
): void {
  const { samples, counts } = own;
  if (!own.isRead) readCounts(own);
  own.isRead = true;
  // Not by an iterator, here and below: it makes an object for each of hundreds.
  for (let index = 0; index < samples.length; index += 1) {
    const sample = samples[index];
    const isWanted =
      index < counts.length ? wanted.buckets : index === counts.length ? wanted.sum : wanted.count;
    if (isWanted && sample !== undefined) all.push(sample);
  }
}

function readCounts({ samples, counts, sum }: SeriesCounts): void {
  let total = 0;
  for (let index = 0; index < samples.length; index += 1) {
    const sample = samples[index];
    total += counts[index] ?? 0;
    if (sample !== undefined) sample.value = index === counts.length ? sum : total;
  }
}

/** Of all series, one after the other: cumulative counts of the buckets, then the sum. */
function valuesOf(series: readonly SeriesCounts[], { bounds }: Shape): Float64Array {
  const values = new Float64Array(series.length * (bounds.length + 1));
  let at = 0;
  for (const { counts, sum } of series) {
    let total = 0;
    for (let index = 0; index < counts.length; index += 1) {
      total += counts[index] ?? 0;
      values[at] = total;
      at += 1;
    }
    values[at] = sum;
    at += 1;
  }
  return values;
}

/** Series in one piece. */
const SERIES = 32;

function snapshotOf(frame: Frame, shape: Shape, all: ReadonlyMap<string, SeriesCounts>): Snapshot {
  let series: readonly SeriesCounts[] | null = null;
  let values: Float64Array | null = null;
  const each = shape.bounds.length + 1;
  return {
    freeze() {
      series ??= [...all.values()];
      values = valuesOf(series, shape);
    },
    *pieces() {
      series ??= [...all.values()];
      const write = createWriter(shape);
      yield frame.start;
      for (let from = 0; from < series.length; from += SERIES) {
        const some = series.slice(from, from + SERIES);
        // Others may have had their turn since the last piece.
        yield write(some, values?.subarray(from * each, (from + SERIES) * each) ?? valuesOf(some, shape));
      }
      yield frame.end;
    },
  };
}

function createWriter({ names, buckets, bounds, exemplars }: Shape) {
  const starts = bounds.map((bound) => `${names.bucket}{le="${bound}"`);
  return (series: readonly SeriesCounts[], values: Float64Array): string => {
    const parts: string[] = [];
    let at = 0;
    for (const { text, samples } of series) {
      const rest = text === '' ? '} ' : `,${text}} `;
      const exemplar = exemplars?.find(samples[0]?.labels ?? {}) ?? null;
      const shownAt = exemplar === null ? -1 : at + bucketOf(exemplar.value, buckets);
      for (const start of starts) {
        parts.push(start, rest, String(values[at]), '\n');
        if (at === shownAt && exemplar !== null) parts.splice(-1, 1, exemplarText(exemplar), '\n');
        at += 1;
      }
      const labels = text === '' ? ' ' : `{${text}} `;
      parts.push(names.sum, labels, valueText(values[at] ?? 0), '\n');
      parts.push(names.count, labels, String(values[at - 1]), '\n');
      at += 1;
    }
    return parts.join('');
  };
}

function exemplarText({ traceId, spanId, value, at }: Exemplar): string {
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${valueText(value)} ${at / 1000}`;
}
