// Readings of every metric of the catalogue with made-up values: counters that reset, states that flip, a server that vanishes.
import { everyLabelSet, type MetricDefinition } from '../../../src/core/metrics/metric-definition.ts';
import { fullMetricName, METRIC_NAMES, METRICS } from '../../../src/core/metrics/metric-catalogue.ts';
import type { MetricSample } from '../../../src/core/model/alert-rules.ts';

export const RESOLUTION = 15_000;
export const TARGET = { job: 'mcp-watchdog', instance: '127.0.0.1:9638' } as const;

export interface MadeUpReading {
  readonly at: number;
  readonly samples: readonly MetricSample[];
}

interface Source {
  readonly name: string;
  readonly labels: MetricSample['labels'];
  readonly next: (at: number) => number;
}

/** @param count readings, the first at `start`, ms since the epoch */
export function madeUpReadings(start: number, count: number): MadeUpReading[] {
  const random = sequence();
  const sources = ['a', 'b'].flatMap((server) => sourcesOf(server, random));
  const isThere = ({ labels }: Source, index: number): boolean =>
    labels['server'] !== 'b' || index < count * 0.4 || index > count * 0.6;
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * RESOLUTION;
    const present = sources.filter((source) => isThere(source, index));
    return { at, samples: present.map(({ name, labels, next }) => ({ name, labels, value: next(at) })) };
  });
}

function sourcesOf(server: string, random: () => number): Source[] {
  return METRIC_NAMES.flatMap((metric) => {
    const definition: MetricDefinition = METRICS[metric];
    if (!('server' in definition.labels) && server !== 'a') return [];
    const open = Object.keys(definition.labels).filter((label) => definition.labels[label] === null);
    const known = Object.fromEntries(
      open.map((label) => [label, label === 'server' ? server : `${label}-1`]),
    );
    return everyLabelSet(definition, known).flatMap((labels) =>
      sourcesOfSet(fullMetricName(metric), definition, { labels, random }),
    );
  });
}

function sourcesOfSet(
  name: string,
  { type, unit, buckets = [] }: MetricDefinition,
  { labels, random }: { labels: MetricSample['labels']; random: () => number },
): Source[] {
  if (type === 'counter') return [{ name, labels, next: counter(random) }];
  if (type === 'gauge') return [{ name, labels, next: gauge(unit, random) }];
  // Each bucket counts what the one below counts, and more.
  const own = [...buckets, Infinity].map(() => counter(random));
  const total = new Map<number, number>();
  const bounds = [...buckets.map(String), '+Inf'];
  return [
    ...bounds.map((le, index) => ({
      name: `${name}_bucket`,
      labels: { ...labels, le },
      next: (at: number) => {
        const below = index === 0 ? 0 : (total.get(at) ?? 0);
        total.set(at, below + (own[index]?.(at) ?? 0));
        return total.get(at) ?? 0;
      },
    })),
    { name: `${name}_sum`, labels, next: (at) => (total.get(at) ?? 0) * 0.125 },
    { name: `${name}_count`, labels, next: (at) => total.get(at) ?? 0 },
  ];
}

function counter(random: () => number): Source['next'] {
  let value = 0;
  return () => {
    if (random() < 0.002) value = 0;
    if (random() < 0.2) value += Math.floor(random() * 5);
    return value;
  };
}

function gauge(unit: MetricDefinition['unit'], random: () => number): Source['next'] {
  let value = unit === 'boolean' ? 1 : random() * 1e6;
  return (at) => {
    if (unit === 'info') return 1;
    if (random() > 0.3) return value;
    if (unit === 'boolean') value = random() < 0.8 ? 1 : 0;
    else if (unit === 'timestamp') value = (at - Math.floor(random() * 60_000)) / 1000;
    else value = unit === 'bytes' ? Math.floor(random() * 5e9) : random() * 10;
    return value;
  };
}

function sequence(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
