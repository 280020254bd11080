// Gauges of one server and of the watchdog, computed from the status.
import { constants } from 'node:os';
import { ENGINE_NAMES, type ProbeName, PROBES_BY_KIND, SERVER_STATES } from '../core/model/vocabulary.ts';
import type { EventOf } from '../core/model/events.ts';
import type { MetricName } from '../core/metrics/metric-catalogue.ts';
import type { ProbePolicy } from '../core/model/probe-policy.ts';
import { isLoopbackUrl } from '../core/model/web-config.ts';
import { type ServerSpec, UNLIMITED_ENDS } from '../core/model/server-spec.ts';
import type { ServerStatus, Status } from '../core/model/status.ts';
import type { UpdateStatus } from '../core/model/update.ts';
import { availableVersion, isWorrying, versionText } from '../core/update/update-text.ts';
import type { Labels, Sample } from './sample.ts';

/** Facts about a server that its status lacks. Times are milliseconds since the epoch. */
export interface ServerFacts {
  readonly spec: ServerSpec;
  /** When its desired state became up; stands for the last success before the first one. */
  readonly wantedSince: number;
  readonly lastSuccess: Readonly<Partial<Record<ProbeName, number>>>;
  /** The last one negotiated; kept over a restart, so that a restart does not create a second series. */
  readonly protocolVersion: string | null;
}

export interface WatchdogFacts {
  /** Null before the first. */
  readonly evaluation: Pick<EventOf<'evaluated'>, 'took' | 'alerts'> | null;
  /** Null before the first reading, and while no history is kept. */
  readonly history: EventOf<'recorded'>['size'];
  readonly build: { readonly version: string; readonly nodeVersion: string };
  /** The last run of each collector; `took` in ms. */
  readonly collectors: ReadonlyMap<string, { readonly took: number; readonly ok: boolean }>;
}

type GaugeValue = readonly [metric: MetricName, value: number | null, labels?: Labels];

/** Returns the probes of a server with this policy. */
export function probesOf({ kind }: ProbePolicy): readonly ProbeName[] {
  return PROBES_BY_KIND[kind];
}

/** Gauges that are computed from the same parts of a status. */
interface GaugeGroup {
  /** The parts, to be compared one by one: as long as they are the same, the values are. */
  readonly inputs: (server: ServerStatus, facts: ServerFacts) => readonly unknown[];
  readonly values: (server: ServerStatus, facts: ServerFacts) => GaugeValue[];
}

const GROUPS: readonly GaugeGroup[] = [
  {
    inputs: (server, { protocolVersion }) => [
      protocolVersion,
      server.transport,
      server.package,
      server.version,
      server.state,
      server.health,
      server.desired,
      server.stoppedBecause,
      server.tools,
      server.toolsBefore,
      server.clients,
      server.changedTools,
    ],
    values: (server, facts) => [...identity(server, facts), ...clients(server)],
  },
  {
    inputs: ({ state, startedAt, lastExit, backoff, budgetRemaining }) => [
      state,
      startedAt,
      lastExit,
      backoff,
      budgetRemaining,
    ],
    values: (server) => (server.state === 'watched' ? [] : lifecycle(server)),
  },
  {
    inputs: ({ state, pid, usage: used, limits }) => [state === 'watched', pid === null, used, limits],
    values: (server) => (server.state === 'watched' ? [] : usage(server)),
  },
  {
    inputs: ({ update }) => [update],
    values: ({ update }) => (update === null ? [] : versions(update)),
  },
  {
    inputs: ({ probes }, { spec, lastSuccess, wantedSince }) => [
      probes,
      spec.probe,
      lastSuccess,
      wantedSince,
    ],
    values: (server, facts) => probesOf(facts.spec.probe).flatMap((probe) => probing(server, probe, facts)),
  },
];

export interface ServerGauges {
  /** Returns the gauges of one server in groups, without the label `server` that all of them have; null for a group as before. */
  takeChanged(server: ServerStatus, facts: ServerFacts): (readonly Sample[] | null)[];
  /** Forgets a server: what is taken of it afterwards is all of it. */
  forget(server: string): void;
}

/** Creates the reader of what has changed; of most servers most of the time little has. */
export function createServerGauges(): ServerGauges {
  const seen = new Map<string, (readonly unknown[])[]>();
  return {
    takeChanged(server, facts) {
      const before = seen.get(server.name) ?? [];
      seen.set(server.name, before);
      return GROUPS.map(({ inputs, values }, index) => {
        const now = inputs(server, facts);
        if (isEach(now, before[index])) return null;
        before[index] = now;
        return toSamples(values(server, facts));
      });
    },
    forget: (server) => void seen.delete(server),
  };
}

function isEach(now: readonly unknown[], before: readonly unknown[] | undefined): boolean {
  if (before === undefined) return false;
  for (let index = 0; index < now.length; index += 1) if (now[index] !== before[index]) return false;
  return true;
}

/** Creates the reader of the watchdog's own gauges, in groups; null for a group as before. */
export function createWatchdogGauges() {
  let evaluated: WatchdogFacts['evaluation'] | undefined;
  let alerts: readonly Sample[] = [];

  return (status: Status, facts: WatchdogFacts): (readonly Sample[] | null)[] => {
    const isAsBefore = facts.evaluation === evaluated;
    evaluated = facts.evaluation;
    if (!isAsBefore) alerts = alertGauges(facts.evaluation?.alerts ?? [], alerts);
    return [daemonGauges(status, facts), isAsBefore ? null : alerts];
  };
}

/** Nearly always they are the same alerts: then `before` lends its labels. */
function alertGauges(alerts: EventOf<'evaluated'>['alerts'], before: readonly Sample[]): readonly Sample[] {
  const samples: Sample[] = [];
  const add = (alertname: string, alertstate: string, value: number): void => {
    const known = before[samples.length]?.labels;
    const isKnown = known?.['alertname'] === alertname && known['alertstate'] === alertstate;
    samples.push({ metric: 'alerts', labels: isKnown ? known : { alertname, alertstate }, value });
  };
  for (const { name, pending, firing } of alerts) {
    add(name, 'pending', pending);
    add(name, 'firing', firing);
  }
  return samples;
}

function daemonGauges(
  { daemon, servers }: Status,
  { build, collectors, evaluation, history }: WatchdogFacts,
): Sample[] {
  const { version, nodeVersion } = build;
  return toSamples([
    ['build_info', 1, { version, node_version: nodeVersion }],
    ['servers_configured', servers.length],
    ['config_last_reload_successful', flag(daemon.config.ok)],
    ['config_last_reload_success_timestamp_seconds', seconds(daemon.config.loadedAt ?? 0)],
    ['state_last_persist_successful', flag(daemon.unsaved === undefined)],
    ['tick_last_timestamp_seconds', seconds(daemon.lastTickAt ?? daemon.startedAt)],
    // From the start, in every format, though the first search comes a minute later.
    ['orphan_processes', daemon.orphans ?? 0],
    ['fallback_active', flag(daemon.delivery.owner !== 'engine')],
    ...ENGINE_NAMES.flatMap((engine): GaugeValue[] => {
      const { isReachable, lastSeenAt } = daemon.delivery.engines[engine];
      return [
        ['engine_reachable', flag(isReachable), labelled('engine', engine)],
        ['engine_last_seen_timestamp_seconds', seconds(lastSeenAt ?? 0), labelled('engine', engine)],
      ];
    }),
    ['last_wake_timestamp_seconds', seconds(daemon.gaps.lastWakeAt ?? 0)],
    ['network_last_answer_timestamp_seconds', lastAnswerFromAfar(servers)],
    ...[...collectors].flatMap(([collector, { took, ok }]): GaugeValue[] => [
      ['collector_duration_seconds', seconds(took), labelled('collector', collector)],
      ['collector_success', flag(ok), labelled('collector', collector)],
    ]),
    ['history_seconds', history && history.seconds],
    ['history_bytes', history && history.bytes],
    ['history_series', history && history.series],
    ['rule_evaluation_duration_seconds', evaluation && seconds(evaluation.took)],
  ]);
}

/** Seconds since the epoch of the last answer of another machine: proof that this one had a network then; 0 for never. */
function lastAnswerFromAfar(servers: readonly ServerStatus[]): number {
  let last = 0;
  for (const { state, url, probes } of servers) {
    if (state !== 'watched' || url === null || isLoopbackUrl(new URL(url))) continue;
    for (const name of ['ping', 'list_tools', 'http'] as const) {
      const probe = probes[name];
      if (probe?.ok === true) last = Math.max(last, probe.at);
    }
  }
  return seconds(last);
}

function identity(server: ServerStatus, { protocolVersion }: ServerFacts): GaugeValue[] {
  const { transport, state, health, desired, stoppedBecause, tools, toolsBefore } = server;
  const info = {
    transport,
    package: server.package ?? '',
    version: server.version ?? '',
    protocol_version: protocolVersion ?? '',
  };
  const isUp = state === 'idle' || (health.up === true && (state === 'running' || state === 'watched'));
  // Nobody knows whether it is still up: neither value would be true.
  const isUnknown = state === 'watched' && health.unasked !== undefined;
  return [
    ['server_info', 1, info],
    ['server_up', isUnknown ? null : flag(isUp)],
    ['server_unauthorized', flag(health.up === true && health.unauthorized)],
    // A task that has done its work is not meant to run, though nobody stopped it.
    ['server_desired_running', flag(desired === 'up' && stoppedBecause !== 'completed' && state !== 'idle')],
    ['server_tools', tools],
    ['server_tools_lost', tools === null ? null : tools === 0 ? (toolsBefore ?? 0) : 0],
  ];
}

/** Absent for servers that no client has used: most series would be 0 for ever. */
function clients({ clients: load, changedTools }: ServerStatus): GaugeValue[] {
  return [
    ['server_changed_tools', changedTools.length],
    ['gateway_sessions', load && load.sessions],
    ['gateway_instances', load?.instances ?? null],
    ['gateway_streams', load && load.streams],
    ['gateway_requests_in_flight', load && load.inFlight],
    ['gateway_requests_queued', load && load.queued],
  ];
}

function lifecycle(server: ServerStatus): GaugeValue[] {
  const { startedAt, lastExit, backoff, budgetRemaining } = server;
  return [
    ...SERVER_STATES.map((state): GaugeValue => [
      'server_state',
      flag(server.state === state),
      labelled('state', state),
    ]),
    ['server_start_time_seconds', startedAt && seconds(startedAt)],
    ['server_last_exit_code', lastExit && exitCode(lastExit)],
    ['server_last_exit_timestamp_seconds', lastExit && seconds(lastExit.at)],
    ['server_backoff_seconds', seconds(backoff)],
    ['server_restart_budget_remaining', budgetRemaining === UNLIMITED_ENDS ? Infinity : budgetRemaining],
  ];
}

/** Values that only the package registry knows are absent until it was asked. */
function versions(update: UpdateStatus): GaugeValue[] {
  const { outlook, progress, memory } = update;
  const latest = outlook?.latest ?? null;
  const { previous, bad, last } = memory;
  return [
    ['server_update_available', outlook && flag(availableVersion(update) !== null)],
    ['server_update_held', outlook && flag(outlook.held.some(isWorrying))],
    ['server_update_probation', flag(progress?.phase === 'probation')],
    ['server_bad_versions', bad.length],
    ['server_last_update_timestamp_seconds', last && seconds(last.at), { result: last?.result ?? '' }],
    ...named('server_latest_version_info', latest),
    ...named('server_previous_version_info', previous),
  ];
}

function named(metric: MetricName, version: string | null): GaugeValue[] {
  return version === null ? [] : [[metric, 1, { version: versionText(version) }]];
}

function usage({ pid, usage, limits }: ServerStatus): GaugeValue[] {
  // Without a process nothing is used; with one that was not measured yet, nothing is known.
  const unmeasured = pid === null ? 0 : null;
  return [
    ['server_resident_memory_bytes', usage?.residentBytes ?? unmeasured],
    ['server_memory_footprint_bytes', usage?.footprintBytes ?? null],
    ['server_proportional_memory_bytes', usage?.proportionalBytes ?? null],
    ['server_memory_limit_bytes', limits.memory.hard ?? limits.memory.soft ?? 0],
    ['server_processes', usage?.processes ?? unmeasured],
    ['server_threads', usage?.threads ?? null],
    ['server_open_fds', usage?.openFds ?? null],
  ];
}

function probing(
  server: ServerStatus,
  probe: ProbeName,
  { spec, lastSuccess, wantedSince }: ServerFacts,
): GaugeValue[] {
  const { interval, timeout, deepEvery } = spec.probe;
  const last = server.probes[probe];
  const labels = labelled('probe', probe);
  return [
    ['probe_success', last === undefined ? null : flag(last.ok), labels],
    ['probe_last_success_timestamp_seconds', seconds(Math.max(lastSuccess[probe] ?? 0, wantedSince)), labels],
    ['probe_interval_seconds', seconds(probe === 'list_tools' ? interval * deepEvery : interval), labels],
    ['probe_timeout_seconds', seconds(timeout), labels],
  ];
}

/** Labels from closed lists: the same objects each time, which are quickly found to be the same. */
const known = new Map<string, Labels>();

function labelled(label: string, text: string): Labels {
  const found = known.get(text);
  if (found !== undefined && found[label] === text) return found;
  const labels = { [label]: text };
  known.set(text, labels);
  return labels;
}

const NONE: Labels = {};

function toSamples(values: readonly GaugeValue[]): Sample[] {
  const samples: Sample[] = [];
  for (const [metric, value, labels = NONE] of values)
    if (value !== null) samples.push({ metric, labels, value });
  return samples;
}

/** As in a shell: for a signal 128 plus its number. */
function exitCode({
  code,
  signal,
}: {
  readonly code: number | null;
  readonly signal: string | null;
}): number | null {
  if (code !== null || signal === null) return code;
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  return number === undefined ? null : 128 + number;
}

function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}

function flag(holds: boolean): number {
  return holds ? 1 : 0;
}
