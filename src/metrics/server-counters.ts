// Counters, probe durations and gauge facts of all servers, kept up to date from bus events.
import { type EventHandlers, type EventOf, handleEvent, type WatchdogEvent } from '../core/model/events.ts';
import { everyLabelSet } from '../core/metrics/metric-definition.ts';
import { METRICS, type MetricName } from '../core/metrics/metric-catalogue.ts';
import { hasVersions, type ServerSpec } from '../core/model/server-spec.ts';
import type { HistogramWriter } from './histogram.ts';
import { probesOf, type ServerFacts } from './gauges.ts';
import type { Labels, Sample, SampleGroup } from './sample.ts';
import { createCounterStore, type CounterStore, type SavedCounters } from './counter-store.ts';

export interface ServerCounters {
  record(event: WatchdogEvent): void;
  /** Undefined for a server that is not configured. */
  facts(server: string): ServerFacts | undefined;
  /** What is new of the counters of one server since this was called last; with null of those of the watchdog itself. */
  takeCounters(server: string | null): SampleGroup;
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
const GATEWAY: readonly MetricName[] = [
  'gateway_requests_retried_total',
  'gateway_waited_seconds_total',
  'gateway_clients_cut_off_total',
];
const WATCHDOG: readonly MetricName[] = [
  'gateway_requests_refused_total',
  'system_wakeups_total',
  'system_sleep_seconds_total',
  'state_persist_failures_total',
  'orphans_reaped_total',
  'rule_evaluation_failures_total',
  'notifications_total',
  'notifications_failed_total',
  'notifications_suppressed_total',
];

type ServerRecord = { -readonly [Key in keyof ServerFacts]: ServerFacts[Key] } & {
  /** The processor seconds of the current process that the counter already holds. */
  cpuSeen: number;
  /** The spec for which all counters were found to be current. */
  allCurrentFor: ServerSpec | null;
};

interface Records {
  /** Of each server the label sets of its clients' requests. */
  readonly operations: Map<string, Map<string, Labels>>;
  readonly operationDurations: HistogramWriter;
  readonly servers: Map<string, ServerRecord>;
  readonly counters: CounterStore;
  readonly durations: HistogramWriter;
}

export function createServerCounters(
  durations: HistogramWriter,
  operationDurations: HistogramWriter,
): ServerCounters {
  const records: Records = {
    servers: new Map(),
    operations: new Map(),
    counters: createCounterStore(),
    durations,
    operationDurations,
  };
  const { servers, counters } = records;
  for (const metric of WATCHDOG) preset(metric, {}, counters);
  return {
    record: (event) => handleEvent(HANDLERS, event, records),
    facts: (server) => servers.get(server),
    takeCounters: (server) => takeCounters(server, records),
    save: () => counters.save(),
    restore: (saved) => counters.restore(saved),
  };
}

const ignored = (): void => undefined;

const HANDLERS: EventHandlers<void, [Records]> = {
  'server-added': addServer,
  'server-changed': changeServer,
  'server-removed': removeServer,
  transition: countWantedTime,
  spawned: ignored,
  exited: ignored,
  restarted: ({ server, reason }, records) => count(records, 'server_restarts_total', { server, reason }),
  'start-failed': ({ server }, records) => count(records, 'server_start_failures_total', { server }),
  waiting: ignored,
  'install-progress': ignored,
  installed: ignored,
  'using-installed': ignored,
  handshake({ server, handshake }, { servers }) {
    const record = servers.get(server);
    if (record !== undefined) record.protocolVersion = handshake.protocolVersion;
  },
  probed: countProbe,
  health: ignored,
  condition: ignored,
  sampled: countCpu,
  limit: ignored,
  'log-dropped': ignored,
  exchanged: countOperations,
  'tools-changed': ignored,
  'client-refused': ({ reason }, { counters }) =>
    counters.add('gateway_requests_refused_total', { reason }, 1),
  reaped: ignored,
  'update-checked': ignored,
  'update-moved': ignored,
  'update-settled'({ server, isNews, memory: { last } }, records) {
    if (isNews && last !== null) count(records, 'server_updates_total', { server, result: last.result });
  },
  collected: ignored,
  ticked: ignored,
  gap: countSleep,
  brake: ignored,
  'config-loaded': ignored,
  listening: ignored,
  gateway: ignored,
  'state-persist-failed': (_, { counters }) => counters.add('state_persist_failures_total', {}, 1),
  'state-persisted': ignored,
  orphans: ignored,
  'orphan-reaped': (_, { counters }) => counters.add('orphans_reaped_total', {}, 1),
  job: ignored,
  scraped: ignored,
  recorded: ignored,
  evaluated: ({ failed }, { counters }) => counters.add('rule_evaluation_failures_total', {}, failed),
  alert: ignored,
  delivery: ignored,
  engine: ignored,
  acted: ignored,
  notified: countNotification,
};

/** Counts for a server that is configured; an event may come after its end. */
function count(
  { servers, counters }: Records,
  metric: MetricName,
  labels: Labels & { readonly server: string },
): void {
  if (servers.has(labels.server)) counters.add(metric, labels, 1);
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
    allCurrentFor: null,
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
  { servers, counters, durations, operations, operationDurations }: Records,
): void {
  const spec = servers.get(server)?.spec;
  if (spec !== undefined) removeDurations(spec, durations);
  for (const labels of operations.get(server)?.values() ?? []) operationDurations.remove(labels);
  operations.delete(server);
  servers.delete(server);
  counters.remove(server);
}

function countWantedTime({ server, from, to, at }: EventOf<'transition'>, { servers }: Records): void {
  const record = servers.get(server);
  if (record !== undefined && from.wanted === 'down' && to.wanted === 'up') record.wantedSince = at;
}

function countCpu({ server, usage }: EventOf<'sampled'>, { servers, counters }: Records): void {
  const record = servers.get(server);
  if (record === undefined) return;
  const used = Math.max(0, usage.cpuSeconds - record.cpuSeen);
  counters.add('server_cpu_seconds_total', { server }, used);
  record.cpuSeen = usage.cpuSeconds;
}

function countProbe(
  { server, probe, result, at }: EventOf<'probed'>,
  { servers, counters, durations }: Records,
): void {
  const record = servers.get(server);
  if (record === undefined || result.outcome === 'inconclusive') return;
  const labels = { server, probe };
  counters.add('probes_total', labels, 1);
  if (result.outcome === 'failed')
    return counters.add('probe_failures_total', { ...labels, reason: result.reason }, 1);
  record.lastSuccess = { ...record.lastSuccess, [probe]: at };
  durations.observe(labels, result.took / 1000);
}

function countOperations(
  { server, operations, retried, waited, cutOff }: EventOf<'exchanged'>,
  { servers, operations: known, operationDurations, counters }: Records,
): void {
  if (!servers.has(server)) return;
  counters.add('gateway_requests_retried_total', { server }, retried);
  counters.add('gateway_waited_seconds_total', { server }, waited / 1000);
  counters.add('gateway_clients_cut_off_total', { server }, cutOff);
  const sets = known.get(server) ?? new Map<string, Labels>();
  known.set(server, sets);
  for (const { method, tool, error, channel, took } of operations) {
    const labels = {
      server,
      mcp_method_name: method,
      gen_ai_tool_name: tool,
      error_type: error,
      network_transport: channel,
    };
    sets.set(Object.values(labels).join('\0'), labels);
    operationDurations.observeAll(
      labels,
      took.map((one) => one / 1000),
    );
  }
}

function countSleep({ cause, duration }: EventOf<'gap'>, { counters }: Records): void {
  if (cause !== 'sleep') return;
  counters.add('system_wakeups_total', {}, 1);
  counters.add('system_sleep_seconds_total', {}, Math.max(0, duration) / 1000);
}

function countNotification(
  { channel, result, reason, count: times }: EventOf<'notified'>,
  { counters }: Records,
): void {
  const why = { channel, reason: reason ?? '' };
  if (result === 'suppressed') return counters.add('notifications_suppressed_total', why, times);
  counters.add('notifications_total', { channel }, times);
  if (result === 'failed') counters.add('notifications_failed_total', why, times);
}

/** Creates every series of this server with 0, so that its first increase is seen as one. */
function presetCounters(
  { name: server, source, probe: policy, gateway }: ServerSpec,
  counters: CounterStore,
): void {
  if (gateway.mode !== 'off') for (const metric of GATEWAY) preset(metric, { server }, counters);
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

function takeCounters(server: string | null, { servers, counters }: Records): SampleGroup {
  const changed = counters.takeChanged(server);
  const samples = counters.samplesOf(server);
  const record = server === null ? undefined : servers.get(server);
  const isAsBefore = changed !== null && (record === undefined || record.allCurrentFor === record.spec);
  if (isAsBefore) return changed.length === 0 ? null : { samples, changed };
  if (record === undefined) return samples;
  const current = samples.filter((sample) => isCurrent(sample, record.spec));
  record.allCurrentFor = current.length === samples.length ? record.spec : null;
  return current;
}

/** False for a counter of an earlier config of the server. */
function isCurrent({ metric, labels }: Sample, { source, probe, gateway }: ServerSpec): boolean {
  if (GATEWAY.includes(metric)) return gateway.mode !== 'off';
  if (LIFECYCLE.includes(metric)) return source.kind !== 'url';
  if (UPDATES.includes(metric)) return hasVersions(source.kind);
  return probesOf(probe).some((name) => name === labels['probe']);
}
