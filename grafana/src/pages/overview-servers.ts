// Lower part of the overview: events, service and resources of the servers.
import { above, type PlacedPanel } from '../panels/panel.ts';
import { EACH_SERVER, failureShare, memoryShare, server, serverBuckets } from '../queries/expressions.ts';
import type { Section } from '../panels/grid-layout.ts';
import { bars, heatmap, lines, timeline } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { firingTable, quantiles, STATE_LOOK } from '../panels/shared-panels.ts';
import { stateOfEach } from '../queries/server-states.ts';
import { RESTART_COLOURS } from '../panels/series-colours.ts';

/** Most series in one graph. */
const MOST = 10;

export function happened(rules: Rules): Section {
  return {
    key: 'happened',
    title: 'Events',
    lines: [
      { height: 9, cards: [states()] },
      { height: 8, cards: [restartReasons(), firingTable({ key: 'firing-now', width: 12 }, rules)] },
    ],
  };
}

export function service(): Section {
  return {
    key: 'service',
    title: 'Service: errors and duration',
    lines: [{ height: 8, cards: [failures(), durations(), quickness()] }],
  };
}

export function resources(rules: Rules): Section {
  return {
    key: 'resources',
    title: 'Resources',
    lines: [{ height: 8, cards: [cpu(rules), memory(rules)] }],
  };
}

function states(): PlacedPanel {
  return timeline({
    key: 'states',
    title: 'State of each server',
    shows: 'State of each server over time; with very many servers, those in the worst states.',
    act: 'Orange and red are times without service. Click to open the dashboard of that server. In a gap the machine slept or was not scraped.',
    empty: 'No samples: the watchdog was not scraped in this time',
    unit: 'none',
    ...STATE_LOOK,
    alerts: ['McpServerDown', 'McpServerUnresponsive', 'McpServerGaveUp'],
    queries: [{ expr: `topk(40, ${stateOfEach})`, legend: '{{server}} on {{instance}}' }],
    width: 24,
    leadsTo: 'server',
  });
}

function restartReasons(): PlacedPanel {
  return bars({
    key: 'restarts-by-reason',
    title: 'Restarts by reason',
    shows: 'Restarts of all selected servers in each step of the graph, by reason.',
    act: '`exit` and `signal`: it died, see its log. `probe`: it no longer answered. `memory`, `cpu`: its limit. `requested`, `update`, `config`: it was intended.',
    empty: 'No restart in this time',
    unit: 'short',
    alerts: ['McpServerCrashLooping'],
    colours: RESTART_COLOURS,
    queries: [
      {
        expr: `sum by (reason) (increase(${server('server_restarts_total')}[$__rate_interval])) > 0`,
        legend: '{{reason}}',
      },
    ],
    width: 12,
  });
}

function failures(): PlacedPanel {
  return lines({
    key: 'probe-failures',
    title: 'Share of probes that fail',
    shows: 'Share of failed probes of each server; only servers with failures, the worst first.',
    act: 'Single spikes are tolerated. A plateau means that the server hangs or refuses requests: its dashboard shows the reason.',
    empty: 'No probe failed in this time',
    unit: 'percentunit',
    max: 1,
    alerts: ['McpServerErrorBudgetBurn', 'McpServerUnresponsive'],
    queries: [
      {
        expr: `topk(${MOST}, ${failureShare(` by (${EACH_SERVER})`)} > 0)`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 8,
    leadsTo: 'server',
  });
}

function durations(): PlacedPanel {
  return heatmap({
    key: 'latency-heatmap',
    title: 'Duration of successful probes',
    shows: 'Distribution of the durations of successful probes of all selected servers. Darker is more.',
    act: 'A band that rises is a server that gets slower; a second band is one server, or one kind of probe, that differs.',
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
  });
}

function quickness(): PlacedPanel {
  return quantiles({
    key: 'latency-quantiles',
    width: 8,
    shows: 'Half, 95 % and 99 % of the successful probes of all selected servers were at least this fast.',
  });
}

function cpu(rules: Rules): PlacedPanel {
  return lines({
    key: 'cpu',
    title: 'Processor cores in use',
    shows: 'CPU cores used by the whole process tree of each server: 1 is one core. The 10 busiest.',
    act: 'Above the line for 15 minutes an alert fires: a server that is this busy without requests is in a loop. Restart it, and find the version with which it began.',
    empty: 'No server has a process here',
    unit: 'short',
    decimals: 2,
    steps: above(rules.bound('McpServerCpuHigh', 'server:mcp_watchdog_server_cpu_seconds:rate5m'), 'red'),
    alerts: ['McpServerCpuHigh'],
    queries: [
      {
        expr: `topk(${MOST}, rate(${server('server_cpu_seconds_total')}[$__rate_interval]))`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 12,
    leadsTo: 'server',
  });
}

function memory(rules: Rules): PlacedPanel {
  return lines({
    key: 'memory-share',
    title: 'Memory against its limit',
    shows:
      'Memory of the whole process tree of each server as a share of its limit. The 10 nearest to theirs.',
    act: 'Above the line an alert fires. A slope that never falls is a leak; a step is a larger job. The limit is `limits.memory` in the config.',
    empty: 'No server has both a process and a limit',
    unit: 'percentunit',
    steps: above(rules.bound('McpServerMemoryHigh', 'server:mcp_watchdog_server_memory_bytes:used'), 'red'),
    alerts: ['McpServerMemoryHigh', 'McpServerMemoryLeakSuspected'],
    queries: [{ expr: `topk(${MOST}, ${memoryShare})`, legend: '{{server}} on {{instance}}' }],
    width: 12,
    leadsTo: 'server',
  });
}
