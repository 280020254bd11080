// Sample of a catalogued metric: one line of the exposition, before its prefix.
import type { MetricName } from '../core/metrics/metric-catalogue.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly metric: MetricName;
  readonly labels: Labels;
  readonly value: number;
}
