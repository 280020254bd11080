// Reference page of the metric catalogue: docs/metrics.md is its output, and a test compares the two.
import { METRIC_PREFIX, type MetricDefinition } from './metric-definition.ts';
import {
  ALERT_METRICS,
  GATEWAY_METRICS,
  PROBE_METRICS,
  PROCESS_METRICS,
  SERVER_METRICS,
  WATCHDOG_METRICS,
} from './metric-catalogue.ts';

const GROUPS: readonly (readonly [title: string, metrics: Readonly<Record<string, MetricDefinition>>])[] = [
  ['Servers', SERVER_METRICS],
  ['Probes', PROBE_METRICS],
  ['Clients', GATEWAY_METRICS],
  ['The watchdog', WATCHDOG_METRICS],
  ['Alerts', ALERT_METRICS],
];

const INTRODUCTION = `# Metrics

<!-- Generated from src/core/metrics/metric-catalogue.ts by \`npm run generate\`; a test compares it. -->

\`GET /metrics\` answers in the Prometheus text format 0.0.4, or in OpenMetrics 1.0 to who asks for it. Every name begins with \`${METRIC_PREFIX}\`, but for
\`mcp_server_operation_duration_seconds\`, whose name and labels are OpenTelemetry's; the label
\`server\` is the name in the config. No label ever holds a pid, a path, a command line or a url. A label with a closed
list of values is there with 0 from the moment its server is configured, and all series of a server go when it is
removed. Counters marked *kept* continue after a restart of the watchdog, a \`kill -9\` included. A server
with only a \`url\` has no process here, so it has none of the metrics about one.

The metrics of clients are about requests through the [gateway](gateway.md). A server that no client has used has none of
them but its counters, which are there with 0. \`gen_ai_tool_name\` is one of the first 50 tools of the server's last list,
\`mcp_method_name\` a method of the protocol; all others are \`_other\`, and a server has at most 200 label sets, so that no client can mint a
series.

A scrape shows the latest known values and measures nothing itself. The text is rendered again only
after a change, for measurements at most once a second; for a scraper that comes in a rhythm, as Prometheus
does, it is rendered a quarter of a second before the next scrape.
`;

/** Markdown, ending in a newline. */
export function renderMetricsPage(): string {
  const groups = GROUPS.map(([title, metrics]) => `## ${title}\n\n${table(metrics)}\n`);
  return [INTRODUCTION, ...groups, closedLists(), processMetrics()].join('\n');
}

function table(metrics: Readonly<Record<string, MetricDefinition>>): string {
  const rows = Object.entries(metrics).map(([name, metric]) => row(name, metric));
  return ['| name | type | unit | labels | help |', '|---|---|---|---|---|', ...rows].join('\n');
}

function row(name: string, { type, unit, help, labels, survives }: MetricDefinition): string {
  const kind = survives === true ? `${type}, *kept*` : type;
  return `| \`${name}\` | ${kind} | ${unit} | ${Object.keys(labels).join(', ')} | ${help} |`;
}

function closedLists(): string {
  const lists = new Map<string, readonly string[]>();
  for (const [, metrics] of GROUPS) {
    for (const [name, { labels }] of Object.entries(metrics)) {
      for (const [label, values] of Object.entries(labels)) {
        if (values === null) continue;
        const key = label === 'reason' ? `\`reason\` of \`${name}\`` : `\`${label}\``;
        lists.set(key, values);
      }
    }
  }
  const lines = [...lists].map(([label, values]) => `- ${label}: ${values.join(', ')}`);
  return `## Closed lists of label values\n\n${lines.join('\n')}\n`;
}

function processMetrics(): string {
  const lines = PROCESS_METRICS.map(
    ({ name, type, everywhere }) => `- \`${name}\` (${type}${everywhere ? '' : ', Linux'})`,
  );
  return `## The watchdog's own process\n\nThe set that every Prometheus client library knows, without the prefix:\n\n${lines.join('\n')}\n`;
}
