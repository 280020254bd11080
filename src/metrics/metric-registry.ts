// Metric registry that replaces all samples of one owner atomically and renders the exposition text.
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import {
  METRIC_NAMES,
  METRIC_PREFIX,
  METRICS,
  type MetricName,
  PROBE_BUCKETS,
} from '../core/metrics/metric-catalogue.ts';
import { createHistogram, type HistogramWriter } from './histogram.ts';
import { createExpositionCache, type ExpositionCache } from './exposition-cache.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import { isSameSeries, type Labels, type Sample } from './sample.ts';

export interface MetricRegistry {
  /** From now on `owner` shows exactly these gauges and counters: what it showed before and is not among them is gone. */
  replaceSamples(owner: string, samples: readonly Sample[]): void;
  readonly probeDurations: HistogramWriter;
  /** Everything shown, as it was when this was called: what changes while the text is put together is not in it. */
  text(): Promise<string>;
  /** The same as samples, of the metrics that are wanted. */
  samples(wants: (name: string) => boolean): Promise<readonly MetricSample[]>;
}

type Instrument = Gauge | Counter;

/** The samples of one owner must not have a label set of another's. */
export function createMetricRegistry(): MetricRegistry {
  const registry = new Registry();
  const instruments = createInstruments(registry);
  const histogram = new Histogram({
    ...optionsOf('probe_duration_seconds', registry),
    buckets: [...PROBE_BUCKETS],
  });
  registerProcessMetrics(registry);
  const page = createExpositionCache(registry);
  const durations = createHistogram(histogram, page);
  const owners = createOwners(instruments, page);
  return {
    replaceSamples: owners.show,
    probeDurations: durations,
    text: () => page.text(),
    async samples(wants) {
      // Taken before anything is waited for.
      const own = owners.all().flatMap((samples) => readingsOf(samples, wants));
      const timed = durations.samples(wants);
      return [...own, ...timed, ...(await readOthers(registry, wants))];
    },
  };
}

function createOwners(instruments: ReadonlyMap<MetricName, Instrument>, page: ExpositionCache) {
  const owners = new Map<string, readonly Sample[]>();

  function put(sample: Sample, shown: number | undefined): void {
    if (sample.value === shown) return;
    page.invalidate(sample.metric);
    write(instruments.get(sample.metric), sample, shown);
  }

  function takeAway({ metric, labels }: Sample): void {
    page.invalidate(metric);
    instruments.get(metric)?.remove(labels);
  }

  function show(owner: string, samples: readonly Sample[]): void {
    const before = owners.get(owner) ?? [];
    // Nearly always the same series come in the same order, so that nothing has to be looked for.
    const stays = samples.map((sample, index) => isSameSeries(sample, before[index]));
    const same = (index: number): Sample | undefined => (stays[index] === true ? before[index] : undefined);
    for (const [index, shown] of before.entries()) if (stays[index] !== true) takeAway(shown);
    for (const [index, sample] of samples.entries()) put(sample, same(index)?.value);
    const now = samples.map((sample, index) => renewed(same(index), sample));
    if (now.length === 0) owners.delete(owner);
    else owners.set(owner, now);
  }

  return { show, all: () => [...owners.values()] };
}

/** The labels of before, the very object: whoever reads the samples knows the series by it. */
function renewed(before: Sample | undefined, sample: Sample): Sample {
  return before === undefined ? sample : { ...sample, labels: before.labels };
}

const FULL_NAMES = new Map(METRIC_NAMES.map((metric) => [metric, METRIC_PREFIX + metric]));

function readingsOf(samples: readonly Sample[], wants: (name: string) => boolean): MetricSample[] {
  const readings: MetricSample[] = [];
  for (const { metric, labels, value } of samples) {
    const name = FULL_NAMES.get(metric) ?? '';
    if (wants(name)) readings.push({ name, labels, value });
  }
  return readings;
}

/** What is not ours to count: the watchdog's own process. */
async function readOthers(registry: Registry, wants: (name: string) => boolean): Promise<MetricSample[]> {
  const names = registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => !name.startsWith(METRIC_PREFIX) && wants(name));
  const read = await Promise.all(names.map(async (name) => registry.getSingleMetric(name)?.get()));
  return read.flatMap((one) =>
    (one?.values ?? []).map(({ labels, value }) => ({
      name: one?.name ?? '',
      labels: textsOf(labels),
      value,
    })),
  );
}

function textsOf(labels: Readonly<Partial<Record<string, string | number>>>): Labels {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]));
}

function createInstruments(registry: Registry): Map<MetricName, Instrument> {
  const instruments = new Map<MetricName, Instrument>();
  for (const metric of METRIC_NAMES) {
    const { type, later }: MetricDefinition = METRICS[metric];
    if (later === true || type === 'histogram') continue;
    const options = optionsOf(metric, registry);
    instruments.set(metric, type === 'gauge' ? new Gauge(options) : new Counter(options));
  }
  return instruments;
}

function optionsOf(metric: MetricName, registry: Registry) {
  const { help, labels }: MetricDefinition = METRICS[metric];
  return { name: METRIC_PREFIX + metric, help, labelNames: Object.keys(labels), registers: [registry] };
}

function write(instrument: Instrument | undefined, { labels, value }: Sample, before = 0): void {
  if (instrument instanceof Gauge) instrument.set(labels, value);
  else if (value >= before) instrument?.inc(labels, value - before);
  else {
    // A server was removed and added again between two scrapes: another series, by the same name.
    instrument?.remove(labels);
    instrument?.inc(labels, value);
  }
}
