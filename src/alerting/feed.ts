// How what /metrics shows becomes series, as if a Prometheus had scraped it: what vanished has ended.
import type { Reading } from '../core/alert-rules.ts';
import type { Labels } from '../promql/labels.ts';
import type { Interest, Store } from '../promql/store.ts';

/** Whose metrics they are: the labels that a scrape adds. */
export interface Target {
  readonly job: string;
  /** Host and port. */
  readonly instance: string;
}

export interface Feed {
  /** One scrape at `at`, ms since the epoch. */
  readonly take: (readings: readonly Reading[], at: number) => void;
  /** Whether some rule reads metrics of this name. */
  readonly wants: (name: string) => boolean;
}

interface Known {
  /** Null when no rule reads it. */
  readonly labels: Labels | null;
  seenIn: number;
}

const UP = 'up';

export function createFeed(store: Store, interests: readonly Interest[], target: Target): Feed {
  const known = new Map<string, Known>();
  const isWanted = interestIn(interests);
  const names = new Set(interests.map(({ selector }) => selector.name));
  let round = 0;

  function knownOf({ name, labels }: Reading): Known {
    let key = name;
    // The labels of a metric always come in the same order, so that their values are enough.
    for (const label in labels) key += `\0${labels[label]}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const full = { ...labels, ...target, __name__: name };
    const fresh = { labels: isWanted(full) ? full : null, seenIn: round };
    known.set(key, fresh);
    return fresh;
  }

  return {
    wants: (name) => names.has(null) || names.has(name),
    take(readings, at) {
      round += 1;
      for (const reading of [...readings, { name: UP, labels: {}, value: 1 }]) {
        const series = knownOf(reading);
        series.seenIn = round;
        if (series.labels !== null) store.append(series.labels, at, reading.value);
      }
      for (const [key, { labels, seenIn }] of known) {
        if (seenIn === round) continue;
        if (labels !== null) store.markStale(labels, at);
        known.delete(key);
      }
    },
  };
}

function interestIn(interests: readonly Interest[]): (labels: Labels) => boolean {
  return (labels) =>
    interests.some(
      ({ selector: { name, matchers } }) =>
        (name === null || name === labels['__name__']) &&
        matchers.every(({ label, matches }) => matches(labels[label] ?? '')),
    );
}
