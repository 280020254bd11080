// Panels that stand on several dashboards, with the same look and meaning on each.
import type { Threshold, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import type { PlacedPanel } from './panel.ts';
import { alerts, EACH_SERVER, server, serverBuckets } from '../queries/expressions.ts';
import { SEVERITIES, valueMappings } from './value-mappings.ts';
import { QUANTILE_COLOURS } from './series-colours.ts';
import { lines, table } from './panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { SHOWN_STATES } from '../queries/server-states.ts';

interface Place {
  readonly key: string;
  readonly width: number;
}

/** Texts and colours for the numbers of `stateOfEach`. */
export const STATE_LOOK: { readonly steps: Threshold[]; readonly mappings: ValueMapping[] } = {
  steps: SHOWN_STATES.map(({ value, color }, index) => ({ value: index === 0 ? null : value, color })),
  mappings: valueMappings(
    Object.fromEntries(SHOWN_STATES.map(({ value, text, color }) => [value, [text, color]])),
  ),
};

export const YES_IS_GOOD: { readonly steps: Threshold[]; readonly mappings: ValueMapping[] } = {
  steps: [
    { value: null, color: 'red' },
    { value: 1, color: 'green' },
  ],
  mappings: valueMappings({ 0: ['no', 'red'], 1: ['yes', 'green'] }),
};

/** Each alert with its runbook, as Prometheus sees it. */
export function firingTable(
  { key, width, only, title }: Place & { readonly only?: string; readonly title?: string },
  { runbooks }: Rules,
): PlacedPanel {
  return table({
    key,
    title: title ?? 'Firing now',
    shows: 'Alerts that fire in this Prometheus now, without the heartbeat that always fires.',
    act: 'Click the name for its runbook, the server for its dashboard.',
    empty: 'Nothing is firing, or this Prometheus has not loaded alerting/rules',
    unit: 'none',
    queries: [{ expr: only ?? alerts('firing'), legend: '{{alertname}}' }],
    columns: [
      { field: 'alertname', name: 'Alert', leadsTo: `${runbooks}\${__data.fields.alertname}` },
      { field: 'severity', name: 'Severity', mappings: SEVERITIES, width: 100 },
      { field: 'server', name: 'Server', leadsTo: 'server' },
      { field: 'instance', name: 'Instance' },
    ],
    width,
  });
}

/** p50, p95 and p99 of the successful probes, over all chosen servers and kinds of probes. */
export function quantiles({ key, width, shows }: Place & { readonly shows: string }): PlacedPanel {
  const quantile = (share: number): string =>
    `histogram_quantile(${share}, sum by (le) (rate(${serverBuckets('probe_duration_seconds')}[$__rate_interval])))`;
  return lines({
    key,
    title: 'How long probes take',
    shows,
    act: 'A p99 far above the p50 is a hiccup of few; when all of them rise, the server or the machine is overloaded. Probes that failed are not in it.',
    empty: 'No probe succeeded in this time',
    unit: 's',
    alerts: ['McpServerSlow'],
    queries: [
      { expr: quantile(0.5), legend: 'p50' },
      { expr: quantile(0.95), legend: 'p95' },
      { expr: quantile(0.99), legend: 'p99' },
    ],
    colours: QUANTILE_COLOURS,
    width,
  });
}

/** Installed and latest versions. For a server with only a url the latest version is unknown. */
export function versionTable({ key, width }: Place): PlacedPanel {
  const yes = valueMappings({ 0: ['', 'text'], 1: ['yes', 'blue'] });
  const each = (metric: Parameters<typeof server>[0]): string =>
    `max by (server, instance) (${server(metric)})`;
  return table({
    key,
    title: 'Versions',
    shows:
      'Installed package and version, the newest published version, and the reason why it is not installed.',
    act: '"Available": `mcp-watchdog update NAME` takes it. "Held": `mcp-watchdog update NAME --check` says why it is held back. "On probation": it runs, and is rolled back if it does badly.',
    empty: 'No server is configured',
    unit: 'short',
    alerts: ['McpServerUpdateAvailable', 'McpServerUpdateHeld', 'McpServerVersionChanged'],
    queries: [
      { expr: runningAndLatest(), legend: '{{server}}' },
      { expr: each('server_update_available'), legend: '{{server}}' },
      { expr: each('server_update_held'), legend: '{{server}}' },
      { expr: each('server_update_probation'), legend: '{{server}}' },
    ],
    columns: [
      { field: 'server', name: 'Server', leadsTo: 'server' },
      { field: 'instance', name: 'Instance' },
      { field: 'package', name: 'Package' },
      { field: 'version', name: 'Version' },
      { field: 'latest', name: 'Newest' },
      { field: 'Value #B', name: 'Available', mappings: yes, sorted: 'largest' },
      { field: 'Value #C', name: 'Held', mappings: yes },
      { field: 'Value #D', name: 'On probation', mappings: yes },
      { field: 'transport', name: 'Transport' },
      { field: 'protocol_version', name: 'Protocol' },
    ],
    width,
  });
}

/** Query with one row for each server, and the latest version as the label `latest` where it is known. */
function runningAndLatest(): string {
  const running = `max by (${EACH_SERVER}, package, version, transport, protocol_version) (${server('server_info')})`;
  const renamed = `label_replace(${server('server_latest_version_info')}, "latest", "$1", "version", "(.*)")`;
  const latest = `max by (${EACH_SERVER}, latest) (${renamed})`;
  return `${running} * on (${EACH_SERVER}) group_left (latest) ${latest} or on (${EACH_SERVER}) ${running}`;
}
