// Event counters by server, with the form in which they are saved to the state file and restored.
import type { MetricName } from '../core/metrics/metric-catalogue.ts';
import { keyOf, type Labels, type Sample } from './sample.ts';
import { readCounters, saveCounters, type SavedCounters } from './saved-counters.ts';

export interface CounterStore {
  /** @param by not negative; 0 makes the label set exist */
  add(metric: MetricName, labels: Labels, by: number): void;
  /** The counters with this value of the label `server`; null for those without that label. */
  samplesOf(server: string | null): Sample[];
  remove(server: string): void;
  save(): SavedCounters;
  /** Adds what an earlier life counted; servers not known yet keep theirs until they are. */
  restore(saved: unknown): void;
}

export function createCounterStore(): CounterStore {
  const counts = new Map<string | null, Map<string, Sample>>();

  function add(metric: MetricName, labels: Labels, by: number): void {
    const server = labels['server'] ?? null;
    const own = counts.get(server) ?? new Map<string, Sample>();
    const key = keyOf({ metric, labels });
    counts.set(server, own.set(key, { metric, labels, value: (own.get(key)?.value ?? 0) + by }));
  }

  function of(server: string | null): Sample[] {
    return [...(counts.get(server)?.values() ?? [])];
  }

  return {
    add,
    samplesOf: of,
    remove: (server) => void counts.delete(server),
    save: () => saveCounters([...counts.keys()].flatMap(of)),
    restore: (saved) => {
      for (const { metric, labels, value } of readCounters(saved)) add(metric, labels, value);
    },
  };
}
