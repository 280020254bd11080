// Overview dashboard, the first page: one machine or a few.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { firing, reloads, restarts, versionChanges, wakes } from '../panels/annotations.ts';
import { above, below, type PlacedPanel } from '../panels/panel.ts';
import { machine, memoryShare, server, UNPLANNED, upWhereWanted } from '../queries/expressions.ts';
import { dashboard } from '../panels/dashboard-frame.ts';
import type { Section } from '../panels/grid-layout.ts';
import { happened, resources, service } from './overview-servers.ts';
import { stat } from '../panels/panel-kinds.ts';
import { gateway } from './server-clients.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { versionTable } from '../panels/shared-panels.ts';

export function overview(rules: Rules): Dashboard {
  return dashboard(
    {
      uid: 'overview',
      title: 'MCP watchdog / Overview',
      description:
        'Is everything up, what happened, and what is slow? Red at the top means: read on below it.',
      from: 'now-6h',
      servers: 'many',
      annotations: [restarts, versionChanges, reloads, wakes, firing],
      sections: [now(rules), happened(rules), service(), gateway(), resources(rules), versions()],
    },
    rules,
  );
}

function now(rules: Rules): Section {
  return {
    key: 'now',
    title: 'Now',
    lines: [
      { height: 4, cards: [up(), down(), givenUp(rules), unplanned(), nearestToLimit(), firingCount()] },
    ],
  };
}

function up(): PlacedPanel {
  return stat({
    key: 'up-share',
    title: 'Up',
    shows: 'Share of servers with desired state up whose last health check passed.',
    act: 'Below 100 % one is down: the state timeline says which, and whether it is being restarted.',
    empty: 'No server is meant to run',
    unit: 'percentunit',
    decimals: 0,
    steps: below(1, 'red'),
    alerts: ['McpServerDown'],
    queries: [{ expr: `avg(${upWhereWanted})`, legend: 'up' }],
    width: 4,
  });
}

function down(): PlacedPanel {
  return stat({
    key: 'down-count',
    title: 'Down',
    shows: 'Number of servers with desired state up that are not up, including those that are just starting.',
    act: 'After 2 minutes an alert fires. `mcp-watchdog status` on the machine shows the reason.',
    empty: 'No server is configured',
    unit: 'short',
    steps: above(1, 'red'),
    alerts: ['McpServerDown'],
    queries: [
      {
        expr: `sum(${server('server_desired_running')} > bool ${server('server_up')})`,
        legend: 'down',
      },
    ],
    width: 4,
  });
}

function givenUp(rules: Rules): PlacedPanel {
  return stat({
    key: 'given-up',
    title: 'Crash looping',
    shows: 'Number of servers that crashed so often that they are retried only now and then.',
    act: 'Read the last lines of `mcp-watchdog logs NAME`, fix the cause, then `mcp-watchdog restart NAME`.',
    empty: 'No server is configured',
    unit: 'short',
    steps: above(rules.bound('McpServerGaveUp', 'mcp_watchdog_server_state'), 'red'),
    alerts: ['McpServerGaveUp'],
    queries: [{ expr: `sum(${server('server_state', 'state="crash_looping"')})`, legend: 'crash looping' }],
    width: 4,
  });
}

function unplanned(): PlacedPanel {
  return stat({
    key: 'unplanned-restarts',
    title: 'Unplanned restarts',
    shows: 'Restarts within the time shown that nobody asked for: crashes, failed probes, exceeded limits.',
    act: 'One now and then is what the watchdog is for. The reasons are in "Restarts by reason" below.',
    empty: 'No server has a process here',
    unit: 'short',
    decimals: 0,
    alerts: ['McpServerCrashLooping'],
    queries: [
      {
        expr: `sum(increase(${server('server_restarts_total', UNPLANNED)}[$__range]))`,
        legend: 'restarts',
      },
    ],
    width: 4,
  });
}

function nearestToLimit(): PlacedPanel {
  return stat({
    key: 'memory-worst',
    title: 'Nearest to a memory limit',
    shows: 'The largest share of its memory limit that any server uses.',
    act: 'At 100 % of the hard limit that server is restarted. "Memory against its limit" shows which one.',
    empty: 'No server has a limit',
    unit: 'percentunit',
    decimals: 0,
    queries: [{ expr: `max(${memoryShare})`, legend: 'largest share' }],
    width: 4,
  });
}

function firingCount(): PlacedPanel {
  return stat({
    key: 'firing-count',
    title: 'Firing alerts',
    shows: "Alerts that fire by the watchdog's own evaluation, whether or not a Prometheus evaluates rules.",
    act: 'The table beside the restarts lists them, each with its runbook.',
    empty: 'Local evaluation has not started',
    unit: 'short',
    steps: above(1, 'red'),
    queries: [
      {
        expr: `sum(${machine('alerts', 'alertstate="firing"', 'alertname!="Watchdog"')})`,
        legend: 'firing',
      },
    ],
    width: 4,
  });
}

function versions(): Section {
  return {
    key: 'versions',
    isCollapsed: true,
    title: 'Versions',
    lines: [{ height: 8, cards: [versionTable({ key: 'versions-table', width: 24 })] }],
  };
}
