// Cache of the exposition text by metric family: only families that changed are rendered again.
import type { Registry } from 'prom-client';
import { METRIC_PREFIX, type MetricName } from '../core/metrics/metric-catalogue.ts';

export interface ExpositionCache {
  /** The family no longer reads as it was written. */
  invalidate(metric: MetricName): void;
  /** What the registry held when this was called, in the order of registration. */
  text(): Promise<string>;
}

/** To be made when everything is registered. */
export function createExpositionCache(registry: Registry): ExpositionCache {
  const families = registry.getMetricsAsArray().map(({ name }) => name);
  // Ours tell when they change; the watchdog's own process metrics are read anew each time.
  const unannounced = families.filter((name) => !name.startsWith(METRIC_PREFIX));
  const spoiled = new Set(families);
  const texts = new Map<string, string>();

  return {
    invalidate: (metric) => void spoiled.add(METRIC_PREFIX + metric),
    async text() {
      const names = [...new Set([...spoiled, ...unannounced])];
      spoiled.clear();
      // All at once: each call takes its copy of the values before it waits.
      const written = await Promise.all(names.map((name) => registry.getSingleMetricAsString(name)));
      for (const [index, text] of written.entries()) texts.set(names[index] ?? '', text);
      // The content type of a prom-client registry must never be switched: that renames its counters for good.
      return `${families.map((name) => texts.get(name)).join('\n\n')}\n`;
    },
  };
}
