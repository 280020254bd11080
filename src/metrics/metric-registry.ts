// Metric registry that replaces all samples of one owner atomically and writes the exposition text.
import { setImmediate as nextTurn } from 'node:timers/promises';
import Registry from 'prom-client/lib/registry.js';
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import { fullMetricName, METRIC_NAMES, METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import { createFamily, type Family, type Line } from './exposition.ts';
import { createHistogram, type HistogramWriter, type LabelledHistogram } from './histogram.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import type { Labels, Sample } from './sample.ts';

/** Characters that are put together before others have a turn of the event loop; fifty servers have as many. */
const MOST_A_TURN = 512 * 1024;
/** Series of a histogram that are written in such a turn. */
const MOST_SERIES_A_TURN = 200;

export interface MetricRegistry {
  /**
   * Sets the gauges and counters of `owner`; those it had before and that are not among them are removed.
   *
   * @param common labels that all of them have, whether they name them or not
   */
  replaceSamples(owner: string, samples: readonly Sample[], common?: Labels): void;
  /** @throws RangeError for a metric that the catalogue does not define as a histogram */
  histogram(metric: MetricName): HistogramWriter;
  /** The exposition of this moment: what changes while it is waited for is not in it. */
  text(): Promise<Buffer>;
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
      for (const histogram of histograms.values())
        while (histogram.write(MOST_SERIES_A_TURN)) await nextTurn();
      // From here on nothing is waited for until all is taken.
      const taken = [...families.values(), ...histograms.values()].map((family) => family.take());
      const last = await ofProcess.metrics();
      // As bytes at once: of all texts together that would be one long piece of work.
      const pieces: Buffer[] = [];
      let written = 0;
      for (const putTogether of taken) {
        const piece = Buffer.from(`${putTogether()}\n\n`);
        pieces.push(piece);
        written += piece.length;
        if (written < MOST_A_TURN) continue;
        written = 0;
        await nextTurn();
      }
      return Buffer.concat([...pieces, Buffer.from(last)]);
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
  /** Those that the sample named. */
  readonly given: Labels;
  value: number;
  readonly line: Line;
}

/** Sample sets by owner, and their difference to what the text holds. */
function createOwners(families: ReadonlyMap<MetricName, Family>) {
  const owners = new Map<string, readonly Held[]>();

  function add({ metric, labels: given, value }: Sample, common: Labels): Held | null {
    const labels = { ...common, ...given };
    const line = families.get(metric)?.add(labels, value);
    return line === undefined ? null : { metric, labels, given, value, line };
  }

  function remove({ metric, line }: Held): void {
    families.get(metric)?.remove(line);
  }

  function set(held: Held, value: number): void {
    if (Object.is(held.value, value)) return;
    held.value = value;
    families.get(held.metric)?.set(held.line, value);
  }

  /** Nearly always the same series come in the same order: then only values are looked at. */
  function setInPlace(before: readonly Held[], samples: readonly Sample[]): boolean {
    if (before.length !== samples.length) return false;
    for (let index = 0; index < samples.length; index += 1)
      if (!isHeld(samples[index], before[index])) return false;
    for (let index = 0; index < samples.length; index += 1) {
      const held = before[index];
      if (held !== undefined) set(held, samples[index]?.value ?? 0);
    }
    return true;
  }

  function replace(owner: string, samples: readonly Sample[], common: Labels = {}): void {
    const before = owners.get(owner) ?? [];
    if (setInPlace(before, samples)) return;
    const stays = before.map((held, index) => isHeld(samples[index], held));
    const now: Held[] = [];
    for (const [index, held] of before.entries()) if (stays[index] !== true) remove(held);
    for (const [index, sample] of samples.entries()) {
      const known = stays[index] === true ? before[index] : undefined;
      if (known !== undefined) set(known, sample.value);
      const held = known ?? add(sample, common);
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

function isHeld(sample: Sample | undefined, held: Held | undefined): boolean {
  if (sample === undefined || held === undefined || sample.metric !== held.metric) return false;
  const { labels } = sample;
  const { given } = held;
  if (labels === given) return true;
  for (const label in labels) if (labels[label] !== given[label]) return false;
  return true;
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
