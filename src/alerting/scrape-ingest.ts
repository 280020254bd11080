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

const UP: MetricSample = { name: 'up', labels: {}, value: 1 };

export function createScrapeIngest(
  store: SeriesStore,
  required: readonly RequiredSeries[],
  { target, generation = 3 }: { target: ScrapeTarget; generation?: PrometheusMajor },
): ScrapeIngest {
  const names = new Set(required.map(({ selector }) => selector.name));
  let at = 0;

  function open(sample: Pick<MetricSample, 'name' | 'labels'>): OpenSeries | null {
    const labels = storedLabels(sample.name, sample.labels, generation);
    return store.open(
      scrapedLabels(labels === sample.labels ? sample : { name: sample.name, labels }, target),
      at,
    );
  }

  /** Null for a series that no rule reads. */
  const known = new SampleMemo<OpenSeries | null>(open);

  const isGone = (series: OpenSeries | null): boolean => series?.isGone === true;
  const append = (sample: MetricSample): void => known.find(sample, isGone)?.push(at, sample.value, false);

  return {
    wants: (name) => names.has(null) || names.has(name),
    ingest(samples, moment) {
      at = moment;
      known.beginRound();
      // Not by an iterator, which makes an object for each of hundreds.
      for (let index = 0; index < samples.length; index += 1) {
        const sample = samples[index];
        if (sample !== undefined) append(sample);
      }
      append(UP);
      // Ignored where the very series was shown as a new one.
      for (const series of known.endRound()) if (series?.isGone === false) series.push(at, Number.NaN, true);
    },
  };
}
