// In-memory series store: only series that some rule reads, and only as far back as it reads.
import { SampleBuffer } from './sample-buffer.ts';
import { labelIn, type Labels, NAME, writeKey } from '../model/labels.ts';
import { matchesAll } from '../model/matcher.ts';
import type { Selection, Series, SeriesSource } from '../model/series-source.ts';

/** What is read of which series, and how far back in ms. */
export interface RequiredSeries {
  readonly selector: Selection;
  readonly reach: number;
}

export interface SeriesStore extends SeriesSource {
  /**
   * Leaves out what nobody reads, and what is not newer than the last sample of its series.
   * Quicker when a series is always told by the same `labels` object.
   */
  append(labels: Labels, time: number, value: number): void;
  /** The series has ended; it begins anew with its next sample. */
  markStale(labels: Labels, time: number): void;
  /** Drops what is too old to be read at `time`, and series of which nothing is left. */
  prune(time: number): void;
  /** `bytes` of samples, without the labels. */
  readonly size: { readonly series: number; readonly samples: number; readonly bytes: number };
}

export function createSeriesStore(interests: readonly RequiredSeries[]): SeriesStore {
  return new SampleStore(interests);
}

/** The series of one metric, by their labels. */
type Metric = Map<string, Kept>;

interface Kept {
  readonly history: SampleBuffer;
  readonly reach: number;
}

class SampleStore implements SeriesStore {
  readonly #metrics = new Map<string, Metric>();
  readonly #interests: ReadonlyMap<string | null, readonly RequiredSeries[]>;
  /** By the object that a series was first told by. */
  readonly #known = new WeakMap<Labels, Kept>();
  /** Answers hold until a series comes or goes. */
  #answers = new WeakMap<Selection, readonly Series[]>();

  constructor(interests: readonly RequiredSeries[]) {
    this.#interests = byName(interests);
  }

  append(labels: Labels, time: number, value: number): void {
    const kept = this.#known.get(labels) ?? this.#keptFor(labels);
    kept?.history.push(time, value, false);
  }

  markStale(labels: Labels, time: number): void {
    const kept = this.#metrics.get(labelIn(labels, NAME))?.get(writeKey(labels));
    kept?.history.push(time, Number.NaN, true);
  }

  prune(time: number): void {
    for (const [name, metric] of this.#metrics) {
      for (const [key, { history, reach }] of metric) {
        history.dropBefore(time - reach);
        if (history.length > 0) continue;
        metric.delete(key);
        this.#known.delete(history.labels);
        this.#answers = new WeakMap();
      }
      if (metric.size === 0) this.#metrics.delete(name);
    }
  }

  select(selection: Selection): readonly Series[] {
    const known = this.#answers.get(selection);
    if (known !== undefined) return known;
    const { name, matchers } = selection;
    const found = this.#histories(name).filter(({ labels }) => matchesAll(matchers, labels));
    this.#answers.set(selection, found);
    return found;
  }

  get size(): SeriesStore['size'] {
    const all = this.#histories(null);
    const total = (measure: (history: SampleBuffer) => number): number =>
      all.reduce((sum, history) => sum + measure(history), 0);
    return {
      series: all.length,
      samples: total(({ length }) => length),
      bytes: total(({ bytes }) => bytes),
    };
  }

  #histories(name: string | null): SampleBuffer[] {
    const metrics = name === null ? [...this.#metrics.values()] : [this.#metrics.get(name) ?? new Map()];
    return metrics.flatMap((metric: Metric) => Array.from(metric.values(), ({ history }) => history));
  }

  #keptFor(labels: Labels): Kept | null {
    const name = labelIn(labels, NAME);
    // Most of what is told is read by nobody: its labels need no look.
    if (!this.#interests.has(name) && !this.#interests.has(null)) return null;
    const key = writeKey(labels);
    const known = this.#metrics.get(name)?.get(key);
    if (known !== undefined) return known;
    const reach = this.#reachOf(labels, name);
    if (reach === null) return null;
    const kept = { history: new SampleBuffer(labels), reach };
    const metric = this.#metrics.get(name) ?? new Map<string, Kept>();
    this.#metrics.set(name, metric.set(key, kept));
    this.#known.set(labels, kept);
    this.#answers = new WeakMap();
    return kept;
  }

  /** How far back somebody looks at a series of these labels; null when nobody does. */
  #reachOf(labels: Labels, name: string): number | null {
    const reaches = [...(this.#interests.get(name) ?? []), ...(this.#interests.get(null) ?? [])]
      .filter(({ selector }) => matchesAll(selector.matchers, labels))
      .map(({ reach }) => reach);
    return reaches.length === 0 ? null : Math.max(...reaches);
  }
}

function byName(interests: readonly RequiredSeries[]): Map<string | null, RequiredSeries[]> {
  const names = new Map<string | null, RequiredSeries[]>();
  for (const interest of interests) {
    const { name } = interest.selector;
    names.set(name, [...(names.get(name) ?? []), interest]);
  }
  return names;
}
