// How long the probes that succeeded took, as a histogram.
import type { ProbeName } from '../core/events.ts';
import { PROBE_BUCKETS } from '../core/metrics.ts';
import type { Sample } from './sample.ts';

/** Immutable: an observation makes a new one. Seconds. */
export interface Durations {
  /** How many fell into each bucket of the catalogue and no lower one; the last is for those above all. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export const NO_DURATIONS: Durations = { counts: [...PROBE_BUCKETS.map(() => 0), 0], sum: 0 };

const BOUNDS: readonly string[] = [...PROBE_BUCKETS.map(String), '+Inf'];

export function observe({ counts, sum }: Durations, seconds: number): Durations {
  const index = PROBE_BUCKETS.findIndex((bound) => seconds <= bound);
  const bucket = index === -1 ? PROBE_BUCKETS.length : index;
  return { counts: counts.with(bucket, (counts[bucket] ?? 0) + 1), sum: sum + seconds };
}

/** Buckets count all that is below their bound, as Prometheus wants it. */
export function durationSamples(
  { counts, sum }: Durations,
  labels: { server: string; probe: ProbeName },
): Sample[] {
  const metric = 'probe_duration_seconds';
  let count = 0;
  const buckets = BOUNDS.map((le, index): Sample => {
    count += counts[index] ?? 0;
    return { metric, suffix: '_bucket', labels: { le, ...labels }, value: count };
  });
  return [
    ...buckets,
    { metric, suffix: '_sum', labels, value: sum },
    { metric, suffix: '_count', labels, value: count },
  ];
}
