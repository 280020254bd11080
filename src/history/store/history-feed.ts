// Feed of the history store: one reading of all exported samples, as a Prometheus scrape would store it.
import type { MetricSample } from '../../core/model/alert-rules.ts';
import { SampleMemo } from '../../promql/series/sample-memo.ts';
import { scrapedLabels, type ScrapeTarget } from '../../promql/series/stored-labels.ts';
import type { HistoryStore, StoredSeries } from './history-store.ts';
import { isThinned } from './thin-samples.ts';

export type { ScrapeTarget };

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

export function createHistoryFeed(store: HistoryStore, target: ScrapeTarget): HistoryFeed {
  const own = createSlots(store, target);
  const derived = createSlots(store, null);
  const up: MetricSample = { name: 'up', labels: {}, value: 1 };
  /** What the store had already may be shown no more. */
  let isFirst = true;

  return {
    ingest({ at, samples, derived: others }) {
      const tick = store.beginTick(at);
      if (tick === null) return;
      const set = (series: StoredSeries, value: number): void => store.set(series, tick, value);
      const ended = [...own.each([...samples, up], set), ...derived.each(others, set)];
      // A series that is shown as a new one, with other objects, has not ended.
      for (const series of ended)
        if (series?.isGone === false && series.setAt !== tick) store.end(series, tick);
      if (isFirst) for (const series of store.live()) if (series.setAt !== tick) store.end(series, tick);
      isFirst = false;
    },
    endAll(at) {
      const tick = store.beginTick(at);
      if (tick === null) return;
      for (const series of store.live()) store.end(series, tick);
      isFirst = true;
    },
  };
}

/** @param target of which all series get labels; null for none */
function createSlots(store: HistoryStore, target: ScrapeTarget | null) {
  const open = (sample: Pick<MetricSample, 'name' | 'labels'>): StoredSeries | null =>
    isThinned(sample.name, sample.labels) ? null : store.series(scrapedLabels(sample, target));
  /** Null for a sample that is left out. */
  const known = new SampleMemo<StoredSeries | null>(open);
  const isGone = (series: StoredSeries | null): boolean => series?.isGone === true;

  return {
    /** Returns the series that were shown last time and are not any more. */
    each(
      samples: readonly MetricSample[],
      set: (series: StoredSeries, value: number) => void,
    ): (StoredSeries | null)[] {
      known.beginRound();
      // Not by an iterator, which makes an object for each of hundreds.
      for (let index = 0; index < samples.length; index += 1) {
        const sample = samples[index];
        const series = sample === undefined ? null : known.find(sample, isGone);
        if (sample !== undefined && series !== null) set(series, sample.value);
      }
      return known.endRound();
    },
  };
}
