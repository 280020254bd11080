// How counters are kept in the state file, and how much of what is found there can be believed.
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import { isMetricName, METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import { SERVER_NAME } from '../core/model/server-spec.ts';
import { isObject } from '../core/base/guards.ts';
import type { Labels, Sample } from './sample.ts';

/** Plain JSON: by metric, the label sets that have counted something. */
export type SavedCounters = Readonly<
  Record<string, readonly { readonly labels: Labels; readonly value: number }[]>
>;

/** Only counters that survive; zeros are left out. */
export function saveCounters(samples: Iterable<Sample>): SavedCounters {
  const saved: Record<string, { labels: Labels; value: number }[]> = {};
  for (const { metric, labels, value } of samples) {
    if (value > 0 && survives(METRICS[metric])) (saved[metric] ??= []).push({ labels, value });
  }
  return saved;
}

/** Whatever is not a counter that today's catalogue would make is left out: an older or newer version wrote it. */
export function readCounters(saved: unknown): Sample[] {
  if (!isObject(saved)) return [];
  return Object.entries(saved).flatMap(([name, entries]) =>
    isSurviving(name) && Array.isArray(entries) ? entries.flatMap((entry) => readEntry(name, entry)) : [],
  );
}

function readEntry(metric: MetricName, entry: unknown): Sample[] {
  if (!isObject(entry) || !isObject(entry['labels'])) return [];
  const { value } = entry;
  const labels = readLabels(METRICS[metric], entry['labels']);
  if (labels === null || typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return [];
  return [{ metric, labels, value }];
}

function readLabels(metric: MetricDefinition, saved: Readonly<Record<string, unknown>>): Labels | null {
  const labels: Record<string, string> = {};
  for (const [label, list] of Object.entries(metric.labels)) {
    const value = saved[label];
    if (typeof value !== 'string' || !(list === null ? SERVER_NAME.test(value) : list.includes(value)))
      return null;
    labels[label] = value;
  }
  return labels;
}

function isSurviving(name: string): name is MetricName {
  return isMetricName(name) && survives(METRICS[name]);
}

function survives(metric: MetricDefinition): boolean {
  return metric.survives === true && metric.later !== true;
}
