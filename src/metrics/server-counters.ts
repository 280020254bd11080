// Counters, probe durations and gauge facts of all servers, kept up to date from bus events.
import type { EventOf, WatchdogEvent } from '../core/model/events.ts';
import type { ProbeResult } from '../core/model/observations.ts';
import { everyLabelSet } from '../core/metrics/metric-definition.ts';
import { METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { HistogramWriter } from './histogram.ts';
import { probesOf, type ServerFacts } from './gauges.ts';
import type { Labels, Sample } from './sample.ts';
import type { SavedCounters } from './saved-counters.ts';
import { createCounterStore, type CounterStore } from './counter-store.ts';

export interface ServerCounters {
  record(event: WatchdogEvent): void;
  facts(server: string): ServerFacts | undefined;
  /** Of one server, or with null of the watchdog. */
  counters(server: string | null): Sample[];
  save(): SavedCounters;
  restore(saved: unknown): void;
}

const LIFE: readonly MetricName[] = [
  'server_restarts_total',
  'server_start_failures_total',
  'server_cpu_seconds_total',
];
const UPDATING: readonly MetricName[] = ['server_updates_total'];
const PROBING: readonly MetricName[] = ['probes_total', 'probe_failures_total'];
const OWN: readonly MetricName[] = [
  'system_wakeups_total',
  'system_sleep_seconds_total',
  'state_persist_failures_total',
  'orphans_reaped_total',
  'rule_evaluation_failures_total',
  'notifications_total',
  'notifications_failed_total',
  'notifications_suppressed_total',
];

/** `cpuSeen`: the processor seconds that the counter already has. */
type Page = { -readonly [Key in keyof ServerFacts]: ServerFacts[Key] } & { cpuSeen: number };

interface Book {
  readonly pages: Map<string, Page>;
  readonly tally: CounterStore;
  readonly durations: HistogramWriter;
}

export function createServerCounters(durations: HistogramWriter): ServerCounters {
  const book: Book = { pages: new Map(), tally: createCounterStore(), durations };
  const { pages, tally } = book;
  for (const metric of OWN) preset(metric, {}, tally);
  return {
    record: (event) => enter(event, book),
    facts: (server) => pages.get(server),
    counters(server) {
      const spec = server === null ? undefined : pages.get(server)?.spec;
      return spec === undefined
        ? tally.samplesOf(server)
        : tally.samplesOf(server).filter((sample) => fits(sample, spec));
    },
    save: () => tally.save(),
    restore: (saved) => tally.restore(saved),
  };
}

function enter(event: WatchdogEvent, book: Book): void {
  if (!('server' in event)) return countOwn(event, book.tally);
  if (event.kind === 'server-added') return add(event, book);
  if (event.kind === 'server-changed') return change(event, book);
  if (event.kind === 'server-removed') return remove(event, book);
  const page = book.pages.get(event.server);
  if (page === undefined) return;
  note(page, event);
  count(page, event, book.tally);
  if (event.kind === 'probed' && event.result.outcome === 'passed') {
    book.durations.observe({ server: event.server, probe: event.probe }, event.result.took / 1000);
  }
}

function add({ server, spec, at }: EventOf<'server-added'>, { pages, tally, durations }: Book): void {
  pages.set(server, {
    spec,
    wantedSince: at,
    lastSuccess: {},
    protocolVersion: null,
    cpuSeen: 0,
  });
  makeCounters(spec, tally);
  makeDurations(spec, durations);
}

function change({ server, spec }: EventOf<'server-changed'>, { pages, tally, durations }: Book): void {
  const page = pages.get(server);
  if (page === undefined) return;
  if (page.spec.probe.kind !== spec.probe.kind) {
    dropDurations(page.spec, durations);
    makeDurations(spec, durations);
  }
  page.spec = spec;
  makeCounters(spec, tally);
}

function remove({ server }: EventOf<'server-removed'>, { pages, tally, durations }: Book): void {
  const spec = pages.get(server)?.spec;
  if (spec !== undefined) dropDurations(spec, durations);
  pages.delete(server);
  tally.remove(server);
}

type ServerNews = Exclude<
  Extract<WatchdogEvent, { server: string }>,
  { kind: 'server-added' | 'server-changed' | 'server-removed' }
>;

function note(page: Page, event: ServerNews): void {
  if (event.kind === 'handshake') page.protocolVersion = event.handshake.protocolVersion;
  if (event.kind === 'probed' && event.result.outcome === 'passed') {
    page.lastSuccess = { ...page.lastSuccess, [event.probe]: event.at };
  }
  if (event.kind === 'transition') {
    const { from, to, at } = event;
    if (from.wanted === 'down' && to.wanted === 'up') page.wantedSince = at;
  }
}

function count(page: Page, event: ServerNews, tally: CounterStore): void {
  const { server } = event;
  if (event.kind === 'restarted') tally.add('server_restarts_total', { server, reason: event.reason }, 1);
  if (event.kind === 'start-failed') tally.add('server_start_failures_total', { server }, 1);
  if (event.kind === 'update-settled' && event.isNews && event.memory.last !== null) {
    tally.add('server_updates_total', { server, result: event.memory.last.result }, 1);
  }
  if (event.kind === 'probed') countProbe({ server, probe: event.probe }, event.result, tally);
  if (event.kind === 'sampled') {
    const { cpuSeconds } = event.usage;
    tally.add('server_cpu_seconds_total', { server }, Math.max(0, cpuSeconds - page.cpuSeen));
    page.cpuSeen = cpuSeconds;
  }
}

function countProbe(labels: Labels, result: ProbeResult, tally: CounterStore): void {
  if (result.outcome === 'inconclusive') return;
  tally.add('probes_total', labels, 1);
  if (result.outcome === 'failed') tally.add('probe_failures_total', { ...labels, reason: result.reason }, 1);
}

function countOwn(event: WatchdogEvent, tally: CounterStore): void {
  if (event.kind === 'state-persist-failed') tally.add('state_persist_failures_total', {}, 1);
  if (event.kind === 'orphan-reaped') tally.add('orphans_reaped_total', {}, 1);
  if (event.kind === 'evaluated') tally.add('rule_evaluation_failures_total', {}, event.failed);
  if (event.kind === 'notified') countNotification(event, tally);
  if (event.kind === 'gap' && event.cause === 'sleep') {
    tally.add('system_wakeups_total', {}, 1);
    tally.add('system_sleep_seconds_total', {}, Math.max(0, event.duration) / 1000);
  }
}

function countNotification(
  { channel, result, reason, count }: EventOf<'notified'>,
  tally: CounterStore,
): void {
  const why = { channel, reason: reason ?? '' };
  if (result === 'suppressed') return tally.add('notifications_suppressed_total', why, count);
  tally.add('notifications_total', { channel }, count);
  if (result === 'failed') tally.add('notifications_failed_total', why, count);
}

/** Every series that may ever count for this server is there with 0, so that its first increase is seen as one. */
function makeCounters({ name: server, source, probe: policy }: ServerSpec, tally: CounterStore): void {
  if (source.kind !== 'url') for (const metric of LIFE) preset(metric, { server }, tally);
  if (source.kind === 'package') for (const metric of UPDATING) preset(metric, { server }, tally);
  for (const probe of probesOf(policy))
    for (const metric of PROBING) preset(metric, { server, probe }, tally);
}

function preset(metric: MetricName, known: Labels, tally: CounterStore): void {
  for (const labels of everyLabelSet(METRICS[metric], known)) tally.add(metric, labels, 0);
}

function makeDurations({ name: server, probe: policy }: ServerSpec, durations: HistogramWriter): void {
  for (const probe of probesOf(policy)) durations.open({ server, probe });
}

function dropDurations({ name: server, probe: policy }: ServerSpec, durations: HistogramWriter): void {
  for (const probe of probesOf(policy)) durations.remove({ server, probe });
}

/** False for what was counted while the config was another. */
function fits({ metric, labels }: Sample, { source, probe }: ServerSpec): boolean {
  if (LIFE.includes(metric)) return source.kind !== 'url';
  if (UPDATING.includes(metric)) return source.kind === 'package';
  return probesOf(probe).some((name) => name === labels['probe']);
}
