// End of a server's dashboard: resources and versions.
import { above } from '../panels/panel.ts';
import { age, EACH_MACHINE, EACH_SERVER, memoryUsed, ownProcess, server } from '../queries/expressions.ts';
import type { Section } from '../panels/grid-layout.ts';
import { valueMappings } from '../panels/value-mappings.ts';
import { bars, DASHED, lines, stat, timeline } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { versionTable } from '../panels/shared-panels.ts';
import { UPDATE_COLOURS } from '../panels/series-colours.ts';

export function resources(rules: Rules): Section {
  return {
    key: 'resources',
    title: 'Resources of the whole process tree',
    lines: [
      { height: 8, cards: [cpu(rules), memory(rules)] },
      { height: 7, cards: [processes(), files(rules)] },
    ],
  };
}

export function updates(): Section {
  return {
    key: 'updates',
    isCollapsed: true,
    title: 'Versions and updates',
    lines: [
      { height: 5, cards: [versionTable({ key: 'versions-here', width: 24 })] },
      { height: 5, cards: [progress()] },
      { height: 7, cards: [results(), last(), previous(), bad()] },
    ],
  };
}

function cpu(rules: Rules): ReturnType<typeof lines> {
  return lines({
    key: 'cpu',
    title: 'Processor cores in use',
    shows: 'CPU cores used by the process tree: 1 is one core.',
    act: 'Above the line for 15 minutes an alert fires: a server that is this busy without requests is in a loop.',
    empty: 'No process here',
    unit: 'short',
    decimals: 2,
    steps: above(rules.bound('McpServerCpuHigh', 'server:mcp_watchdog_server_cpu_seconds:rate5m'), 'red'),
    alerts: ['McpServerCpuHigh'],
    queries: [
      {
        expr: `sum by (${EACH_SERVER}) (rate(${server('server_cpu_seconds_total')}[$__rate_interval]))`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 12,
  });
}

function memory(rules: Rules): ReturnType<typeof lines> {
  const share = rules.bound('McpServerMemoryHigh', 'server:mcp_watchdog_server_memory_bytes:used');
  const limit = `min by (instance) (${server('server_memory_limit_bytes')} > 0)`;
  return lines({
    key: 'memory',
    title: 'Memory and its limit',
    shows: `Memory of the process tree, its limit, and ${share * 100} % of that, above which it is an alert.`,
    act: 'A slope that never falls is a leak: scheduled restarts only hide it; an older version may not have it. A step is a larger job. The limit is `limits.memory` in the config.',
    empty: 'No process here',
    unit: 'bytes',
    alerts: ['McpServerMemoryHigh', 'McpServerMemoryLeakSuspected'],
    colours: { used: 'blue', limit: 'red', alert: 'orange' },
    queries: [
      { expr: `max by (instance) ${memoryUsed}`, legend: '{{instance}} used' },
      { expr: limit, legend: '{{instance}} limit' },
      { expr: `${share} * ${limit}`, legend: '{{instance}} alert' },
    ],
    unlike: { limit: DASHED, alert: DASHED },
    width: 12,
  });
}

function processes(): ReturnType<typeof lines> {
  return lines({
    key: 'processes',
    title: 'Processes and threads',
    shows: 'Size of the process tree. Threads are known on Linux only.',
    act: 'A number that only grows points to helper processes that never end, often one per request.',
    empty: 'No process here',
    unit: 'short',
    decimals: 0,
    queries: [
      { expr: `max by (instance) (${server('server_processes')})`, legend: 'processes on {{instance}}' },
      { expr: `max by (instance) (${server('server_threads')})`, legend: 'threads on {{instance}}' },
    ],
    width: 12,
  });
}

function files(rules: Rules): ReturnType<typeof lines> {
  const share = rules.bound('McpServerFileDescriptorsHigh', 'mcp_watchdog_server_open_fds');
  return lines({
    key: 'files',
    title: 'Open files as a share of the limit per process',
    shows:
      'File descriptors of the whole process tree, compared to the limit of the watchdog, which its servers inherit. Linux only.',
    act: 'Above the line an alert fires. Endless growth is a leak of connections or files: restart the server before it runs out.',
    empty: 'Not available; never available on macOS',
    unit: 'percentunit',
    steps: above(share, 'red'),
    alerts: ['McpServerFileDescriptorsHigh'],
    queries: [
      {
        expr: `${server('server_open_fds')} / on (${EACH_MACHINE}) group_left () ${ownProcess('process_max_fds')}`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 12,
  });
}

function results(): ReturnType<typeof bars> {
  return bars({
    key: 'update-results',
    title: 'Updates by result',
    shows: 'Updates tried in each step of the graph, by result.',
    act: '`rolled_back`: the new version failed its probation and the old one is back. `failed`: it could not be installed or started beside the old one. The journal has the reason: `mcp-watchdog update NAME --check`.',
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
    width: 12,
  });
}

function progress(): ReturnType<typeof timeline> {
  const states = [
    ['server_update_available', 'available'],
    ['server_update_held', 'held back'],
    ['server_update_probation', 'on probation'],
  ] as const;
  return timeline({
    key: 'update-progress',
    title: 'Update status',
    shows: 'Whether a newer version is available, held back, or on probation.',
    act: 'During probation `mcp-watchdog rollback NAME` returns to the previous version at once.',
    empty: 'No samples in this time',
    unit: 'none',
    steps: [
      { value: null, color: 'text' },
      { value: 1, color: 'blue' },
    ],
    mappings: valueMappings({ 0: ['no', 'text'], 1: ['yes', 'blue'] }),
    alerts: ['McpServerUpdateAvailable'],
    queries: states.map(([metric, legend]) => ({ expr: `max(${server(metric)})`, legend })),
    width: 24,
  });
}

function last(): ReturnType<typeof stat> {
  return stat({
    key: 'last-update',
    title: 'Last update',
    shows: 'Time since the last update ended, whatever its result; of several machines, the latest.',
    act: 'Problems that started then are likely due to the update. "Updates by result" shows how it ended.',
    empty: 'There was none yet',
    unit: 'dtdurations',
    decimals: 0,
    queries: [{ expr: `min(${age(server('server_last_update_timestamp_seconds'))})`, legend: 'ago' }],
    width: 4,
  });
}

function previous(): ReturnType<typeof stat> {
  return stat({
    key: 'previous-version',
    title: 'Rollback goes to',
    shows: 'The previous version, which is still installed.',
    act: '`mcp-watchdog rollback NAME` goes back to it within a second.',
    empty: 'There was none before',
    unit: 'string',
    names: true,
    queries: [
      { expr: `count by (version) (${server('server_previous_version_info')})`, legend: '{{version}}' },
    ],
    width: 4,
  });
}

function bad(): ReturnType<typeof stat> {
  return stat({
    key: 'bad-versions',
    title: 'Versions that failed here',
    shows: 'Number of versions that failed and are not tried again automatically.',
    act: '`mcp-watchdog update NAME --check` lists them. To try one again: `mcp-watchdog update NAME --to V`.',
    empty: 'No server is installed by us',
    unit: 'short',
    steps: above(1, 'orange'),
    queries: [{ expr: `max(${server('server_bad_versions')})`, legend: 'versions' }],
    width: 4,
  });
}
