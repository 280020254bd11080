// Sample of a catalogued metric: one line of the exposition, before its prefix.
import type { MetricName } from '../core/metrics/metric-catalogue.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly metric: MetricName;
  readonly labels: Labels;
  readonly value: number;
}

/** Samples as they were before, but for the values at these places. */
export interface ChangedSamples {
  readonly samples: readonly Sample[];
  readonly changed: readonly number[];
}

/** Samples that change together; null for what is as it was. */
export type SampleGroup = readonly Sample[] | ChangedSamples | null;
