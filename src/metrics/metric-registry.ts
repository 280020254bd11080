// Metric registry that replaces all samples of one owner atomically and writes the exposition text.
import Registry from 'prom-client/lib/registry.js';
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import { fullMetricName, METRIC_NAMES, METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import { createFamily, type Family, type Line } from './exposition.ts';
import { createHistogram, type HistogramWriter, type LabelledHistogram } from './histogram.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import { isSameSeries, type Labels, type Sample } from './sample.ts';

export interface MetricRegistry {
  /** Sets the gauges and counters of `owner`; those it had before and that are not among them are removed. */
  replaceSamples(owner: string, samples: readonly Sample[]): void;
  /** @throws RangeError for a metric that the catalogue does not define as a histogram */
  histogram(metric: MetricName): HistogramWriter;
  /** The exposition of this moment: what changes while it is waited for is not in it. */
  text(): Promise<string>;
  /** The same as samples, of the metrics that are wanted. */
  samples(wants: (name: string) => boolean): Promise<readonly MetricSample[]>;
}

/**
 * The samples of one owner must not have a label set of another's. The client library gives the metrics of the process
 * only: it would look up each series by its labels again for each value, and write all lines of a family anew.
 */
export function createMetricRegistry(): MetricRegistry {
  const families = new Map<MetricName, Family>();
  const histograms = new Map<MetricName, LabelledHistogram>();
  for (const metric of METRIC_NAMES) {
    if (METRICS[metric].type === 'histogram') histograms.set(metric, openHistogram(metric));
    else families.set(metric, openFamily(metric));
  }
  const ofProcess = new Registry();
  registerProcessMetrics(ofProcess);
  const owners = createOwners(families);
  return {
    replaceSamples: owners.replace,
    histogram(metric) {
      const found = histograms.get(metric);
      if (found === undefined) throw new RangeError(`${metric} is no histogram`);
      return found;
    },
    async text() {
      // Taken before anything is waited for.
      const own = [...families.values(), ...histograms.values()].map((family) => family.text());
      return [...own, await ofProcess.metrics()].join('\n\n');
    },
    async samples(wants) {
      const own = owners.samples(wants);
      const observed = [...histograms.values()].flatMap((one) => one.samples(wants));
      return [...own, ...observed, ...(await readAll(ofProcess, wants))];
    },
  };
}

/** A sample as it stands in the text. */
interface Held {
  readonly metric: MetricName;
  /** The same object as long as the series is there: readers of samples recognise it by that. */
  readonly labels: Labels;
  value: number;
  readonly line: Line;
}

/** Sample sets by owner, and their difference to what the text holds. */
function createOwners(families: ReadonlyMap<MetricName, Family>) {
  const owners = new Map<string, readonly Held[]>();

  function add({ metric, labels, value }: Sample): Held | null {
    const line = families.get(metric)?.add(labels, value);
    return line === undefined ? null : { metric, labels, value, line };
  }

  function remove({ metric, line }: Held): void {
    families.get(metric)?.remove(line);
  }

  function set(held: Held, value: number): void {
    if (Object.is(held.value, value)) return;
    held.value = value;
    families.get(held.metric)?.set(held.line, value);
  }

  function replace(owner: string, samples: readonly Sample[]): void {
    const before = owners.get(owner) ?? [];
    // Nearly always the same series come in the same order, so that no series has to be looked up.
    const isSame = (index: number): boolean => {
      const sample = samples[index];
      return sample !== undefined && isSameSeries(sample, before[index]);
    };
    const stays = before.map((_, index) => isSame(index));
    const now: Held[] = [];
    for (const [index, held] of before.entries()) if (stays[index] !== true) remove(held);
    for (const [index, sample] of samples.entries()) {
      const known = stays[index] === true ? before[index] : undefined;
      if (known !== undefined) set(known, sample.value);
      const held = known ?? add(sample);
      if (held !== null) now.push(held);
    }
    if (now.length === 0) owners.delete(owner);
    else owners.set(owner, now);
  }

  function samples(wants: (name: string) => boolean): MetricSample[] {
    const named: MetricSample[] = [];
    for (const held of owners.values()) {
      for (const { metric, labels, value } of held) {
        const name = FULL_NAMES.get(metric) ?? '';
        if (wants(name)) named.push({ name, labels, value });
      }
    }
    return named;
  }

  return { replace, samples };
}

const FULL_NAMES = new Map(METRIC_NAMES.map((metric) => [metric, fullMetricName(metric)]));

/** The client library's metrics about the watchdog's own process. */
async function readAll(registry: Registry, wants: (name: string) => boolean): Promise<MetricSample[]> {
  const names = registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter(wants);
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

function openFamily(metric: MetricName): Family {
  const { type, help, labels }: MetricDefinition = METRICS[metric];
  const startsAtZero = Object.keys(labels).length === 0;
  return createFamily({ name: fullMetricName(metric), type, help, startsAtZero });
}

function openHistogram(metric: MetricName): LabelledHistogram {
  const { help, labels, buckets = [] }: MetricDefinition = METRICS[metric];
  return createHistogram({ name: fullMetricName(metric), help, labels: Object.keys(labels), buckets });
}
