// In-memory series store: only series that some rule reads, and only as far back as it reads.
import { LabelIndex } from './label-index.ts';
import { SampleBuffer } from './sample-buffer.ts';
import { TimeColumn } from './time-column.ts';
import { labelIn, type Labels, NAME } from '../model/labels.ts';
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
  /** Finds or creates the series with these labels, for samples from `time` on; null when no rule reads it. */
  open(labels: Labels, time: number): OpenSeries | null;
  /** Marks the end of a series; its next sample starts it again. */
  markStale(labels: Labels, time: number): void;
  /** Drops samples that are too old to be read at `time`, and series without samples. */
  prune(time: number): void;
  /** `bytes` counts samples and their times, without labels. */
  readonly size: { readonly series: number; readonly samples: number; readonly bytes: number };
}

export function createSeriesStore(required: readonly RequiredSeries[]): SeriesStore {
  return new SampleStore(required);
}

/** A series of a store, found once for many samples. */
export interface OpenSeries {
  /** Nothing was left of it: it is to be opened anew. */
  readonly isGone: boolean;
  /** As `append` and `markStale` do. */
  push(time: number, value: number, isStale: boolean): void;
}

class StoredSeries extends SampleBuffer implements OpenSeries {
  readonly reach: number;
  isGone = false;

  constructor(labels: Labels, column: TimeColumn, reach: number) {
    super(labels, column);
    this.reach = reach;
  }
}

/** The series of one metric. */
type Metric = LabelIndex<StoredSeries>;

class SampleStore implements SeriesStore {
  readonly #metrics = new Map<string, Metric>();
  readonly #required: ReadonlyMap<string | null, readonly RequiredSeries[]>;
  /** By the labels object with which a series came first. */
  readonly #known = new WeakMap<Labels, StoredSeries>();
  /** Nearly always one: readings are of the same times for all series. */
  #columns: TimeColumn[] = [];
  /** Cached results, valid until a series is added or removed. */
  #selections = new WeakMap<Selection, readonly Series[]>();

  constructor(required: readonly RequiredSeries[]) {
    this.#required = groupByName(required);
  }

  append(labels: Labels, time: number, value: number): void {
    let stored = this.#known.get(labels);
    if (stored === undefined || stored.isGone) {
      stored = this.open(labels, time) ?? undefined;
      if (stored !== undefined) this.#known.set(labels, stored);
    }
    stored?.push(time, value, false);
  }

  markStale(labels: Labels, time: number): void {
    this.#metrics.get(labelIn(labels, NAME))?.get(labels)?.push(time, Number.NaN, true);
  }

  prune(time: number): void {
    const needed = new Map<TimeColumn, number>();
    for (const [name, metric] of this.#metrics) {
      for (const stored of metric.values()) {
        stored.dropBefore(time - stored.reach);
        if (stored.length > 0) {
          const { column, firstTick } = stored;
          if (firstTick < (needed.get(column) ?? Infinity)) needed.set(column, firstTick);
          continue;
        }
        metric.delete(stored);
        stored.isGone = true;
        this.#selections = new WeakMap();
      }
      if (metric.isEmpty) this.#metrics.delete(name);
    }
    this.#columns = [...needed.keys()];
    for (const [column, tick] of needed) column.dropFirst(tick - column.firstTick);
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
      bytes: total(({ bytes }) => bytes) + this.#columns.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  #buffers(name: string | null): StoredSeries[] {
    const metrics = name === null ? [...this.#metrics.values()] : [this.#metrics.get(name)];
    return metrics.flatMap((metric) => (metric === undefined ? [] : [...metric.values()]));
  }

  open(labels: Labels, time: number): StoredSeries | null {
    const name = labelIn(labels, NAME);
    // No rule reads most samples: their labels need no check.
    if (!this.#required.has(name) && !this.#required.has(null)) return null;
    const known = this.#metrics.get(name)?.get(labels);
    if (known !== undefined) return known;
    const reach = this.#reachOf(labels, name);
    if (reach === null) return null;
    const stored = new StoredSeries(labels, this.#columnAt(time), reach);
    const metric = this.#metrics.get(name) ?? new LabelIndex();
    metric.add(stored);
    this.#metrics.set(name, metric);
    this.#selections = new WeakMap();
    return stored;
  }

  /** A time that no column has begins a new one: in another it would be one at which the others have no sample. */
  #columnAt(time: number): TimeColumn {
    const known = this.#columns.find((column) => column.timeAt(column.tickFrom(time)) === time);
    if (known !== undefined) return known;
    const column = new TimeColumn();
    column.push(time);
    this.#columns.push(column);
    return column;
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
