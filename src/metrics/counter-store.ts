// Event counters by server, with the form in which they are saved to the state file and restored.
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import { isMetricName, METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import { SERVER_NAME } from '../core/model/server-spec.ts';
import { isObject } from '../core/base/guards.ts';
import type { Labels, Sample } from './sample.ts';

export interface CounterStore {
  /** @param by not negative; 0 makes the label set exist */
  add(metric: MetricName, labels: Labels, by: number): void;
  /** The counters with this value of the label `server`; null for those without that label. The same objects each time. */
  samplesOf(server: string | null): readonly Sample[];
  /** Returns where in `samplesOf` values have changed since it was asked last; null when there are others than then. */
  takeChanged(server: string | null): readonly number[] | null;
  remove(server: string): void;
  save(): SavedCounters;
  /** Adds saved counters; those of servers that are not known yet are kept until they are. */
  restore(saved: unknown): void;
}

/** Plain JSON: by metric, the label sets that have counted something. */
export type SavedCounters = Readonly<
  Record<string, readonly { readonly labels: Labels; readonly value: number }[]>
>;

export function createCounterStore(): CounterStore {
  const counters = new Map<string | null, ServerCounts>();

  function add(metric: MetricName, labels: Labels, by: number): void {
    const server = labels['server'] ?? null;
    const own = counters.get(server) ?? noCounts();
    if (own.samples.length === 0) counters.set(server, own);
    const key = keyOf(metric, labels);
    const at = own.places.get(key);
    const known = at === undefined ? undefined : own.samples[at];
    if (at === undefined || known === undefined) {
      own.places.set(key, own.samples.length);
      own.samples.push({ metric, labels, value: by });
      own.changed = null;
    } else if (by !== 0) {
      known.value += by;
      noteChange(own, at);
    }
  }

  const samplesOf = (server: string | null): readonly Sample[] => counters.get(server)?.samples ?? [];

  return {
    add,
    samplesOf,
    takeChanged(server) {
      const own = counters.get(server);
      const changed = own?.changed ?? null;
      if (own !== undefined && (changed === null || changed.length > 0)) own.changed = [];
      return changed;
    },
    remove: (server) => void counters.delete(server),
    save: () => saveCounters(counters.values()),
    restore: (saved) => {
      for (const { metric, labels, value } of readCounters(saved)) add(metric, labels, value);
    },
  };
}

interface ServerCounts {
  readonly samples: { -readonly [Key in keyof Sample]: Sample[Key] }[];
  /** In `samples`, by key. */
  readonly places: Map<string, number>;
  /** Places whose values have changed; null when it may be any. */
  changed: number[] | null;
}

function noCounts(): ServerCounts {
  return { samples: [], places: new Map(), changed: null };
}

/** Nobody may ever ask. */
function noteChange(own: ServerCounts, at: number): void {
  if (own.changed === null) return;
  if (own.changed.length < own.samples.length) own.changed.push(at);
  else own.changed = null;
}

/** Keys that many servers have: each is there once. */
const keys = new Map<string, string>();
const MOST_KEYS = 1000;

/** The same text for the same metric and label values but that of `server`, whatever the order of the labels. */
function keyOf(metric: MetricName, labels: Labels): string {
  let key: string = metric;
  for (const label in METRICS[metric].labels) if (label !== 'server') key += `\0${labels[label]}`;
  const known = keys.get(key);
  if (known === undefined && keys.size < MOST_KEYS) keys.set(key, key);
  return known ?? key;
}

/** Only counters that survive a restart; zeros are left out, which most are. */
function saveCounters(all: Iterable<ServerCounts>): SavedCounters {
  const saved: Record<string, { labels: Labels; value: number }[]> = {};
  for (const { samples } of all)
    for (let index = 0; index < samples.length; index += 1) {
      const sample = samples[index];
      if (sample === undefined || sample.value <= 0) continue;
      const { metric, labels, value } = sample;
      if (METRICS[metric].survives === true) (saved[metric] ??= []).push({ labels, value });
    }
  return saved;
}

/** Drops every counter that today's catalogue would not make: an older or newer version wrote it. */
function readCounters(saved: unknown): Sample[] {
  if (!isObject(saved)) return [];
  return Object.entries(saved).flatMap(([name, entries]) =>
    isMetricName(name) && METRICS[name].survives === true && Array.isArray(entries)
      ? entries.flatMap((entry) => readCounter(name, entry))
      : [],
  );
}

function readCounter(metric: MetricName, entry: unknown): Sample[] {
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
