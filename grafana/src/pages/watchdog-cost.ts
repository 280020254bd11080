// End of the watchdog's dashboard: its own resources, sleep and network of the machine.
import { above, type PlacedPanel } from '../panels/panel.ts';
import { age, EACH_MACHINE, machine, ownProcess } from '../queries/expressions.ts';
import type { Section } from '../panels/grid-layout.ts';
import { lines } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';

/** Lines of a graph that has one for each machine. */
const MOST = 10;

/** Restricts process metrics to watchdogs: other programs export the same names. */
const OURS = `and on (${EACH_MACHINE}) ${machine('build_info')}`;

export function cost(rules: Rules): Section {
  return {
    key: 'cost',
    isCollapsed: true,
    title: 'What it costs',
    lines: [
      { height: 7, cards: [cpu(), memory(), files(rules), orphans(rules)] },
      { height: 6, cards: [historyReach(), historyMemory(), historySeries()] },
    ],
  };
}

export function sleep(): Section {
  return {
    key: 'sleep',
    isCollapsed: true,
    title: 'Sleep and network of the machine',
    lines: [{ height: 6, cards: [wakeups(), slept(), network()] }],
  };
}

function cpu(): PlacedPanel {
  return lines({
    key: 'cpu',
    title: 'Processor',
    shows: 'Cores that the watchdog itself keeps busy, without its servers. The ten busiest.',
    act: 'A hundredth of a core is normal. More for long: servers that flap, very short intervals, or a scrape each second.',
    empty: 'None was scraped in this time',
    unit: 'percentunit',
    queries: [
      {
        expr: `topk(${MOST}, rate(${ownProcess('process_cpu_seconds_total')}[$__rate_interval]) ${OURS})`,
        legend: '{{instance}}',
      },
    ],
    width: 6,
  });
}

function memory(): PlacedPanel {
  return lines({
    key: 'memory',
    title: 'Memory',
    shows: 'Resident memory of the watchdog itself, without its servers. The ten largest.',
    act: 'Below 80 MiB is what it is built for. A slope over days is a fault of the watchdog: please report it with `mcp-watchdog doctor`.',
    empty: 'None was scraped in this time',
    unit: 'bytes',
    queries: [
      {
        expr: `topk(${MOST}, ${ownProcess('process_resident_memory_bytes')} ${OURS})`,
        legend: '{{instance}}',
      },
    ],
    width: 6,
  });
}

function files(rules: Rules): PlacedPanel {
  return lines({
    key: 'files',
    title: 'Open files',
    shows: 'File descriptors of the watchdog as a share of what it may have. The ten largest; on Linux only.',
    act: 'Above the line it is an alert: without any it can neither start nor probe a server. Raise the limit of its service.',
    empty: 'Not available; never available on macOS',
    unit: 'percentunit',
    steps: above(rules.bound('McpWatchdogFileDescriptorsHigh', 'process_open_fds'), 'red'),
    alerts: ['McpWatchdogFileDescriptorsHigh'],
    queries: [
      {
        expr: `topk(${MOST}, ${ownProcess('process_open_fds')} / ${ownProcess('process_max_fds')} ${OURS})`,
        legend: '{{instance}}',
      },
    ],
    width: 6,
  });
}

function orphans(rules: Rules): PlacedPanel {
  const bound = rules.bound('McpOrphanProcesses', 'mcp_watchdog_orphan_processes');
  return lines({
    key: 'orphans',
    title: 'Orphans, and those that were ended',
    shows: 'Orphaned processes of MCP servers, and how many of them were killed, on all selected machines.',
    act: 'A client that leaves some behind each time it ends should start its servers through the watchdog.',
    empty: 'None was scraped in this time',
    unit: 'short',
    decimals: 0,
    steps: above(bound + 1, 'orange'),
    alerts: ['McpOrphanProcesses'],
    queries: [
      { expr: `sum(${machine('orphan_processes')})`, legend: 'orphans' },
      {
        expr: `sum(increase(${machine('orphans_reaped_total')}[$__rate_interval]))`,
        legend: 'ended in each step',
      },
    ],
    width: 6,
  });
}

function historyReach(): PlacedPanel {
  return lines({
    key: 'history-reach',
    title: 'How far the history reaches back',
    shows: 'Time that the own history of each watchdog covers. The ten shortest.',
    act: 'It grows to `history.retention` after a start. Shorter for long: `history.maxBytes` is full, and the oldest is dropped.',
    empty: 'None was scraped in this time, or none keeps a history',
    unit: 's',
    queries: [{ expr: `bottomk(${MOST}, ${machine('history_seconds')})`, legend: '{{instance}}' }],
    width: 8,
  });
}

function historyMemory(): PlacedPanel {
  return lines({
    key: 'history-memory',
    title: 'Memory of the history',
    shows: 'Memory that the own history takes, labels included. The ten largest.',
    act: 'Bounded by `history.maxBytes`. A lower retention, or a longer resolution, makes it smaller.',
    empty: 'None was scraped in this time, or none keeps a history',
    unit: 'bytes',
    queries: [{ expr: `topk(${MOST}, ${machine('history_bytes')})`, legend: '{{instance}}' }],
    width: 8,
  });
}

function historySeries(): PlacedPanel {
  return lines({
    key: 'history-series',
    title: 'Series in the history',
    shows: 'Series that the own history holds, ended ones included. The ten with most.',
    act: 'About a hundred for each server. Far more: many tools are called through the gateway, each with series of its own.',
    empty: 'None was scraped in this time, or none keeps a history',
    unit: 'short',
    decimals: 0,
    queries: [{ expr: `topk(${MOST}, ${machine('history_series')})`, legend: '{{instance}}' }],
    width: 8,
  });
}

// A day: a wake-up follows a gap in the samples, and a window shorter than the gap would miss it.
function wakeups(): PlacedPanel {
  return lines({
    key: 'wakeups',
    title: 'Wake-ups within a day',
    shows: 'How often machines woke up within the 24 hours before each point. The ten with most.',
    act: 'For 90 seconds after each, failed probes count for nothing. Very many are a machine that wakes by itself at night: see its power settings.',
    empty: 'None was scraped in this time',
    unit: 'short',
    decimals: 0,
    queries: [
      {
        expr: `topk(${MOST}, increase(${machine('system_wakeups_total')}[1d]))`,
        legend: '{{instance}}',
      },
    ],
    width: 8,
  });
}

function slept(): PlacedPanel {
  return lines({
    key: 'slept',
    title: 'Time asleep within a day',
    shows:
      'Time that machines slept within the 24 hours before each point, as reported after waking. The ten with most.',
    act: 'Gaps in other graphs that this accounts for are sleep, not failure. Gaps without it are: the watchdog was down, or not scraped.',
    empty: 'None was scraped in this time',
    unit: 's',
    queries: [
      {
        expr: `topk(${MOST}, increase(${machine('system_sleep_seconds_total')}[1d]))`,
        legend: '{{instance}}',
      },
    ],
    width: 8,
  });
}

const FAR_ANSWER = machine('network_last_answer_timestamp_seconds');

function network(): PlacedPanel {
  return lines({
    key: 'network',
    title: 'Last answer of another machine',
    shows:
      'Time since a server with only a url on another machine last answered, as of each scrape. The ten longest.',
    act: 'It should stay near `probe.interval`. It grows while the machine has no network: of its far servers nobody knows then whether they are up.',
    empty: 'None was scraped in this time, or none watches a server on another machine',
    unit: 's',
    queries: [
      {
        expr: `topk(${MOST}, ${age(FAR_ANSWER)} and on (${EACH_MACHINE}) ${FAR_ANSWER} > 0)`,
        legend: '{{instance}}',
      },
    ],
    width: 8,
  });
}
