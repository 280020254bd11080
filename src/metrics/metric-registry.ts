// Metric registry that replaces all samples of one owner atomically and renders the exposition text.
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Registry from 'prom-client/lib/registry.js';
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import { fullMetricName, METRIC_NAMES, METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import { createExpositionCache, type ExpositionCache } from './exposition-cache.ts';
import { createHistogram, type HistogramWriter, type LabelledHistogram } from './histogram.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import { isSameSeries, type Labels, type Sample } from './sample.ts';

export interface MetricRegistry {
  /** Sets the gauges and counters of `owner`; those it had before and that are not among them are removed. */
  replaceSamples(owner: string, samples: readonly Sample[]): void;
  /** @throws RangeError for a metric that the catalogue does not define as a histogram */
  histogram(metric: MetricName): HistogramWriter;
  /** The exposition of this moment: what changes while it is rendered is not in it. */
  text(): Promise<string>;
  /** The same as samples, of the metrics that are wanted. */
  samples(wants: (name: string) => boolean): Promise<readonly MetricSample[]>;
}

type Instrument = Gauge | Counter;

/** The samples of one owner must not have a label set of another's. */
export function createMetricRegistry(): MetricRegistry {
  const registry = new Registry();
  const instruments = new Map<MetricName, Instrument>();
  const histograms = new Map<MetricName, LabelledHistogram>();
  for (const metric of METRIC_NAMES)
    if (METRICS[metric].type !== 'histogram') instruments.set(metric, openInstrument(metric, registry));
  for (const metric of METRIC_NAMES)
    if (METRICS[metric].type === 'histogram')
      histograms.set(
        metric,
        openHistogram(metric, registry, () => cache.invalidate(fullMetricName(metric))),
      );
  registerProcessMetrics(registry);
  const cache = createExpositionCache(registry, (family) => CATALOGUED.has(family));
  const owners = createOwners(instruments, cache);
  return {
    replaceSamples: owners.replace,
    histogram(metric) {
      const found = histograms.get(metric);
      if (found === undefined) throw new RangeError(`${metric} is no histogram`);
      return found;
    },
    text: () => cache.text(),
    async samples(wants) {
      // Taken before anything is waited for.
      const own = owners.all().flatMap((samples) => fullNamed(samples, wants));
      const observed = [...histograms.values()].flatMap((one) => one.samples(wants));
      return [...own, ...observed, ...(await readUncatalogued(registry, wants))];
    },
  };
}

/** Sample sets by owner, and their difference to what the instruments hold. */
function createOwners(instruments: ReadonlyMap<MetricName, Instrument>, cache: ExpositionCache) {
  const owners = new Map<string, readonly Sample[]>();

  function set(sample: Sample, previous: number | undefined): void {
    if (sample.value === previous) return;
    cache.invalidate(fullMetricName(sample.metric));
    write(instruments.get(sample.metric), sample, previous);
  }

  function remove({ metric, labels }: Sample): void {
    cache.invalidate(fullMetricName(metric));
    instruments.get(metric)?.remove(labels);
  }

  function replace(owner: string, samples: readonly Sample[]): void {
    const before = owners.get(owner) ?? [];
    // Nearly always the same series come in the same order, so that no series has to be looked up.
    const stays = samples.map((sample, index) => isSameSeries(sample, before[index]));
    const same = (index: number): Sample | undefined => (stays[index] === true ? before[index] : undefined);
    for (const [index, sample] of before.entries()) if (stays[index] !== true) remove(sample);
    for (const [index, sample] of samples.entries()) set(sample, same(index)?.value);
    const now = samples.map((sample, index) => withLabelsOf(same(index), sample));
    if (now.length === 0) owners.delete(owner);
    else owners.set(owner, now);
  }

  return { replace, all: () => [...owners.values()] };
}

/** Keeps the labels object of before: readers of the samples recognise a series by it. */
function withLabelsOf(before: Sample | undefined, sample: Sample): Sample {
  return before === undefined ? sample : { ...sample, labels: before.labels };
}

const FULL_NAMES = new Map(METRIC_NAMES.map((metric) => [metric, fullMetricName(metric)]));
const CATALOGUED = new Set(FULL_NAMES.values());

function fullNamed(samples: readonly Sample[], wants: (name: string) => boolean): MetricSample[] {
  const named: MetricSample[] = [];
  for (const { metric, labels, value } of samples) {
    const name = FULL_NAMES.get(metric) ?? '';
    if (wants(name)) named.push({ name, labels, value });
  }
  return named;
}

/** The client library's metrics about the watchdog's own process. */
async function readUncatalogued(
  registry: Registry,
  wants: (name: string) => boolean,
): Promise<MetricSample[]> {
  const names = registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => !CATALOGUED.has(name) && wants(name));
  const read = await Promise.all(names.map(async (name) => registry.getSingleMetric(name)?.get()));
  return read.flatMap((one) =>
    (one?.values ?? []).map(({ labels, value }) => ({
      name: one?.name ?? '',
      labels: labelTexts(labels),
      value,
    })),
  );
}

function labelTexts(labels: Readonly<Partial<Record<string, string | number>>>): Labels {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]));
}

function openInstrument(metric: MetricName, registry: Registry): Instrument {
  const { type, help, labels }: MetricDefinition = METRICS[metric];
  const options = {
    name: fullMetricName(metric),
    help,
    labelNames: Object.keys(labels),
    registers: [registry],
  };
  return type === 'gauge' ? new Gauge(options) : new Counter(options);
}

function openHistogram(metric: MetricName, registry: Registry, onChange: () => void): LabelledHistogram {
  const { help, labels, buckets = [] }: MetricDefinition = METRICS[metric];
  const name = fullMetricName(metric);
  return createHistogram({ name, help, labels: Object.keys(labels), buckets, registry, onChange });
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
