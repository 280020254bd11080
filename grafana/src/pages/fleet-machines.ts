// Lower half of the fleet dashboard: versions, and machines that stand out.
import { above } from '../panels/panel.ts';
import { EACH_MACHINE, EACH_SERVER, machine, memoryUsed, server, UNPLANNED } from '../queries/expressions.ts';
import type { Section } from '../panels/grid-layout.ts';
import { bars, lines, table } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { UPDATE_COLOURS } from '../panels/series-colours.ts';

/** Lines of a graph that could have one for each machine. */
const WORST = 10;

export function fleetVersions(): Section {
  return {
    key: 'versions',
    title: 'Versions',
    lines: [{ height: 8, cards: [serverVersions(), watchdogVersions(), updates()] }],
  };
}

export function fleetMachines(rules: Rules): Section {
  return {
    key: 'machines',
    title: 'Machines that stand out',
    lines: [
      { height: 8, cards: [restarts(), unseen(), costly()] },
      { height: 7, cards: [fallbacks(rules), firing()] },
    ],
  };
}

function serverVersions(): ReturnType<typeof table> {
  return table({
    key: 'server-versions',
    title: 'Machines by version of each server',
    shows: 'Number of awake machines by server and version.',
    act: 'Machines that stay behind hold an update back or have pinned a version: see their server dashboard.',
    empty: 'No server has reported its version',
    unit: 'short',
    queries: [
      {
        expr: `count by (server, version) (max by (${EACH_SERVER}, version) (${server('server_info', 'version!=""')}))`,
        legend: '{{server}} {{version}}',
      },
    ],
    columns: [
      { field: 'server', name: 'Server' },
      { field: 'version', name: 'Version' },
      { field: 'Value', name: 'Machines', sorted: 'largest' },
    ],
    width: 8,
  });
}

function watchdogVersions(): ReturnType<typeof lines> {
  return lines({
    key: 'watchdog-versions',
    title: 'Machines by version of the watchdog',
    shows: 'Number of awake machines by version of the watchdog itself. The ten most frequent.',
    act: 'During a roll-out one line falls while the other rises. A line that stays stands for machines that the roll-out does not reach.',
    empty: 'No machine is awake',
    unit: 'short',
    decimals: 0,
    queries: [
      { expr: `topk(${WORST}, count by (version) (${machine('build_info')}))`, legend: '{{version}}' },
    ],
    width: 8,
  });
}

function updates(): ReturnType<typeof bars> {
  return bars({
    key: 'updates',
    title: 'Updates by result',
    shows: 'Updates of servers on all machines in each step of the graph, by how they ended.',
    act: 'Many `rolled_back` of one package: a bad release. Nothing is broken, since the old version is back; pin it until the next release.',
    empty: 'No update was tried in this time',
    unit: 'short',
    alerts: ['McpServerUpdateRolledBack'],
    colours: UPDATE_COLOURS,
    queries: [
      {
        expr: `sum by (result) (increase(${server('server_updates_total')}[$__rate_interval])) > 0`,
        legend: '{{result}}',
      },
    ],
    width: 8,
  });
}

function restarts(): ReturnType<typeof table> {
  return table({
    key: 'restarts',
    title: 'Most unplanned restarts',
    shows: 'The ten servers on the machines where they had to be restarted most often within the time shown.',
    act: 'One machine tops the list: look there. One server on all machines: look at the package.',
    empty: 'No server has a process',
    unit: 'short',
    decimals: 0,
    alerts: ['McpServerCrashLooping'],
    queries: [
      {
        expr: `topk(${WORST}, sum by (${EACH_SERVER}) (increase(${server('server_restarts_total', UNPLANNED)}[$__range])))`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    columns: [
      { field: 'server', name: 'Server', leadsTo: 'server' },
      { field: 'instance', name: 'Instance' },
      { field: 'Value', name: 'Restarts', sorted: 'largest' },
    ],
    width: 8,
  });
}

function unseen(): ReturnType<typeof table> {
  const last = `max by (${EACH_MACHINE}) (last_over_time(${machine('tick_last_timestamp_seconds')}[7d]))`;
  return table({
    key: 'unseen',
    title: 'Not seen for the longest time',
    shows: 'The machines, of those seen within 7 days, whose last sample is the oldest.',
    act: 'After 3 days an alert fires. Ask the owner of the machine before looking for a fault: most are switched off in a drawer.',
    empty: 'None was seen within 7 days',
    unit: 'dtdurations',
    alerts: ['McpFleetMachineLost'],
    queries: [{ expr: `topk(${WORST}, time() - ${last})`, legend: '{{instance}}' }],
    columns: [
      { field: 'instance', name: 'Instance' },
      { field: 'Value', name: 'Not seen for', sorted: 'largest' },
    ],
    width: 8,
  });
}

function costly(): ReturnType<typeof table> {
  const sumOf = (what: string): string => `sum by (${EACH_MACHINE}) (${what})`;
  return table({
    key: 'costly',
    title: 'Most memory for MCP servers',
    shows:
      'The ten machines on which the selected servers together use the most memory, with their number of servers.',
    act: 'Many servers on one machine: are all of them needed? Much memory of few: a leak, see their dashboards.',
    empty: 'No server has a process',
    unit: 'short',
    queries: [
      { expr: `topk(${WORST}, ${sumOf(memoryUsed)})`, legend: '{{instance}}' },
      {
        expr: `${machine('servers_configured')} and on (${EACH_MACHINE}) topk(${WORST}, ${sumOf(memoryUsed)})`,
        legend: '{{instance}}',
      },
    ],
    columns: [
      { field: 'instance', name: 'Instance' },
      { field: 'Value #A', name: 'Memory', unit: 'bytes', sorted: 'largest' },
      { field: 'Value #B', name: 'Servers' },
    ],
    width: 8,
  });
}

function fallbacks(rules: Rules): ReturnType<typeof lines> {
  return lines({
    key: 'fallback-over-time',
    title: 'Share that delivers its own alerts',
    shows: 'Share of awake machines in fallback, over time.',
    act: 'It rises when the central server is unreachable, and falls within minutes after it is back. Users are notified in the meantime.',
    empty: 'No machine is awake',
    unit: 'percentunit',
    max: 1,
    steps: above(rules.bound('McpFleetFallbackActive', 'mcp_watchdog_fallback_active'), 'red'),
    alerts: ['McpFleetFallbackActive'],
    queries: [{ expr: `avg(${machine('fallback_active')})`, legend: 'in fallback' }],
    width: 12,
  });
}

function firing(): ReturnType<typeof lines> {
  return lines({
    key: 'firing-by-name',
    title: 'Machines by firing alert',
    shows: 'Number of machines on which each alert fires, by their own evaluation. The ten most frequent.',
    act: 'The same alert on many machines at once has one cause: handle it once, here.',
    empty: 'Nothing is firing on any machine',
    unit: 'short',
    decimals: 0,
    queries: [
      {
        expr: `topk(${WORST}, count by (alertname) (${machine('alerts', 'alertstate="firing"', 'alertname!="Watchdog"')} > 0))`,
        legend: '{{alertname}}',
      },
    ],
    width: 12,
  });
}
