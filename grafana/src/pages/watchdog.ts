// Dashboard of the watchdog itself: one line per machine, the ten that stand out.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { firing, refusedReloads, reloads, wakes } from '../panels/annotations.ts';
import { above } from '../panels/panel.ts';
import { age, machine, ownProcess, scraped } from '../queries/expressions.ts';
import { dashboard } from '../panels/dashboard-frame.ts';
import type { Section } from '../panels/grid-layout.ts';
import { lines, stat, timeline } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { YES_IS_GOOD } from '../panels/shared-panels.ts';
import { cost, sleep } from './watchdog-cost.ts';
import { delivery } from './watchdog-delivery.ts';

export function watchdog(rules: Rules): Dashboard {
  return dashboard(
    {
      uid: 'watchdog',
      title: 'MCP watchdog / Watchdog',
      description:
        'The watchdog itself: whether it looks after its servers, tells of trouble, and what it costs.',
      from: 'now-6h',
      annotations: [reloads, refusedReloads, wakes, firing],
      sections: [now(rules), works(rules), delivery(), cost(rules), sleep()],
    },
    rules,
  );
}

function now(rules: Rules): Section {
  return {
    key: 'now',
    title: 'Now',
    lines: [
      { height: 4, cards: [version(), uptime(), tick(rules), config(), orphans(rules), saving(rules)] },
    ],
  };
}

function works(rules: Rules): Section {
  return {
    key: 'works',
    title: 'Does it look after its servers?',
    lines: [
      { height: 7, cards: [ticks(rules), collectorTime(), configured()] },
      { height: 5, cards: [collectorResults()] },
      { height: 5, cards: [scrapes()] },
      { height: 5, cards: [configResults()] },
    ],
  };
}

function version(): ReturnType<typeof stat> {
  return stat({
    key: 'version',
    title: 'Version',
    shows: 'Which version of the watchdog runs, and on which Node.',
    act: 'Several names mean several machines: choose one above, or see the fleet dashboard for how many have which.',
    empty: 'None is scraped',
    unit: 'string',
    names: true,
    queries: [
      {
        expr: `count by (version, node_version) (${machine('build_info')})`,
        legend: '{{version}} on Node {{node_version}}',
      },
    ],
    width: 4,
  });
}

function uptime(): ReturnType<typeof stat> {
  return stat({
    key: 'uptime',
    title: 'Runs since',
    shows: 'How long ago the watchdog was started; of several, the youngest.',
    act: 'Short, though nobody restarted it: it died, and launchd or systemd brought it back. `logs/watchdog.log` has its last words.',
    empty: 'None is scraped',
    unit: 'dtdurations',
    decimals: 0,
    queries: [{ expr: `min(${age(ownProcess('process_start_time_seconds'))})`, legend: 'runs since' }],
    width: 4,
  });
}

function tick(rules: Rules): ReturnType<typeof stat> {
  return stat({
    key: 'tick-now',
    title: 'Last look at its processes',
    shows:
      'Time since it last checked its processes, as of the last scrape; of several machines, the longest.',
    act: 'It should stay below the sampling interval, 15 s unless configured otherwise. Much more: it is held up, and restarts nothing.',
    empty: 'None is scraped',
    unit: 's',
    decimals: 0,
    steps: above(rules.bound('McpWatchdogStalled', 'mcp_watchdog_tick_last_timestamp_seconds'), 'red'),
    alerts: ['McpWatchdogStalled'],
    queries: [{ expr: `max(${age(machine('tick_last_timestamp_seconds'))})`, legend: 'ago' }],
    width: 4,
  });
}

function config(): ReturnType<typeof stat> {
  return stat({
    key: 'config-now',
    title: 'Config in use is the file',
    shows:
      'Whether the config file was accepted the last time it was read; of several machines, whether all were.',
    act: '`no`: the watchdog goes on with the last good one. `mcp-watchdog config validate` names the key and the cure.',
    empty: 'None is scraped',
    unit: 'none',
    ...YES_IS_GOOD,
    alerts: ['McpWatchdogConfigReloadFailed'],
    queries: [{ expr: `min(${machine('config_last_reload_successful')})`, legend: 'accepted' }],
    width: 4,
  });
}

function orphans(rules: Rules): ReturnType<typeof stat> {
  return stat({
    key: 'orphans-now',
    title: 'Orphans',
    shows: 'Processes of MCP servers that nobody owns: left behind by a client that died.',
    act: '`mcp-watchdog orphans` lists them with their memory, `--reap` ends them.',
    empty: 'None is scraped',
    unit: 'short',
    steps: above(rules.bound('McpOrphanProcesses', 'mcp_watchdog_orphan_processes') + 1, 'orange'),
    alerts: ['McpOrphanProcesses'],
    queries: [{ expr: `sum(${machine('orphan_processes')})`, legend: 'orphans' }],
    width: 4,
  });
}

function saving(rules: Rules): ReturnType<typeof stat> {
  return stat({
    key: 'saving-now',
    title: 'Failures to save its state',
    shows: 'Failed attempts to write the state file within the time shown.',
    act: 'The disk is full, or the home can no longer be written: counters, and what operators asked for, would be lost if it ended now.',
    empty: 'None is scraped',
    unit: 'short',
    decimals: 0,
    steps: above(
      rules.bound('McpWatchdogStateNotPersisted', 'mcp_watchdog_state_persist_failures_total') + 1,
      'red',
    ),
    alerts: ['McpWatchdogStateNotPersisted'],
    queries: [
      { expr: `sum(increase(${machine('state_persist_failures_total')}[$__range]))`, legend: 'failures' },
      {
        expr: `count(${machine('state_last_persist_successful')} == 0)`,
        legend: 'machines whose disk refuses now',
      },
    ],
    width: 4,
  });
}

function ticks(rules: Rules): ReturnType<typeof lines> {
  return lines({
    key: 'tick-age',
    title: 'Age of the last look at its processes',
    shows: 'Seconds between its last look and the scrape. The ten longest.',
    act: 'It saws between 0 and the sampling interval. Above the line it is an alert: the machine is overloaded or the watchdog hangs.',
    empty: 'None was scraped in this time',
    unit: 's',
    steps: above(rules.bound('McpWatchdogStalled', 'mcp_watchdog_tick_last_timestamp_seconds'), 'red'),
    alerts: ['McpWatchdogStalled'],
    queries: [{ expr: `topk(10, ${age(machine('tick_last_timestamp_seconds'))})`, legend: '{{instance}}' }],
    width: 8,
  });
}

function collectorTime(): ReturnType<typeof lines> {
  return lines({
    key: 'collector-duration',
    title: 'Duration of its collectors',
    shows: 'How long the last run of each collector took, on the slowest machine.',
    act: 'It should be far below the sampling interval. Slow ones come with very many processes on the machine.',
    empty: 'No collector has run yet',
    unit: 's',
    queries: [
      { expr: `max by (collector) (${machine('collector_duration_seconds')})`, legend: '{{collector}}' },
    ],
    width: 8,
  });
}

function collectorResults(): ReturnType<typeof timeline> {
  return timeline({
    key: 'collector-success',
    title: 'Collectors succeed',
    shows: 'Whether the last run of each collector succeeded, on all chosen machines.',
    act: '`no`: memory, processor time and limits of servers are not measured meanwhile. The log of the watchdog says why.',
    empty: 'No collector has run yet',
    unit: 'none',
    ...YES_IS_GOOD,
    queries: [{ expr: `min by (collector) (${machine('collector_success')})`, legend: '{{collector}}' }],
    width: 24,
  });
}

function scrapes(): ReturnType<typeof timeline> {
  return timeline({
    key: 'scrapes',
    title: 'Scraped',
    shows:
      'Whether this Prometheus, or the agent on the machine, gets the metrics; of more than 20 machines, those where it does not.',
    act: '`no`: the watchdog is down, or cannot be reached from there. What the other panels show is then as of before.',
    empty: 'No target of the chosen jobs in this time',
    unit: 'none',
    ...YES_IS_GOOD,
    alerts: ['McpWatchdogDown', 'McpWatchdogAbsent'],
    queries: [{ expr: `bottomk(20, ${scraped})`, legend: '{{instance}}' }],
    width: 24,
  });
}

function configResults(): ReturnType<typeof timeline> {
  return timeline({
    key: 'config-over-time',
    title: 'Config accepted',
    shows:
      'Whether the config in use is the one in the file; of more than 20 machines, those where it is not.',
    act: 'Blue marks are times at which it was read. Correct the file: it is read again by itself.',
    empty: 'None was scraped in this time',
    unit: 'none',
    ...YES_IS_GOOD,
    alerts: ['McpWatchdogConfigReloadFailed'],
    queries: [{ expr: `bottomk(20, ${machine('config_last_reload_successful')})`, legend: '{{instance}}' }],
    width: 24,
  });
}

function configured(): ReturnType<typeof lines> {
  return lines({
    key: 'servers-configured',
    title: 'Servers in the config',
    shows: 'How many servers the config in use has. The ten machines with most.',
    act: 'A step without a blue mark is a restart of the watchdog with another config.',
    empty: 'None was scraped in this time',
    unit: 'short',
    decimals: 0,
    queries: [{ expr: `topk(10, ${machine('servers_configured')})`, legend: '{{instance}}' }],
    width: 8,
  });
}
