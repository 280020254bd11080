// Feed of the history store: one reading of all exported samples, as a Prometheus scrape would store it.
import type { MetricSample } from '../../core/model/alert-rules.ts';
import type { Labels } from '../../promql/model/labels.ts';
import type { HistoryStore, StoredSeries } from './history-store.ts';
import { isThinned } from './thin-samples.ts';

/** Labels that a scrape adds to every series. */
export interface ScrapeTarget {
  readonly job: string;
  /** Host and port. */
  readonly instance: string;
}

interface Reading {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly samples: readonly MetricSample[];
  /** With all their labels but the metric name, which is `ALERTS` or the like: nothing is added to them. */
  readonly derived: readonly MetricSample[];
}

export interface HistoryFeed {
  /** Stores one reading; ignored when it is not newer than the last one. */
  ingest(reading: Reading): void;
  /** Marks every series as ended at `at`: nobody measured from here on. */
  endAll(at: number): void;
}

interface Slot {
  readonly name: string;
  readonly labels: MetricSample['labels'];
  /** Null for a sample that is left out. */
  readonly series: StoredSeries | null;
}

export function createHistoryFeed(store: HistoryStore, target: ScrapeTarget): HistoryFeed {
  const own = createSlots(store, (name, labels) => ({ ...labels, ...target, __name__: name }));
  const derived = createSlots(store, (name, labels) => ({ ...labels, __name__: name }));
  const up: MetricSample = { name: 'up', labels: {}, value: 1 };
  let seen = new Set<StoredSeries>();

  return {
    ingest({ at, samples, derived: others }) {
      const tick = store.beginTick(at);
      if (tick === null) return;
      const now = new Set<StoredSeries>();
      const set = (series: StoredSeries | null, value: number): void => {
        if (series === null) return;
        store.set(series, tick, value);
        now.add(series);
      };
      own.each([...samples, up], set);
      derived.each(others, set);
      for (const series of seen.size === 0 ? store.live() : seen)
        if (!now.has(series)) store.end(series, tick);
      seen = now;
    },
    endAll(at) {
      const tick = store.beginTick(at);
      if (tick === null) return;
      for (const series of store.live()) store.end(series, tick);
      seen = new Set();
    },
  };
}

/** Series of a list of samples: nearly always the same samples come in the same order, so that no text has to be built. */
function createSlots(
  store: HistoryStore,
  fullLabels: (name: string, labels: MetricSample['labels']) => Labels,
) {
  let slots: Slot[] = [];
  const byText = new Map<string, StoredSeries>();

  function find({ name, labels }: MetricSample): StoredSeries | null {
    if (isThinned(name, labels)) return null;
    let key = name;
    // The labels of one metric always come in the same order, so their names are not needed.
    for (const label in labels) key += `\0${labels[label]}`;
    const known = byText.get(key);
    if (known?.isGone === false) return known;
    const series = store.series(fullLabels(name, labels));
    byText.set(key, series);
    return series;
  }

  function slotOf(sample: MetricSample, before: Slot | undefined): Slot {
    const isSame =
      before?.name === sample.name && before.labels === sample.labels && before.series?.isGone !== true;
    return isSame ? before : { name: sample.name, labels: sample.labels, series: find(sample) };
  }

  /** Entries of series that are gone would otherwise stay for ever. */
  function forget(): void {
    for (const [key, series] of byText) if (series.isGone) byText.delete(key);
  }

  return {
    each(samples: readonly MetricSample[], set: (series: StoredSeries | null, value: number) => void): void {
      slots = samples.map((sample, index) => slotOf(sample, slots[index]));
      for (const [index, { value }] of samples.entries()) set(slots[index]?.series ?? null, value);
      if (byText.size > 2 * slots.length + 64) forget();
    },
  };
}
