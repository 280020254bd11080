// In-memory series store: only series that some rule reads, and only as far back as it reads.
import { SampleBuffer } from './sample-buffer.ts';
import { labelIn, type Labels, NAME, writeKey } from '../model/labels.ts';
import { matchesAll } from '../model/matcher.ts';
import type { Selection, Series, SeriesSource } from '../model/series-source.ts';

/** Series that a rule reads, and how far back it reads, ms. */
export interface RequiredSeries {
  readonly selector: Selection;
  readonly reach: number;
}

export interface SeriesStore extends SeriesSource {
  /**
   * Adds a sample, unless no rule reads its series or it is not newer than the last one. Faster when a series always
   * comes with the same `labels` object.
   */
  append(labels: Labels, time: number, value: number): void;
  /** Marks the end of a series; its next sample starts it again. */
  markStale(labels: Labels, time: number): void;
  /** Drops samples that are too old to be read at `time`, and series without samples. */
  prune(time: number): void;
  /** `bytes` counts samples without labels. */
  readonly size: { readonly series: number; readonly samples: number; readonly bytes: number };
}

export function createSeriesStore(required: readonly RequiredSeries[]): SeriesStore {
  return new SampleStore(required);
}

/** The series of one metric, by their labels. */
type Metric = Map<string, StoredSeries>;

interface StoredSeries {
  readonly buffer: SampleBuffer;
  readonly reach: number;
}

class SampleStore implements SeriesStore {
  readonly #metrics = new Map<string, Metric>();
  readonly #required: ReadonlyMap<string | null, readonly RequiredSeries[]>;
  /** By the labels object with which a series came first. */
  readonly #known = new WeakMap<Labels, StoredSeries>();
  /** Cached results, valid until a series is added or removed. */
  #selections = new WeakMap<Selection, readonly Series[]>();

  constructor(required: readonly RequiredSeries[]) {
    this.#required = groupByName(required);
  }

  append(labels: Labels, time: number, value: number): void {
    const stored = this.#known.get(labels) ?? this.#storedFor(labels);
    stored?.buffer.push(time, value, false);
  }

  markStale(labels: Labels, time: number): void {
    const stored = this.#metrics.get(labelIn(labels, NAME))?.get(writeKey(labels));
    stored?.buffer.push(time, Number.NaN, true);
  }

  prune(time: number): void {
    for (const [name, metric] of this.#metrics) {
      for (const [key, { buffer, reach }] of metric) {
        buffer.dropBefore(time - reach);
        if (buffer.length > 0) continue;
        metric.delete(key);
        this.#known.delete(buffer.labels);
        this.#selections = new WeakMap();
      }
      if (metric.size === 0) this.#metrics.delete(name);
    }
  }

  select(selection: Selection): readonly Series[] {
    const known = this.#selections.get(selection);
    if (known !== undefined) return known;
    const { name, matchers } = selection;
    const found = this.#buffers(name).filter(({ labels }) => matchesAll(matchers, labels));
    this.#selections.set(selection, found);
    return found;
  }

  get size(): SeriesStore['size'] {
    const all = this.#buffers(null);
    const total = (measure: (buffer: SampleBuffer) => number): number =>
      all.reduce((sum, buffer) => sum + measure(buffer), 0);
    return {
      series: all.length,
      samples: total(({ length }) => length),
      bytes: total(({ bytes }) => bytes),
    };
  }

  #buffers(name: string | null): SampleBuffer[] {
    const metrics = name === null ? [...this.#metrics.values()] : [this.#metrics.get(name) ?? new Map()];
    return metrics.flatMap((metric: Metric) => Array.from(metric.values(), ({ buffer }) => buffer));
  }

  #storedFor(labels: Labels): StoredSeries | null {
    const name = labelIn(labels, NAME);
    // No rule reads most samples: their labels need no check.
    if (!this.#required.has(name) && !this.#required.has(null)) return null;
    const key = writeKey(labels);
    const known = this.#metrics.get(name)?.get(key);
    if (known !== undefined) return known;
    const reach = this.#reachOf(labels, name);
    if (reach === null) return null;
    const stored = { buffer: new SampleBuffer(labels), reach };
    const metric = this.#metrics.get(name) ?? new Map<string, StoredSeries>();
    this.#metrics.set(name, metric.set(key, stored));
    this.#known.set(labels, stored);
    this.#selections = new WeakMap();
    return stored;
  }

  /** Longest time, ms, for which some rule reads a series with these labels; null when none does. */
  #reachOf(labels: Labels, name: string): number | null {
    const reaches = [...(this.#required.get(name) ?? []), ...(this.#required.get(null) ?? [])]
      .filter(({ selector }) => matchesAll(selector.matchers, labels))
      .map(({ reach }) => reach);
    return reaches.length === 0 ? null : Math.max(...reaches);
  }
}

function groupByName(required: readonly RequiredSeries[]): Map<string | null, RequiredSeries[]> {
  const names = new Map<string | null, RequiredSeries[]>();
  for (const series of required) {
    const { name } = series.selector;
    names.set(name, [...(names.get(name) ?? []), series]);
  }
  return names;
}
