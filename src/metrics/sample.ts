// Sample of a catalogued metric: one line of the exposition, before its prefix.
import { METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly metric: MetricName;
  readonly labels: Labels;
  readonly value: number;
}

/** The same text for the same metric and label values, whatever the order of the labels. */
export function seriesKey(metric: MetricName, labels: Labels): string {
  let key: string = metric;
  for (const label of Object.keys(METRICS[metric].labels)) key += `\0${labels[label]}`;
  return key;
}
