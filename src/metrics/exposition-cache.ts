// Cache of the exposition text by metric family: only families that changed are rendered again.
import type { Registry } from 'prom-client';

export interface ExpositionCache {
  /** The family, by its full name, is rendered again for the next text. */
  invalidate(family: string): void;
  /** What the registry held when this was called, in the order of registration. */
  text(): Promise<string>;
}

/**
 * To be created when every metric is registered.
 *
 * @param isTracked true for a family whose changes are reported to `invalidate`; the others are rendered each time
 */
export function createExpositionCache(
  registry: Registry,
  isTracked: (family: string) => boolean,
): ExpositionCache {
  const families = registry.getMetricsAsArray().map(({ name }) => name);
  const untracked = families.filter((family) => !isTracked(family));
  const stale = new Set(families);
  const texts = new Map<string, string>();

  return {
    invalidate: (family) => void stale.add(family),
    async text() {
      const names = [...new Set([...stale, ...untracked])];
      stale.clear();
      // All at once: each call takes its copy of the values before it waits.
      const rendered = await Promise.all(names.map((name) => registry.getSingleMetricAsString(name)));
      for (const [index, text] of rendered.entries()) texts.set(names[index] ?? '', text);
      // The content type of a prom-client registry must never be switched: that renames its counters for good.
      return `${families.map((family) => texts.get(family)).join('\n\n')}\n`;
    },
  };
}
