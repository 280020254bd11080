// Metric registry that replaces all samples of one owner atomically and writes the exposition text.
import { setImmediate as nextTurn } from 'node:timers/promises';
import Registry from 'prom-client/lib/registry.js';
import type { MetricSample } from '../core/model/alert-rules.ts';
import { type MetricDefinition, withLabel } from '../core/metrics/metric-definition.ts';
import { fullMetricName, METRIC_NAMES, METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import type { Exemplars } from './exemplars.ts';
import { createFamily, type Family, type Format, labelsText, type Line } from './exposition.ts';
import { asOpenMetrics } from './open-metrics.ts';
import { createHistogram, type HistogramWriter, type LabelledHistogram } from './histogram.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import type { Labels, Sample, SampleGroup, ChangedSamples } from './sample.ts';
import { createSeriesIds, type SeriesIds } from './series-ids.ts';

/** Bytes that are written before others have a turn of the event loop; thirty servers have as many. */
const MOST_A_TURN = 256 * 1024;

export interface MetricRegistry {
  /**
   * Sets the gauges and counters of `owner`; those it had before and that are not among them are removed.
   *
   * @param common labels that all of them have, whether they name them or not
   */
  replaceSamples(owner: string, samples: readonly Sample[], common?: Labels): void;
  /** The same for samples that change in groups, each in its place among the groups of `owner`. */
  replaceGroups(owner: string, groups: readonly SampleGroup[], common?: Labels): void;
  /** @throws RangeError for a metric that the catalogue does not define as a histogram */
  histogram(metric: MetricName): HistogramWriter;
  /** The exposition of this moment: what changes while it is waited for is not in it. */
  text(format?: Format): Promise<Buffer>;
  /**
   * The same as samples, of the metrics that are wanted. Those of servers are the same objects each time, so what is waited
   * for may change their values.
   */
  samples(wants: (name: string) => boolean): Promise<readonly MetricSample[]>;
}

/**
 * The samples of one owner must not have a label set of another's. The client library gives the metrics of the process
 * only: it would look up each series by its labels again for each value, and write all lines of a family anew.
 */
export function createMetricRegistry(exemplars?: Pick<Exemplars, 'find'>): MetricRegistry {
  const families = new Map<MetricName, Family>();
  const histograms = new Map<MetricName, LabelledHistogram>();
  const ids = createSeriesIds();
  for (const metric of METRIC_NAMES) {
    if (METRICS[metric].type === 'histogram') histograms.set(metric, openHistogram(metric, ids, exemplars));
    else families.set(metric, openFamily(metric, ids));
  }
  const ofProcess = new Registry();
  registerProcessMetrics(ofProcess);
  const owners = createOwners(families);
  const all = [...families.values(), ...histograms.values()];
  const lastSizes: Record<Format, number> = { text: 0, 'open-metrics': 0 };
  return {
    replaceSamples: (owner, samples, common) => owners.replace(owner, [samples], common),
    replaceGroups: owners.replace,
    histogram(metric) {
      const found = histograms.get(metric);
      if (found === undefined) throw new RangeError(`${metric} is no histogram`);
      return found;
    },
    async text(format = 'text') {
      // From here on nothing is waited for until all is taken.
      const taken = all.map((family) => family.take(format));
      const last = await ofProcess.metrics();
      const text = createGrowingText(lastSizes[format]);
      const ends: number[] = [];
      let inThisTurn = 0;
      for (const { bytes, pieces } of taken) {
        if (bytes !== null) {
          text.addLater(bytes);
          ends.push(text.length);
          continue;
        }
        for (const piece of pieces()) {
          text.add(piece);
          inThisTurn += piece.length;
          if (inThisTurn < MOST_A_TURN) continue;
          inThisTurn = 0;
          await nextTurn();
        }
        ends.push(text.length);
      }
      text.add(format === 'text' ? last : asOpenMetrics(last));
      lastSizes[format] = text.length;
      const written = text.bytes();
      // Parts of the text that is handed out, so that each byte is there once.
      for (const [index, end] of ends.entries())
        taken[index]?.keep(written.subarray(ends[index - 1] ?? 0, end));
      return written;
    },
    async samples(wants) {
      const samples: MetricSample[] = await readAll(ofProcess, wants);
      for (const family of families.values()) if (wants(family.name)) addAll(samples, family.lines());
      for (const histogram of histograms.values()) addAll(samples, histogram.samples(wants));
      return samples;
    },
  };
}

/** Not by an iterator, which makes an object for each of hundreds, nor as arguments, of which there may be too many. */
function addAll(samples: MetricSample[], more: readonly MetricSample[]): void {
  for (let index = 0; index < more.length; index += 1) {
    const one = more[index];
    if (one !== undefined) samples.push(one);
  }
}

/** Bytes that a text may be longer than the last one before it has to move. */
const MORE = 4096;
/** Of one unit of a string, in UTF-8. */
const MOST_BYTES = 3;

/** Bytes to which texts are added: in pieces of their own all of them would be there twice until the next collection. */
function createGrowingText(expected: number) {
  let bytes = Buffer.allocUnsafeSlow(expected + MORE);
  let length = 0;
  /** Bytes that are still to be copied to the end. */
  let waiting: Uint8Array | null = null;

  function makeRoom(needed: number): void {
    if (length + needed <= bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.ceil((length + needed) * 1.25));
    bytes.copy(larger, 0, 0, length);
    bytes = larger;
  }

  function addWaiting(): void {
    if (waiting === null) return;
    makeRoom(waiting.length);
    bytes.set(waiting, length);
    length += waiting.length;
    waiting = null;
  }

  return {
    get length() {
      return length + (waiting?.length ?? 0);
    },
    add(piece: string) {
      addWaiting();
      // Only near the end of the room is it worth to know how long it is.
      if (length + MOST_BYTES * piece.length > bytes.length) makeRoom(Buffer.byteLength(piece));
      length += bytes.write(piece, length);
    },
    /** Adds bytes of an earlier text: those that follow each other there are copied together. */
    addLater(piece: Buffer) {
      const isNext =
        waiting !== null &&
        waiting.buffer === piece.buffer &&
        waiting.byteOffset + waiting.length === piece.byteOffset;
      if (waiting !== null && isNext) {
        const { byteOffset } = waiting;
        waiting = new Uint8Array(piece.buffer, byteOffset, waiting.length + piece.length);
      } else {
        addWaiting();
        waiting = piece;
      }
    },
    bytes() {
      addWaiting();
      return bytes.subarray(0, length);
    },
  };
}

/** A sample as it stands in the text. */
interface Held {
  readonly family: Family;
  readonly metric: MetricName;
  /** The labels that the sample named. */
  readonly given: Labels;
  readonly line: Line;
}

interface Owner {
  readonly common: Labels;
  /** Of `common`. */
  readonly text: string;
  /** By group. */
  readonly held: (readonly Held[])[];
}

/** Sample sets by owner, and their difference to what the text holds. */
function createOwners(families: ReadonlyMap<MetricName, Family>) {
  const owners = new Map<string, Owner>();

  /** @param before the one that was added last: it often has the same labels */
  function add({ metric, labels: given, value }: Sample, owner: Owner, before: Held | null): Held | null {
    const family = families.get(metric);
    if (family === undefined) return null;
    if (before !== null && isSame(given, before.given) && isSame(before.given, given)) {
      const { labels, text } = before.line;
      return { family, metric, given: before.given, line: family.add(labels, value, text) };
    }
    const labels = joined(owner.common, given);
    const text = labels === owner.common ? owner.text : labelsText(labels);
    return { family, metric, given, line: family.add(labels, value, text) };
  }

  function set({ family, line }: Held, value: number): void {
    if (!Object.is(line.value, value)) family.set(line, value);
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

  function replaceAll(owner: Owner, before: readonly Held[], samples: readonly Sample[]): readonly Held[] {
    if (setInPlace(before, samples)) return before;
    const stays = before.map((held, index) => isHeld(samples[index], held));
    const now: Held[] = [];
    for (const [index, { family, line }] of before.entries()) if (stays[index] !== true) family.remove(line);
    for (const [index, sample] of samples.entries()) {
      const known = stays[index] === true ? before[index] : undefined;
      if (known !== undefined) set(known, sample.value);
      const held = known ?? add(sample, owner, now.at(-1) ?? null);
      if (held !== null) now.push(held);
    }
    return now;
  }

  function setChanged(before: readonly Held[], { samples, changed }: ChangedSamples): boolean {
    if (before.length !== samples.length) return false;
    for (const index of changed) {
      const held = before[index];
      if (held !== undefined) set(held, samples[index]?.value ?? 0);
    }
    return true;
  }

  function replace(name: string, groups: readonly SampleGroup[], common: Labels = {}): void {
    const owner = owners.get(name) ?? { common, text: labelsText(common), held: [] };
    const { held } = owner;
    for (let index = 0; index < groups.length; index += 1) {
      const group = groups[index] ?? null;
      const before = (held[index] ??= []);
      if (group === null) continue;
      const isChanged = 'changed' in group;
      if (isChanged && setChanged(before, group)) continue;
      held[index] = replaceAll(owner, before, isChanged ? group.samples : group);
    }
    for (const gone of held.splice(groups.length)) replaceAll(owner, gone, []);
    if (held.some((group) => group.length > 0)) owners.set(name, owner);
    else owners.delete(name);
  }

  return { replace };
}

function isHeld(sample: Sample | undefined, held: Held | undefined): boolean {
  return (
    sample !== undefined &&
    held !== undefined &&
    sample.metric === held.metric &&
    isSame(sample.labels, held.given)
  );
}

/** For label sets of one metric, which have the same labels. */
function isSame(labels: Labels, others: Labels): boolean {
  if (labels === others) return true;
  for (const label in labels) if (labels[label] !== others[label]) return false;
  return true;
}

/** Returns `given` with the common labels before it, and one of the two itself where the other adds nothing. */
function joined(common: Labels, given: Labels): Labels {
  if (isSame(given, common)) return common;
  if (isSame(common, given)) return given;
  let labels = common;
  for (const label in given) labels = withLabel(labels, label, given[label] ?? '');
  return labels;
}

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

function openFamily(metric: MetricName, ids: SeriesIds): Family {
  const { type, help, labels }: MetricDefinition = METRICS[metric];
  const startsAtZero = Object.keys(labels).length === 0;
  return createFamily({ name: fullMetricName(metric), type, help, startsAtZero, ids });
}

function openHistogram(
  metric: MetricName,
  ids: SeriesIds,
  exemplars: Pick<Exemplars, 'find'> | undefined,
): LabelledHistogram {
  const { help, labels, buckets = [] }: MetricDefinition = METRICS[metric];
  const options = { name: fullMetricName(metric), help, labels: Object.keys(labels), buckets, ids };
  const isOfClients = metric === 'mcp_server_operation_duration_seconds';
  return createHistogram(isOfClients && exemplars !== undefined ? { ...options, exemplars } : options);
}
