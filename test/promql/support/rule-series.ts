// Series by chance of every metric that the catalogue names, so that each rule has something to say.
import { everyLabelSet, type MetricDefinition } from '../../../src/core/metrics/metric-definition.ts';
import {
  fullMetricName,
  METRIC_NAMES,
  METRICS,
  PROCESS_METRICS,
} from '../../../src/core/metrics/metric-catalogue.ts';
import type { RuleGroup } from '../../../src/promql/rules/rule-file.ts';
import type { Sample } from '../../fakes/prometheus.ts';
import type { Random } from './random.ts';
import { counterStep, flagStep, type NextValue, randomTimes, type Step, walk } from './random-series.ts';

const INTERVAL = 60_000;
const INSTANCES = ['mac', 'linux'];
const SERVERS = ['files', 'web'];
const OPEN_LABELS = {
  package: 'p',
  version: '1.0',
  protocol_version: '2025-11-25',
  node_version: '22',
  collector: 'processes',
  alertname: 'A',
};

interface Span {
  readonly start: number;
  readonly end: number;
}

type Of = (labels: Sample['labels'], step: NextValue) => Sample[];

/** The metrics, what Prometheus adds of its own, and what the rules record for each other. */
export function ruleSeries(random: Random, span: Span, groups: readonly RuleGroup[]): Sample[] {
  return INSTANCES.flatMap((instance) => instanceSeries(random, span, { instance, groups }));
}

function instanceSeries(
  random: Random,
  span: Span,
  { instance, groups }: { instance: string; groups: readonly RuleGroup[] },
): Sample[] {
  const base = { job: 'mcp-watchdog', instance, fleet: 'laptops' };
  // A scrape brings all metrics at once.
  const times = randomTimes(random, { ...span, interval: INTERVAL });
  const of: Of = (labels, step) =>
    walk(random, { labels: { ...base, ...labels }, times: someOf(random, times), step });
  return [
    ...of({ __name__: 'up' }, flagStep),
    ...PROCESS_METRICS.flatMap(({ name }) => of({ __name__: name }, processStep(name))),
    ...METRIC_NAMES.flatMap((name) => metricSeries(fullMetricName(name), METRICS[name], of)),
    ...recordedNames(groups).flatMap((name) =>
      recordedLabels(name).flatMap((labels) => of({ __name__: name, ...labels }, shareStep)),
    ),
  ];
}

function metricSeries(name: string, metric: MetricDefinition, of: Of): Sample[] {
  const servers = 'server' in metric.labels ? SERVERS : [''];
  const sets = servers.flatMap((server) => everyLabelSet(metric, { ...OPEN_LABELS, server }));
  const step = stepOf(name, metric);
  if (metric.type !== 'histogram') return sets.flatMap((labels) => of({ __name__: name, ...labels }, step));
  return sets.flatMap((labels) =>
    ['0.1', '2.5', '+Inf'].flatMap((le) => of({ __name__: `${name}_bucket`, ...labels, le }, step)),
  );
}

/** Some miss a scrape now and then, or end earlier. */
function someOf(random: Random, times: readonly Step[]): Step[] {
  const last = random.chance(0.1) ? random.below(times.length) : times.length;
  return times.slice(0, last).filter(() => !random.chance(0.02));
}

function stepOf(name: string, { type, unit }: MetricDefinition): NextValue {
  if (type !== 'gauge') return counterStep;
  if (name.endsWith('memory_limit_bytes')) return () => 2000;
  switch (unit) {
    case 'boolean':
      return flagStep;
    case 'info':
      return () => 1;
    case 'timestamp':
      return timestampStep;
    case 'bytes':
      return (value, random) => Math.max(0, value + random.below(60) - 20);
    case 'seconds':
    case 'count':
      return (_, random) => random.below(40) / 4;
    default:
      return unit satisfies never;
  }
}

/** Mostly unchanged, so that it ages. */
function timestampStep(value: number, random: Random, time: number): number {
  return value < 1e6 || random.chance(0.05) ? Math.floor(time / 1000) - random.below(200) : value;
}

function processStep(name: string): NextValue {
  if (name === 'process_start_time_seconds') return timestampStep;
  return name === 'process_max_fds' ? () => 40 : (_, random) => random.below(40);
}

function shareStep(_: number, random: Random): number {
  return random.below(17) / 16;
}

function recordedNames(groups: readonly RuleGroup[]): string[] {
  const rules = groups.flatMap((group) => group.rules).filter(({ kind }) => kind === 'recording');
  return [...new Set(rules.map(({ name }) => name))];
}

function recordedLabels(name: string): Record<string, string>[] {
  if (!name.startsWith('server:')) return [{}];
  return SERVERS.flatMap((server) =>
    name.includes('errors') ? ['probes', 'uptime'].map((sli) => ({ server, sli })) : [{ server }],
  );
}
