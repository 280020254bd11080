// What one line of the exposition says, before it is written.
import { METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly metric: MetricName;
  readonly labels: Labels;
  readonly value: number;
}

/** The same for the same metric and label values, whatever the order of the labels. */
export function keyOf({ metric, labels }: Pick<Sample, 'metric' | 'labels'>): string {
  let key: string = metric;
  for (const label of Object.keys(METRICS[metric].labels)) key += `\0${labels[label]}`;
  return key;
}

export function isSameSeries(a: Sample, b: Sample | undefined): boolean {
  if (a.metric !== b?.metric) return false;
  return Object.keys(a.labels).every((label) => a.labels[label] === b.labels[label]);
}
