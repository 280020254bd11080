// The recent past, kept in memory: only of series that some rule reads, and only as far back as it looks.
import { keyOf, type Labels, NAME } from './labels.ts';
import { createRing, type Ring } from './ring.ts';
import type { SeriesSource } from './source.ts';
import type { Matcher } from './syntax.ts';

/** What is read of which series, and how far back in ms. */
export interface Interest {
  readonly selector: { readonly name: string | null; readonly matchers: readonly Matcher[] };
  readonly reach: number;
}

export interface Store extends SeriesSource {
  /** Leaves out what nobody reads, and what is not newer than the last sample of its series. */
  append(labels: Labels, time: number, value: number): void;
  /** The series has ended; it begins anew with its next sample. */
  markStale(labels: Labels, time: number): void;
  /** Drops what is too old to be read at `time`, and series of which nothing is left. */
  prune(time: number): void;
  readonly size: { readonly series: number; readonly samples: number };
}

interface Kept {
  readonly ring: Ring;
  readonly reach: number;
}

export function createStore(interests: readonly Interest[]): Store {
  /** By metric name, then by labels. */
  const metrics = new Map<string, Map<string, Kept>>();
  const wanted = reachOf(interests);

  function keptFor(labels: Labels): Kept | null {
    const name = labels[NAME] ?? '';
    const key = keyOf(labels);
    const known = metrics.get(name)?.get(key);
    if (known !== undefined) return known;
    const reach = wanted(labels);
    if (reach === null) return null;
    const kept = { ring: createRing(labels), reach };
    const metric = metrics.get(name) ?? new Map<string, Kept>();
    metrics.set(name, metric.set(key, kept));
    return kept;
  }

  function pruneMetric(metric: Map<string, Kept>, time: number): void {
    for (const [key, { ring, reach }] of metric) {
      ring.dropBefore(time - reach);
      if (ring.length === 0) metric.delete(key);
    }
  }

  return {
    append: (labels, time, value) => keptFor(labels)?.ring.push(time, value, false),
    markStale(labels, time) {
      metrics
        .get(labels[NAME] ?? '')
        ?.get(keyOf(labels))
        ?.ring.push(time, Number.NaN, true);
    },
    prune(time) {
      for (const [name, metric] of metrics) {
        pruneMetric(metric, time);
        if (metric.size === 0) metrics.delete(name);
      }
    },
    series(name) {
      const chosen = name === null ? [...metrics.values()] : [metrics.get(name) ?? new Map<string, Kept>()];
      return chosen.flatMap((metric) => [...metric.values()].map(({ ring }) => ring));
    },
    get size() {
      const all = [...metrics.values()].flatMap((metric) => [...metric.values()]);
      return { series: all.length, samples: all.reduce((sum, { ring }) => sum + ring.length, 0) };
    },
  };
}

/** How far back somebody looks at a series of these labels; null when nobody does. */
function reachOf(interests: readonly Interest[]): (labels: Labels) => number | null {
  const byName = new Map<string | null, Interest[]>();
  for (const interest of interests) {
    const { name } = interest.selector;
    byName.set(name, [...(byName.get(name) ?? []), interest]);
  }
  return (labels) => {
    const reaches = [...(byName.get(labels[NAME] ?? '') ?? []), ...(byName.get(null) ?? [])]
      .filter(({ selector }) => selector.matchers.every(({ label, matches }) => matches(labels[label] ?? '')))
      .map(({ reach }) => reach);
    return reaches.length === 0 ? null : Math.max(...reaches);
  };
}
