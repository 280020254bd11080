// Catalogue of all metrics: code, docs page, dashboards and alert rules read them from here.
import {
  ENGINE_NAMES,
  NOTIFY_KINDS,
  PROBE_FAILURES,
  PROBE_NAMES,
  RESTART_REASONS,
  SERVER_STATES,
  UPDATE_RESULTS,
  NOTIFY_FAILURES,
  NOTIFY_SUPPRESSIONS,
} from '../model/vocabulary.ts';
import { REFUSAL_REASONS } from '../model/gateway-policy.ts';
import { counter, gauge, histogram, type MetricDefinition } from './metric-definition.ts';

const SERVER = { server: null };
const PROBE = { server: null, probe: PROBE_NAMES };
const ENGINE = { engine: ENGINE_NAMES };
const CHANNEL = { channel: NOTIFY_KINDS };
const SURVIVES = { survives: true } as const;

/** Seconds. No rule may name a bound without a fraction: Prometheus 3 writes `le="1"` as `le="1.0"`. */
const PROBE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export const SERVER_METRICS = {
  server_info: gauge('info', 'What the server is; always 1, an unknown text is empty.', {
    labels: {
      server: null,
      transport: ['stdio', 'http', 'sse'],
      package: null,
      version: null,
      protocol_version: null,
    },
  }),
  server_up: gauge(
    'boolean',
    'Whether the last health verdict is that the server answers (1), or it does not, or there is no verdict yet (0); absent while one with only a url can no longer be asked.',
    { labels: SERVER },
  ),
  server_unauthorized: gauge(
    'boolean',
    'Whether the server answers, but refuses the probes (1): it wants credentials, or another Host or Origin.',
    { labels: SERVER },
  ),
  server_desired_running: gauge(
    'boolean',
    'Whether the server is meant to run (1); 0 when it was stopped on request, is disabled, or was a task that completed.',
    { labels: SERVER },
  ),
  server_state: gauge('boolean', 'Whether the server is in this state; exactly one state is 1.', {
    labels: { server: null, state: SERVER_STATES },
  }),
  server_start_time_seconds: gauge(
    'timestamp',
    'Start of the server process, in seconds since the epoch; absent while there is none.',
    { labels: SERVER },
  ),
  server_restarts_total: counter('count', 'Restarts of the server, by what made them necessary.', {
    labels: { server: null, reason: RESTART_REASONS },
    ...SURVIVES,
  }),
  server_start_failures_total: counter('count', 'Attempts to start the server that did not make it ready.', {
    labels: SERVER,
    ...SURVIVES,
  }),
  server_last_exit_code: gauge(
    'count',
    'Exit code of the last process that ended, 128 plus the number for a signal; absent before the first end.',
    { labels: SERVER },
  ),
  server_last_exit_timestamp_seconds: gauge(
    'timestamp',
    'When the last process ended, in seconds since the epoch; absent before the first end.',
    { labels: SERVER },
  ),
  server_backoff_seconds: gauge(
    'seconds',
    'Length in seconds of the wait before the next start attempt that the server is in; 0 when it is in none.',
    { labels: SERVER },
  ),
  server_restart_budget_remaining: gauge(
    'count',
    'Unplanned ends left before the server counts as crash looping; +Inf without a budget.',
    { labels: SERVER },
  ),
  server_cpu_seconds_total: counter(
    'seconds',
    'Processor time in seconds used by the process tree of the server since the watchdog first saw it.',
    { labels: SERVER },
  ),
  server_resident_memory_bytes: gauge(
    'bytes',
    'Resident memory in bytes of the whole process tree, shared pages counted once per process; 0 without a process.',
    { labels: SERVER },
  ),
  server_memory_footprint_bytes: gauge(
    'bytes',
    'What the system charges the process tree for in bytes, compressed memory included; only on macOS.',
    { labels: SERVER },
  ),
  server_proportional_memory_bytes: gauge(
    'bytes',
    'Resident memory in bytes of the process tree, a shared page counted once (PSS); only on Linux, read near a limit, otherwise rarely.',
    { labels: SERVER },
  ),
  server_memory_limit_bytes: gauge(
    'bytes',
    'Memory in bytes at which the server is restarted, else the one at which it is reported; 0 without a limit.',
    { labels: SERVER },
  ),
  server_processes: gauge('count', 'Processes in the process tree of the server; 0 while it is down.', {
    labels: SERVER,
  }),
  server_threads: gauge('count', 'Threads in the process tree of the server, where the system tells.', {
    labels: SERVER,
  }),
  server_open_fds: gauge(
    'count',
    'Open file descriptors in the process tree of the server, where the system tells.',
    {
      labels: SERVER,
    },
  ),
  server_tools_lost: gauge(
    'count',
    'Tools that the server listed before, while its last list is empty; 0 otherwise, absent before the first list.',
    { labels: SERVER },
  ),
  server_tools: gauge('count', 'Tools in the last answer to tools/list; absent before the first.', {
    labels: SERVER,
  }),
  server_update_available: gauge('boolean', 'Whether a newer version that may be taken is published (1).', {
    labels: SERVER,
  }),
  server_latest_version_info: gauge('info', 'The newest published version; always 1.', {
    labels: { server: null, version: null },
  }),
  server_update_held: gauge(
    'boolean',
    'Whether a newer version is published and held back (1), by more than its age or a pin; the status says why.',
    { labels: SERVER },
  ),
  server_update_probation: gauge('boolean', 'Whether the version that runs is on probation (1).', {
    labels: SERVER,
  }),
  server_updates_total: counter('count', 'Updates that were tried, by how they ended.', {
    labels: { server: null, result: UPDATE_RESULTS },
    ...SURVIVES,
  }),
  server_last_update_timestamp_seconds: gauge(
    'timestamp',
    'When the last update ended, in seconds since the epoch, by how; absent before the first.',
    { labels: { server: null, result: UPDATE_RESULTS } },
  ),
  server_previous_version_info: gauge('info', 'The version to which a rollback would go; always 1.', {
    labels: { server: null, version: null },
  }),
  server_bad_versions: gauge('count', 'Versions that failed here and are not tried again.', {
    labels: SERVER,
  }),
} as const satisfies Record<string, MetricDefinition>;

export const PROBE_METRICS = {
  probe_duration_seconds: histogram('seconds', 'Duration in seconds of the probes that succeeded.', {
    labels: PROBE,
    buckets: PROBE_BUCKETS,
  }),
  probes_total: counter('count', 'Probes that came to a result; those that failed are among them.', {
    labels: PROBE,
    ...SURVIVES,
  }),
  probe_failures_total: counter('count', 'Probes that failed, by what was wrong.', {
    labels: { ...PROBE, reason: PROBE_FAILURES },
    ...SURVIVES,
  }),
  probe_success: gauge(
    'boolean',
    'Whether the last probe succeeded (1) or failed (0); absent before the first.',
    {
      labels: PROBE,
    },
  ),
  probe_last_success_timestamp_seconds: gauge(
    'timestamp',
    'Last success in seconds since the epoch; before the first one, the time from which the server was wanted.',
    { labels: PROBE },
  ),
  probe_interval_seconds: gauge('seconds', 'Configured time in seconds between two probes.', {
    labels: PROBE,
  }),
  probe_timeout_seconds: gauge('seconds', 'Configured time in seconds after which a probe has failed.', {
    labels: PROBE,
  }),
} as const satisfies Record<string, MetricDefinition>;

export const WATCHDOG_METRICS = {
  build_info: gauge('info', 'What is running; always 1.', { labels: { version: null, node_version: null } }),
  servers_configured: gauge('count', 'Servers in the config in use.'),
  config_last_reload_successful: gauge(
    'boolean',
    'Whether the config was read without an error the last time (1).',
  ),
  config_last_reload_success_timestamp_seconds: gauge(
    'timestamp',
    'When the config was last read without an error, in seconds since the epoch; 0 for never.',
  ),
  tick_last_timestamp_seconds: gauge(
    'timestamp',
    'Last tick of the watchdog in seconds since the epoch; before the first one, its start.',
  ),
  collector_duration_seconds: gauge('seconds', 'Duration in seconds of the last run of a collector.', {
    labels: { collector: null },
  }),
  collector_success: gauge('boolean', 'Whether the last run of a collector succeeded (1).', {
    labels: { collector: null },
  }),
  system_wakeups_total: counter('count', 'How often the machine woke up from a sleep.', SURVIVES),
  system_sleep_seconds_total: counter('seconds', 'Time in seconds that the machine slept.', SURVIVES),
  last_wake_timestamp_seconds: gauge(
    'timestamp',
    'When the machine last woke up, in seconds since the epoch; 0 for never while the watchdog ran.',
  ),
  network_last_answer_timestamp_seconds: gauge(
    'timestamp',
    'When a server with only a url on another machine last answered, in seconds since the epoch; 0 for never since the start.',
  ),
  orphan_processes: gauge('count', 'Processes of MCP servers that nobody owns.'),
  orphans_reaped_total: counter(
    'count',
    'Processes of MCP servers that nobody owned and that were ended.',
    SURVIVES,
  ),
  state_last_persist_successful: gauge(
    'boolean',
    'Whether the state file was written without an error the last time (1); 0 while the disk refuses.',
  ),
  history_seconds: gauge(
    'seconds',
    'Time in seconds that the history reaches back; absent while none is kept.',
  ),
  history_bytes: gauge('bytes', 'Memory in bytes that the history takes, out of history.maxBytes.'),
  history_series: gauge('count', 'Series in the history, those that ended included.'),
  state_persist_failures_total: counter('count', 'Failed attempts to write the state file.', SURVIVES),
} as const satisfies Record<string, MetricDefinition>;

export const ALERT_METRICS = {
  alerts: gauge('count', 'Alerts that the local rule evaluation holds pending or firing.', {
    labels: { alertname: null, alertstate: ['pending', 'firing'] },
  }),
  rule_evaluation_failures_total: counter(
    'count',
    'Evaluations of single alert rules that failed.',
    SURVIVES,
  ),
  rule_evaluation_duration_seconds: gauge(
    'seconds',
    'Duration in seconds of the last evaluation of all rules.',
  ),
  notifications_total: counter('count', 'Notifications attempted; those that failed are among them.', {
    labels: CHANNEL,
    ...SURVIVES,
  }),
  notifications_failed_total: counter('count', 'Notifications that could not be handed over, by why.', {
    labels: { ...CHANNEL, reason: NOTIFY_FAILURES },
    ...SURVIVES,
  }),
  notifications_suppressed_total: counter('count', 'Notifications held back on purpose, by why.', {
    labels: { ...CHANNEL, reason: NOTIFY_SUPPRESSIONS },
    ...SURVIVES,
  }),
  engine_reachable: gauge('boolean', 'Whether the alerting engine answers (1).', {
    labels: ENGINE,
  }),
  engine_last_seen_timestamp_seconds: gauge(
    'timestamp',
    'When the alerting engine last answered, in seconds since the epoch; 0 for never.',
    { labels: ENGINE },
  ),
  fallback_active: gauge(
    'boolean',
    'Whether the watchdog delivers alerts itself, because no engine does (1).',
  ),
} as const satisfies Record<string, MetricDefinition>;

/** Seconds: those of OpenTelemetry, and three below for servers that answer at once. */
const OPERATION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
] as const;

export const GATEWAY_METRICS = {
  mcp_server_operation_duration_seconds: histogram(
    'seconds',
    'Duration in seconds of requests that clients sent through the gateway, as they waited for them.',
    {
      prefix: '',
      labels: {
        server: null,
        mcp_method_name: null,
        gen_ai_tool_name: null,
        error_type: null,
        network_transport: ['tcp', 'unix'],
      },
      buckets: OPERATION_BUCKETS,
    },
  ),
  gateway_sessions: gauge('count', 'Sessions of clients in memory.', { labels: SERVER }),
  gateway_instances: gauge(
    'count',
    'Processes that belong to one session each, with `gateway.mode: per-session`.',
    {
      labels: SERVER,
    },
  ),
  gateway_streams: gauge('count', 'Open streams on which clients wait for news.', { labels: SERVER }),
  gateway_requests_in_flight: gauge('count', 'Requests that the server has and has not answered.', {
    labels: SERVER,
  }),
  gateway_requests_queued: gauge('count', 'Requests that wait for the server to come back.', {
    labels: SERVER,
  }),
  gateway_requests_retried_total: counter(
    'count',
    'Requests that were sent a second time after the server had died under them.',
    { labels: SERVER, ...SURVIVES },
  ),
  gateway_waited_seconds_total: counter(
    'seconds',
    'Time in seconds that requests waited for the server to come back.',
    { labels: SERVER, ...SURVIVES },
  ),
  gateway_clients_cut_off_total: counter(
    'count',
    'Connections of clients that were cut off because the clients did not read what they had been sent.',
    { labels: SERVER, ...SURVIVES },
  ),
  gateway_requests_refused_total: counter('count', 'Requests refused before they reached a server, by why.', {
    labels: { reason: REFUSAL_REASONS },
    ...SURVIVES,
  }),
  server_changed_tools: gauge(
    'count',
    'Tools whose definition differs from the one first seen or approved; the instructions of the server count as one.',
    { labels: SERVER },
  ),
} as const satisfies Record<string, MetricDefinition>;

/** The whole catalogue, by names without their prefix. */
export const METRICS = {
  ...SERVER_METRICS,
  ...PROBE_METRICS,
  ...WATCHDOG_METRICS,
  ...ALERT_METRICS,
  ...GATEWAY_METRICS,
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

/** In the order of the catalogue. */
export const METRIC_NAMES = Object.keys(METRICS).filter(isMetricName);

/** The name in /metrics, with its prefix. */
export function fullMetricName(metric: MetricName): string {
  return METRICS[metric].prefix + metric;
}

/** The client library's set about the watchdog's own process; those not marked `everywhere` are Linux's. */
export const PROCESS_METRICS = [
  { name: 'process_cpu_user_seconds_total', type: 'counter', everywhere: true },
  { name: 'process_cpu_system_seconds_total', type: 'counter', everywhere: true },
  { name: 'process_cpu_seconds_total', type: 'counter', everywhere: true },
  { name: 'process_start_time_seconds', type: 'gauge', everywhere: true },
  { name: 'process_resident_memory_bytes', type: 'gauge', everywhere: true },
  { name: 'process_virtual_memory_bytes', type: 'gauge', everywhere: false },
  { name: 'process_heap_bytes', type: 'gauge', everywhere: false },
  { name: 'process_open_fds', type: 'gauge', everywhere: false },
  { name: 'process_max_fds', type: 'gauge', everywhere: false },
] as const;

/** Every name under which /metrics has samples. */
export function exposedNames(): string[] {
  const own = METRIC_NAMES.flatMap((metric) => {
    const name = fullMetricName(metric);
    return METRICS[metric].type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  });
  return [...own, ...PROCESS_METRICS.map(({ name }) => name)];
}
