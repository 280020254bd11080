// Ingestion of /metrics samples into series, as a Prometheus scrape does: a series that vanished is marked stale.
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { PrometheusMajor } from '../promql/model/series-source.ts';
import { SampleMemo } from '../promql/series/sample-memo.ts';
import type { OpenSeries, RequiredSeries, SeriesStore } from '../promql/series/series-store.ts';
import { scrapedLabels, type ScrapeTarget, storedLabels } from '../promql/series/stored-labels.ts';

export type { ScrapeTarget };

export interface ScrapeIngest {
  /** Stores one scrape at `at`, ms since the epoch. */
  readonly ingest: (samples: readonly MetricSample[], at: number) => void;
  /** Whether some rule reads metrics of this name. */
  readonly wants: (name: string) => boolean;
}

/** Null when no rule reads it. */
interface KnownSeries {
  stored: OpenSeries | null;
}

const UP: MetricSample = { name: 'up', labels: {}, value: 1 };

export function createScrapeIngest(
  store: SeriesStore,
  required: readonly RequiredSeries[],
  { target, generation = 3 }: { target: ScrapeTarget; generation?: PrometheusMajor },
): ScrapeIngest {
  const names = new Set(required.map(({ selector }) => selector.name));
  let at = 0;

  function open({ name, labels }: Pick<MetricSample, 'name' | 'labels'>): OpenSeries | null {
    return store.open(scrapedLabels(name, storedLabels(name, labels, generation), target), at);
  }

  const known = new SampleMemo<KnownSeries>((sample) => ({ stored: open(sample) }));

  function append(sample: MetricSample): void {
    const series = known.find(sample);
    if (series.stored === null) return;
    if (series.stored.isGone) series.stored = open(sample);
    series.stored?.push(at, sample.value, false);
  }

  return {
    wants: (name) => names.has(null) || names.has(name),
    ingest(samples, moment) {
      at = moment;
      known.beginRound();
      for (const sample of samples) append(sample);
      append(UP);
      for (const { stored } of known.endRound())
        if (stored?.isGone === false) stored.push(at, Number.NaN, true);
    },
  };
}
