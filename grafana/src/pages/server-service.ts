// Middle of a server's dashboard: quality of service, and the reasons of its exits.
import { above } from '../panels/panel.ts';
import { age, EACH_SERVER, failureShare, server, UNPLANNED, serverBuckets } from '../queries/expressions.ts';
import type { Section } from '../panels/grid-layout.ts';
import { bars, DASHED, heatmap, lines, timeline } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { quantiles, YES_IS_GOOD } from '../panels/shared-panels.ts';
import { RESTART_COLOURS } from '../panels/series-colours.ts';
import { PROBE_FAILURE_COLOURS } from '../panels/series-colours.ts';

export function service(rules: Rules): Section {
  return {
    key: 'service',
    title: 'Service: rate, errors, duration',
    lines: [
      { height: 8, cards: [probeRate(), failures(), failureShares()] },
      {
        height: 8,
        cards: [
          heatmap({
            key: 'latency-heatmap',
            title: 'Duration of successful probes',
            shows: 'Distribution of the durations of successful probes. Darker is more.',
            act: 'Two bands are two kinds of probes, or two machines. A band that climbs is a server that gets slower.',
            empty: 'No probe succeeded in this time',
            unit: 's',
            alerts: ['McpServerSlow'],
            queries: [
              {
                expr: `sum by (le) (increase(${serverBuckets('probe_duration_seconds')}[$__rate_interval]))`,
                legend: '{{le}}',
              },
            ],
            width: 8,
          }),
          quantiles({
            key: 'latency-quantiles',
            width: 8,
            shows: 'Half, 95 % and 99 % of the successful probes were at least this fast.',
          }),
          slowness(rules),
        ],
      },
      { height: 5, cards: [lastResults()] },
      { height: 6, cards: [silence(rules)] },
    ],
  };
}

export function ends(rules: Rules): Section {
  return {
    key: 'ends',
    title: 'Exits and restarts',
    lines: [{ height: 8, cards: [restartReasons(), recentRestarts(rules), waits()] }],
  };
}

function probeRate(): ReturnType<typeof lines> {
  return lines({
    key: 'probe-rate',
    title: 'Probes',
    shows: 'Rate of probes by kind, and the configured rate (dashed).',
    act: 'Much below the configured rate: the watchdog is busy, or the server has no process to probe. After a failure probes are more frequent.',
    empty: 'Not probed in this time',
    unit: 'reqps',
    queries: [
      { expr: `sum by (probe) (rate(${server('probes_total')}[$__rate_interval]))`, legend: '{{probe}}' },
      { expr: `sum by (probe) (1 / ${server('probe_interval_seconds')})`, legend: '{{probe}} configured' },
    ],
    unlike: { configured: DASHED },
    width: 8,
  });
}

function failures(): ReturnType<typeof lines> {
  return bars({
    key: 'probe-failures',
    title: 'Failed probes by reason',
    shows: 'Failed probes in each step of the graph, by reason; and whether the server asks for credentials.',
    act: '`timeout`: it hangs or is overloaded. `closed`, `refused`: it is gone. `protocol`: its output is not valid MCP, often because of log lines on stdout. `unauthorized`: a key has expired.',
    empty: 'No probe failed in this time',
    unit: 'short',
    alerts: ['McpServerUnresponsive', 'McpServerUnauthorized'],
    colours: PROBE_FAILURE_COLOURS,
    queries: [
      {
        expr: `sum by (probe, reason) (increase(${server('probe_failures_total')}[$__rate_interval])) > 0`,
        legend: '{{probe}}: {{reason}}',
      },
      { expr: `sum(${server('server_unauthorized')}) > 0`, legend: 'asks for credentials' },
    ],
    width: 8,
  });
}

function failureShares(): ReturnType<typeof lines> {
  return lines({
    key: 'failure-share',
    title: 'Share of probes that fail',
    shows: 'Share of failed probes.',
    act: 'Zero is normal. What it means for the objective is on the dashboard "Alerts and SLO".',
    empty: 'Not probed in this time',
    unit: 'percentunit',
    min: 0,
    max: 1,
    alerts: ['McpServerErrorBudgetBurn'],
    queries: [{ expr: failureShare(` by (${EACH_SERVER})`), legend: '{{server}} on {{instance}}' }],
    width: 8,
  });
}

function slowness(rules: Rules): ReturnType<typeof lines> {
  const p95 = `histogram_quantile(0.95, sum by (${EACH_SERVER}, le) (rate(${serverBuckets('probe_duration_seconds')}[$__rate_interval])))`;
  return lines({
    key: 'slowness',
    title: 'p95 as a share of the timeout',
    shows: '95th percentile of the probe duration as a share of the timeout, at which a probe fails.',
    act: 'Above the line for 10 minutes an alert fires. Check CPU and memory below; a server that is slow by nature needs a longer `probe.timeout`.',
    empty: 'No probe succeeded in this time',
    unit: 'percentunit',
    steps: above(rules.bound('McpServerSlow', 'server:mcp_watchdog_probe_duration_seconds:p95_5m'), 'red'),
    alerts: ['McpServerSlow'],
    queries: [
      {
        expr: `${p95} / on (${EACH_SERVER}) min by (${EACH_SERVER}) (${server('probe_timeout_seconds')})`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 8,
  });
}

function lastResults(): ReturnType<typeof timeline> {
  return timeline({
    key: 'probe-results',
    title: 'Last result of each kind of probe',
    shows: 'Whether the last probe of each kind succeeded.',
    act: 'If only the full probe (`list_tools`) fails, the connection works but the tools behind it do not.',
    empty: 'Not probed in this time',
    unit: 'none',
    ...YES_IS_GOOD,
    queries: [
      { expr: `min by (instance, probe) (${server('probe_success')})`, legend: '{{probe}} on {{instance}}' },
    ],
    width: 24,
  });
}

function silence(rules: Rules): ReturnType<typeof lines> {
  const last = server('probe_last_success_timestamp_seconds');
  const least = (metric: string): string => `min by (${EACH_SERVER}) (${metric})`;
  return lines({
    key: 'silence',
    title: 'Probe intervals without a success',
    shows: 'Time since the last successful probe of any kind, in configured probe intervals.',
    act: 'It normally moves between 0 and about 1. Above the line, while the process runs, an alert fires.',
    empty: 'Not probed in this time',
    unit: 'short',
    decimals: 1,
    steps: above(
      rules.bound('McpServerUnresponsive', 'mcp_watchdog_probe_last_success_timestamp_seconds'),
      'red',
    ),
    alerts: ['McpServerUnresponsive'],
    queries: [
      {
        expr: `${least(age(last))} / on (${EACH_SERVER}) ${least(server('probe_interval_seconds'))}`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 24,
  });
}

function restartReasons(): ReturnType<typeof bars> {
  return bars({
    key: 'restarts-by-reason',
    title: 'Restarts by reason',
    shows: 'Restarts in each step of the graph, by reason, and starts that failed.',
    act: '`exit` and `signal`: it died, see its log. `probe`: it no longer answered. `memory`, `cpu`: its limit. `start failed` alone: it cannot start at all, mostly because of its config.',
    empty: 'No restart in this time',
    unit: 'short',
    alerts: ['McpServerCrashLooping'],
    colours: RESTART_COLOURS,
    queries: [
      {
        expr: `sum by (reason) (increase(${server('server_restarts_total')}[$__rate_interval])) > 0`,
        legend: '{{reason}}',
      },
      {
        expr: `sum(increase(${server('server_start_failures_total')}[$__rate_interval])) > 0`,
        legend: 'start failed',
      },
    ],
    width: 8,
  });
}

function recentRestarts(rules: Rules): ReturnType<typeof lines> {
  return lines({
    key: 'recent-restarts',
    title: 'Unplanned restarts within 15 minutes',
    shows: 'Unplanned restarts within the last 15 minutes.',
    act: 'Above the line an alert fires, and the restart budget is nearly spent.',
    empty: 'Never restarted in this time',
    unit: 'short',
    decimals: 0,
    steps: above(rules.bound('McpServerCrashLooping', 'mcp_watchdog_server_restarts_total'), 'red'),
    alerts: ['McpServerCrashLooping'],
    queries: [
      {
        expr: `sum by (${EACH_SERVER}) (increase(${server('server_restarts_total', UNPLANNED)}[15m]))`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 8,
  });
}

function waits(): ReturnType<typeof lines> {
  return lines({
    key: 'backoff',
    title: 'Wait before the next start',
    shows:
      'Current backoff before the next start; it doubles with each exit in a row, and is 0 when the server is not waiting.',
    act: 'To retry at once, for instance after a fix: `mcp-watchdog restart NAME`.',
    empty: 'No server has a process here',
    unit: 's',
    alerts: ['McpServerGaveUp'],
    queries: [
      {
        expr: `max by (server, instance) (${server('server_backoff_seconds')})`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 8,
  });
}
