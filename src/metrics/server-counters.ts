// Counters, probe durations and gauge facts of all servers, kept up to date from bus events.
import type { EventOf, WatchdogEvent } from '../core/model/events.ts';
import type { ProbeResult } from '../core/model/observations.ts';
import { everyLabelSet } from '../core/metrics/metric-definition.ts';
import { METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import { hasVersions, type ServerSpec } from '../core/model/server-spec.ts';
import type { HistogramWriter } from './histogram.ts';
import { probesOf, type ServerFacts } from './gauges.ts';
import type { Labels, Sample } from './sample.ts';
import { createCounterStore, type CounterStore, type SavedCounters } from './counter-store.ts';

export interface ServerCounters {
  record(event: WatchdogEvent): void;
  /** Undefined for a server that is not configured. */
  facts(server: string): ServerFacts | undefined;
  /** The counters of one server; with null those of the watchdog itself. */
  counters(server: string | null): Sample[];
  save(): SavedCounters;
  restore(saved: unknown): void;
}

const LIFECYCLE: readonly MetricName[] = [
  'server_restarts_total',
  'server_start_failures_total',
  'server_cpu_seconds_total',
];
const UPDATES: readonly MetricName[] = ['server_updates_total'];
const PROBES: readonly MetricName[] = ['probes_total', 'probe_failures_total'];
const WATCHDOG: readonly MetricName[] = [
  'system_wakeups_total',
  'system_sleep_seconds_total',
  'state_persist_failures_total',
  'orphans_reaped_total',
  'rule_evaluation_failures_total',
  'notifications_total',
  'notifications_failed_total',
  'notifications_suppressed_total',
];

/** `cpuSeen`: the processor seconds of the current process that the counter already holds. */
type ServerRecord = { -readonly [Key in keyof ServerFacts]: ServerFacts[Key] } & { cpuSeen: number };

interface Records {
  readonly servers: Map<string, ServerRecord>;
  readonly counters: CounterStore;
  readonly durations: HistogramWriter;
}

export function createServerCounters(durations: HistogramWriter): ServerCounters {
  const records: Records = { servers: new Map(), counters: createCounterStore(), durations };
  const { servers, counters } = records;
  for (const metric of WATCHDOG) preset(metric, {}, counters);
  return {
    record: (event) => recordEvent(event, records),
    facts: (server) => servers.get(server),
    counters(server) {
      const spec = server === null ? undefined : servers.get(server)?.spec;
      return spec === undefined
        ? counters.samplesOf(server)
        : counters.samplesOf(server).filter((sample) => isCurrent(sample, spec));
    },
    save: () => counters.save(),
    restore: (saved) => counters.restore(saved),
  };
}

function recordEvent(event: WatchdogEvent, records: Records): void {
  if (!('server' in event)) return countWatchdogEvent(event, records.counters);
  if (event.kind === 'server-added') return addServer(event, records);
  if (event.kind === 'server-changed') return changeServer(event, records);
  if (event.kind === 'server-removed') return removeServer(event, records);
  const record = records.servers.get(event.server);
  if (record === undefined) return;
  updateFacts(record, event);
  countServerEvent(record, event, records.counters);
  if (event.kind === 'probed' && event.result.outcome === 'passed') {
    records.durations.observe({ server: event.server, probe: event.probe }, event.result.took / 1000);
  }
}

function addServer(
  { server, spec, at }: EventOf<'server-added'>,
  { servers, counters, durations }: Records,
): void {
  servers.set(server, {
    spec,
    wantedSince: at,
    lastSuccess: {},
    protocolVersion: null,
    cpuSeen: 0,
  });
  presetCounters(spec, counters);
  openDurations(spec, durations);
}

function changeServer(
  { server, spec }: EventOf<'server-changed'>,
  { servers, counters, durations }: Records,
): void {
  const record = servers.get(server);
  if (record === undefined) return;
  if (record.spec.probe.kind !== spec.probe.kind) {
    removeDurations(record.spec, durations);
    openDurations(spec, durations);
  }
  record.spec = spec;
  presetCounters(spec, counters);
}

function removeServer(
  { server }: EventOf<'server-removed'>,
  { servers, counters, durations }: Records,
): void {
  const spec = servers.get(server)?.spec;
  if (spec !== undefined) removeDurations(spec, durations);
  servers.delete(server);
  counters.remove(server);
}

type ServerEvent = Exclude<
  Extract<WatchdogEvent, { server: string }>,
  { kind: 'server-added' | 'server-changed' | 'server-removed' }
>;

function updateFacts(record: ServerRecord, event: ServerEvent): void {
  if (event.kind === 'handshake') record.protocolVersion = event.handshake.protocolVersion;
  if (event.kind === 'probed' && event.result.outcome === 'passed') {
    record.lastSuccess = { ...record.lastSuccess, [event.probe]: event.at };
  }
  if (event.kind === 'transition') {
    const { from, to, at } = event;
    if (from.wanted === 'down' && to.wanted === 'up') record.wantedSince = at;
  }
}

function countServerEvent(record: ServerRecord, event: ServerEvent, counters: CounterStore): void {
  const { server } = event;
  if (event.kind === 'restarted') counters.add('server_restarts_total', { server, reason: event.reason }, 1);
  if (event.kind === 'start-failed') counters.add('server_start_failures_total', { server }, 1);
  if (event.kind === 'update-settled' && event.isNews && event.memory.last !== null) {
    counters.add('server_updates_total', { server, result: event.memory.last.result }, 1);
  }
  if (event.kind === 'probed') countProbe({ server, probe: event.probe }, event.result, counters);
  if (event.kind === 'sampled') {
    const { cpuSeconds } = event.usage;
    counters.add('server_cpu_seconds_total', { server }, Math.max(0, cpuSeconds - record.cpuSeen));
    record.cpuSeen = cpuSeconds;
  }
}

function countProbe(labels: Labels, result: ProbeResult, counters: CounterStore): void {
  if (result.outcome === 'inconclusive') return;
  counters.add('probes_total', labels, 1);
  if (result.outcome === 'failed')
    counters.add('probe_failures_total', { ...labels, reason: result.reason }, 1);
}

function countWatchdogEvent(event: WatchdogEvent, counters: CounterStore): void {
  if (event.kind === 'state-persist-failed') counters.add('state_persist_failures_total', {}, 1);
  if (event.kind === 'orphan-reaped') counters.add('orphans_reaped_total', {}, 1);
  if (event.kind === 'evaluated') counters.add('rule_evaluation_failures_total', {}, event.failed);
  if (event.kind === 'notified') countNotification(event, counters);
  if (event.kind === 'gap' && event.cause === 'sleep') {
    counters.add('system_wakeups_total', {}, 1);
    counters.add('system_sleep_seconds_total', {}, Math.max(0, event.duration) / 1000);
  }
}

function countNotification(
  { channel, result, reason, count }: EventOf<'notified'>,
  counters: CounterStore,
): void {
  const why = { channel, reason: reason ?? '' };
  if (result === 'suppressed') return counters.add('notifications_suppressed_total', why, count);
  counters.add('notifications_total', { channel }, count);
  if (result === 'failed') counters.add('notifications_failed_total', why, count);
}

/** Creates every series of this server with 0, so that its first increase is seen as one. */
function presetCounters({ name: server, source, probe: policy }: ServerSpec, counters: CounterStore): void {
  if (source.kind !== 'url') for (const metric of LIFECYCLE) preset(metric, { server }, counters);
  if (hasVersions(source.kind)) for (const metric of UPDATES) preset(metric, { server }, counters);
  for (const probe of probesOf(policy))
    for (const metric of PROBES) preset(metric, { server, probe }, counters);
}

function preset(metric: MetricName, known: Labels, counters: CounterStore): void {
  for (const labels of everyLabelSet(METRICS[metric], known)) counters.add(metric, labels, 0);
}

function openDurations({ name: server, probe: policy }: ServerSpec, durations: HistogramWriter): void {
  for (const probe of probesOf(policy)) durations.open({ server, probe });
}

function removeDurations({ name: server, probe: policy }: ServerSpec, durations: HistogramWriter): void {
  for (const probe of probesOf(policy)) durations.remove({ server, probe });
}

/** False for a counter of an earlier config of the server. */
function isCurrent({ metric, labels }: Sample, { source, probe }: ServerSpec): boolean {
  if (LIFECYCLE.includes(metric)) return source.kind !== 'url';
  if (UPDATES.includes(metric)) return hasVersions(source.kind);
  return probesOf(probe).some((name) => name === labels['probe']);
}
