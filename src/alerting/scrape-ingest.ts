// Ingestion of /metrics samples into series, as a Prometheus scrape does: a series that vanished is marked stale.
import type { MetricSample } from '../core/model/alert-rules.ts';
import { labelIn, type Labels, NAME } from '../promql/model/labels.ts';
import { matchesAll } from '../promql/model/matcher.ts';
import type { PrometheusMajor } from '../promql/model/series-source.ts';
import { storedLabels } from '../promql/series/stored-labels.ts';
import type { RequiredSeries, SeriesStore } from '../promql/series/series-store.ts';

/** Labels that a scrape adds to every series. */
export interface ScrapeTarget {
  readonly job: string;
  /** Host and port. */
  readonly instance: string;
}

export interface ScrapeIngest {
  /** Stores one scrape at `at`, ms since the epoch. */
  readonly ingest: (samples: readonly MetricSample[], at: number) => void;
  /** Whether some rule reads metrics of this name. */
  readonly wants: (name: string) => boolean;
}

interface KnownSeries {
  readonly name: string;
  /** Null when no rule reads it. */
  readonly labels: Labels | null;
  seenInRound: number;
  /** It was marked stale; a series that comes back gets a new entry. */
  hasEnded: boolean;
}

const UP: MetricSample = { name: 'up', labels: {}, value: 1 };

export function createScrapeIngest(
  store: SeriesStore,
  required: readonly RequiredSeries[],
  { target, generation = 3 }: { target: ScrapeTarget; generation?: PrometheusMajor },
): ScrapeIngest {
  const catalogue = createCatalogue(required, { target, generation });
  const names = new Set(required.map(({ selector }) => selector.name));
  let round = 0;

  function append(sample: MetricSample, at: number): void {
    const series = catalogue.find(sample);
    series.seenInRound = round;
    if (series.labels !== null) store.append(series.labels, at, sample.value);
  }

  return {
    wants: (name) => names.has(null) || names.has(name),
    ingest(samples, at) {
      round += 1;
      for (const sample of samples) append(sample, at);
      append(UP, at);
      for (const labels of catalogue.dropUnless(({ seenInRound }) => seenInRound === round))
        store.markStale(labels, at);
    },
  };
}

/** Finds the series of a sample: by its labels object when that is the same as last time, else by name and values. */
function createCatalogue(
  required: readonly RequiredSeries[],
  { target, generation }: { target: ScrapeTarget; generation: PrometheusMajor },
) {
  const known = new Map<string, KnownSeries>();
  const byObject = new WeakMap<MetricSample['labels'], KnownSeries>();
  const isWanted = isReadBy(required);

  function findByText({ name, labels }: MetricSample): KnownSeries {
    let key = name;
    // The labels of one metric always come in the same order, so their values are enough.
    for (const label in labels) key += `\0${labels[label]}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const full = { ...storedLabels(name, labels, generation), ...target, __name__: name };
    const fresh = { name, labels: isWanted(full) ? full : null, seenInRound: 0, hasEnded: false };
    known.set(key, fresh);
    return fresh;
  }

  return {
    find(sample: MetricSample): KnownSeries {
      const known = byObject.get(sample.labels);
      if (known?.name === sample.name && !known.hasEnded) return known;
      const found = findByText(sample);
      byObject.set(sample.labels, found);
      return found;
    },
    /** Drops series and returns the labels of those that some rule reads. */
    dropUnless(stays: (one: KnownSeries) => boolean): Labels[] {
      const gone: Labels[] = [];
      for (const [key, one] of known) {
        if (stays(one)) continue;
        one.hasEnded = true;
        known.delete(key);
        if (one.labels !== null) gone.push(one.labels);
      }
      return gone;
    },
  };
}

function isReadBy(required: readonly RequiredSeries[]): (labels: Labels) => boolean {
  return (labels) =>
    required.some(
      ({ selector: { name, matchers } }) =>
        (name === null || name === labelIn(labels, NAME)) && matchesAll(matchers, labels),
    );
}
