import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  everyLabelSet,
  METRIC_PREFIX,
  type MetricDefinition,
} from '../../../src/core/metrics/metric-definition.ts';
import { renderMetricsPage } from '../../../src/core/metrics/metrics-page.ts';
import {
  isMetricName,
  METRIC_NAMES,
  METRICS,
  type MetricName,
} from '../../../src/core/metrics/metric-catalogue.ts';

/** What is promised in public: name, type and labels. */
const CONTRACT: readonly (readonly [name: string, type: string, labels: string])[] = [
  ['server_info', 'gauge', 'server transport package version protocol_version'],
  ['server_up', 'gauge', 'server'],
  ['server_desired_running', 'gauge', 'server'],
  ['server_unauthorized', 'gauge', 'server'],
  ['server_state', 'gauge', 'server state'],
  ['server_start_time_seconds', 'gauge', 'server'],
  ['server_restarts_total', 'counter', 'server reason'],
  ['server_start_failures_total', 'counter', 'server'],
  ['server_last_exit_code', 'gauge', 'server'],
  ['server_last_exit_timestamp_seconds', 'gauge', 'server'],
  ['server_backoff_seconds', 'gauge', 'server'],
  ['server_restart_budget_remaining', 'gauge', 'server'],
  ['server_cpu_seconds_total', 'counter', 'server'],
  ['server_resident_memory_bytes', 'gauge', 'server'],
  ['server_memory_footprint_bytes', 'gauge', 'server'],
  ['server_proportional_memory_bytes', 'gauge', 'server'],
  ['server_memory_limit_bytes', 'gauge', 'server'],
  ['server_processes', 'gauge', 'server'],
  ['server_threads', 'gauge', 'server'],
  ['server_open_fds', 'gauge', 'server'],
  ['server_tools', 'gauge', 'server'],
  ['server_tools_lost', 'gauge', 'server'],
  ['server_update_available', 'gauge', 'server'],
  ['server_latest_version_info', 'gauge', 'server version'],
  ['server_update_held', 'gauge', 'server'],
  ['server_update_probation', 'gauge', 'server'],
  ['server_updates_total', 'counter', 'server result'],
  ['server_last_update_timestamp_seconds', 'gauge', 'server result'],
  ['server_previous_version_info', 'gauge', 'server version'],
  ['server_bad_versions', 'gauge', 'server'],
  ['probe_duration_seconds', 'histogram', 'server probe'],
  ['probes_total', 'counter', 'server probe'],
  ['probe_failures_total', 'counter', 'server probe reason'],
  ['probe_success', 'gauge', 'server probe'],
  ['probe_last_success_timestamp_seconds', 'gauge', 'server probe'],
  ['probe_interval_seconds', 'gauge', 'server probe'],
  ['probe_timeout_seconds', 'gauge', 'server probe'],
  [
    'mcp_server_operation_duration_seconds',
    'histogram',
    'server mcp_method_name gen_ai_tool_name error_type network_transport',
  ],
  ['gateway_sessions', 'gauge', 'server'],
  ['gateway_instances', 'gauge', 'server'],
  ['gateway_streams', 'gauge', 'server'],
  ['gateway_requests_in_flight', 'gauge', 'server'],
  ['gateway_requests_queued', 'gauge', 'server'],
  ['gateway_requests_retried_total', 'counter', 'server'],
  ['gateway_waited_seconds_total', 'counter', 'server'],
  ['gateway_clients_cut_off_total', 'counter', 'server'],
  ['gateway_requests_refused_total', 'counter', 'reason'],
  ['server_changed_tools', 'gauge', 'server'],
  ['build_info', 'gauge', 'version node_version'],
  ['servers_configured', 'gauge', ''],
  ['config_last_reload_successful', 'gauge', ''],
  ['config_last_reload_success_timestamp_seconds', 'gauge', ''],
  ['tick_last_timestamp_seconds', 'gauge', ''],
  ['collector_duration_seconds', 'gauge', 'collector'],
  ['collector_success', 'gauge', 'collector'],
  ['system_wakeups_total', 'counter', ''],
  ['system_sleep_seconds_total', 'counter', ''],
  ['last_wake_timestamp_seconds', 'gauge', ''],
  ['network_last_answer_timestamp_seconds', 'gauge', ''],
  ['alerts', 'gauge', 'alertname alertstate'],
  ['rule_evaluation_failures_total', 'counter', ''],
  ['rule_evaluation_duration_seconds', 'gauge', ''],
  ['notifications_total', 'counter', 'channel'],
  ['notifications_failed_total', 'counter', 'channel reason'],
  ['notifications_suppressed_total', 'counter', 'channel reason'],
  ['engine_reachable', 'gauge', 'engine'],
  ['engine_last_seen_timestamp_seconds', 'gauge', 'engine'],
  ['fallback_active', 'gauge', ''],
  ['orphan_processes', 'gauge', ''],
  ['orphans_reaped_total', 'counter', ''],
  ['state_last_persist_successful', 'gauge', ''],
  ['history_seconds', 'gauge', ''],
  ['history_bytes', 'gauge', ''],
  ['history_series', 'gauge', ''],
  ['state_persist_failures_total', 'counter', ''],
];

const CLOSED_LISTS: readonly (readonly [metric: MetricName, label: string, values: string])[] = [
  ['server_state', 'state', 'stopped starting running stopping backoff crash_looping needs_attention idle'],
  [
    'server_restarts_total',
    'reason',
    'exit signal probe start_timeout memory cpu requested update config unobserved',
  ],
  ['server_updates_total', 'result', 'committed rolled_back failed held'],
  ['probes_total', 'probe', 'ping list_tools http exec'],
  ['probe_failures_total', 'reason', 'timeout refused closed protocol http_status unauthorized wrong_host'],
  ['notifications_total', 'channel', 'desktop webhook command'],
  [
    'notifications_failed_total',
    'reason',
    'timeout refused closed tls http_status unauthorized exit_code missing_program no_session fault',
  ],
  [
    'notifications_suppressed_total',
    'reason',
    'repeat passing superseded covered silenced grouped elsewhere queue_full shutdown',
  ],
  ['engine_reachable', 'engine', 'prometheus alertmanager'],
  ['alerts', 'alertstate', 'pending firing'],
];

const NEVER_LABELS = ['pid', 'path', 'command', 'url', 'instance', 'job', 'le'];

describe('the catalogue of metrics', () => {
  test.each(CONTRACT)('has %s as %s', (name, type, labels) => {
    const definition = isMetricName(name) ? METRICS[name] : undefined;
    expect(definition?.type).toBe(type);
    expect(Object.keys(definition?.labels ?? {}).join(' ')).toBe(labels);
  });

  test('has nothing that was not promised', () => {
    expect([...METRIC_NAMES].sort()).toEqual(CONTRACT.map(([name]) => name).sort());
  });

  test.each(CLOSED_LISTS)('closes the values of %s{%s}', (metric, label, values) => {
    const { labels }: MetricDefinition = METRICS[metric];
    expect(labels[label]?.join(' ')).toBe(values);
  });

  test('has the buckets of probe_duration_seconds', () => {
    expect(METRICS.probe_duration_seconds.buckets).toEqual([
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]);
  });

  test.each(METRIC_NAMES)(
    '%s is named by its unit, explained in one sentence, and free of unbounded labels',
    (name) => {
      const { type, unit, help, labels, survives }: MetricDefinition = METRICS[name];
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (unit === 'seconds') expect(name).toMatch(/_seconds(_total)?$/);
      if (unit === 'timestamp') expect(name).toMatch(/_(timestamp|time)_seconds$/);
      if (unit === 'bytes') expect(name).toMatch(/_bytes$/);
      if (unit === 'info') expect(name).toMatch(/_info$/);
      if (unit === 'seconds' || unit === 'timestamp') expect(help).toContain('seconds');
      if (unit === 'bytes') expect(help).toContain('bytes');
      expect(help).toMatch(/^[A-Z][^\n|]+\.$/);
      for (const label of NEVER_LABELS) expect(Object.keys(labels)).not.toContain(label);
      if (survives === true) expect(type).toBe('counter');
    },
  );
});

test('isMetricName() does not take what every object has for a metric', () => {
  expect(isMetricName('constructor')).toBe(false);
  expect(isMetricName('__proto__')).toBe(false);
});

describe('everyLabelSet()', () => {
  test('combines the closed lists with what is known', () => {
    const sets = everyLabelSet(METRICS.probe_failures_total, { server: 'a', probe: 'http' });
    expect(sets).toHaveLength(7);
    expect(sets[0]).toEqual({ server: 'a', probe: 'http', reason: 'timeout' });
  });

  test('has one empty set for a metric without labels, and none for an open label that is not known', () => {
    expect(everyLabelSet(METRICS.system_wakeups_total, {})).toEqual([{}]);
    expect(everyLabelSet(METRICS.server_up, {})).toEqual([]);
  });
});

describe('docs/metrics.md', () => {
  test('is what the catalogue says', () => {
    expect(readFileSync('docs/metrics.md', 'utf8')).toBe(renderMetricsPage());
  });

  test('names every metric once', () => {
    const page = renderMetricsPage();
    for (const name of METRIC_NAMES) expect(page.split(`| \`${name}\` |`)).toHaveLength(2);
    expect(page).toContain(METRIC_PREFIX);
  });
});
