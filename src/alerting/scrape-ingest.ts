// Ingestion of /metrics samples into series, as a Prometheus scrape does: a series that vanished is marked stale.
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { Labels } from '../promql/model/labels.ts';
import type { RequiredSeries, SeriesStore } from '../promql/series/series-store.ts';

/** Whose metrics they are: the labels that a scrape adds. */
export interface ScrapeTarget {
  readonly job: string;
  /** Host and port. */
  readonly instance: string;
}

export interface ScrapeIngest {
  /** One scrape at `at`, ms since the epoch. */
  readonly ingest: (readings: readonly MetricSample[], at: number) => void;
  /** Whether some rule reads metrics of this name. */
  readonly wants: (name: string) => boolean;
}

interface Known {
  readonly name: string;
  /** Null when no rule reads it. */
  readonly labels: Labels | null;
  seenIn: number;
  /** Its series has ended; one that comes again is another. */
  hasEnded: boolean;
}

const UP: MetricSample = { name: 'up', labels: {}, value: 1 };

export function createScrapeIngest(
  store: SeriesStore,
  interests: readonly RequiredSeries[],
  target: ScrapeTarget,
): ScrapeIngest {
  const catalogue = createCatalogue(interests, target);
  const names = new Set(interests.map(({ selector }) => selector.name));
  let round = 0;

  function take(reading: MetricSample, at: number): void {
    const series = catalogue.find(reading);
    series.seenIn = round;
    if (series.labels !== null) store.append(series.labels, at, reading.value);
  }

  return {
    wants: (name) => names.has(null) || names.has(name),
    ingest(readings, at) {
      round += 1;
      for (const reading of readings) take(reading, at);
      take(UP, at);
      for (const labels of catalogue.dropUnless(({ seenIn }) => seenIn === round))
        store.markStale(labels, at);
    },
  };
}

/** Which series a reading belongs to: by the object of its labels where that is the same as the last time, else by its words. */
function createCatalogue(interests: readonly RequiredSeries[], target: ScrapeTarget) {
  const known = new Map<string, Known>();
  const byObject = new WeakMap<MetricSample['labels'], Known>();
  const isWanted = interestIn(interests);

  function findByWords({ name, labels }: MetricSample): Known {
    let key = name;
    // The labels of a metric always come in the same order, so that their values are enough.
    for (const label in labels) key += `\0${labels[label]}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const full = { ...labels, ...target, __name__: name };
    const fresh = { name, labels: isWanted(full) ? full : null, seenIn: 0, hasEnded: false };
    known.set(key, fresh);
    return fresh;
  }

  return {
    find(reading: MetricSample): Known {
      const known = byObject.get(reading.labels);
      if (known?.name === reading.name && !known.hasEnded) return known;
      const found = findByWords(reading);
      byObject.set(reading.labels, found);
      return found;
    },
    /** The labels of those that went, as far as somebody reads them. */
    dropUnless(stays: (one: Known) => boolean): Labels[] {
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

function interestIn(interests: readonly RequiredSeries[]): (labels: Labels) => boolean {
  return (labels) =>
    interests.some(
      ({ selector: { name, matchers } }) =>
        (name === null || name === labels['__name__']) &&
        matchers.every(({ label, matches }) => matches(labels[label] ?? '')),
    );
}
