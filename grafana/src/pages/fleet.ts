// Fleet dashboard for hundreds of machines: shares, counts and the worst ten; nothing grows by a line per machine.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { firingForFleet } from '../panels/annotations.ts';
import { above, below } from '../panels/panel.ts';
import { EACH_MACHINE, machine, server, UNPLANNED, upWhereWanted } from '../queries/expressions.ts';
import { fleetMachines, fleetVersions } from './fleet-machines.ts';
import { dashboard } from '../panels/dashboard-frame.ts';
import type { Section } from '../panels/grid-layout.ts';
import { lines, stat, table } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';

export function fleet(rules: Rules): Dashboard {
  return dashboard(
    {
      uid: 'fleet',
      title: 'MCP watchdog / Fleet',
      description:
        'Many machines, most of which sleep at some time. Shares are of the machines that are awake; filter by any label, such as `fleet`.',
      from: 'now-24h',
      servers: 'many',
      filters: true,
      annotations: [firingForFleet],
      sections: [now(rules), servers(rules), fleetVersions(), fleetMachines(rules)],
    },
    rules,
  );
}

function now(rules: Rules): Section {
  return {
    key: 'now',
    title: 'Now',
    lines: [
      {
        height: 4,
        cards: [awake(), asleep(), upShare(rules), troubled(rules), fallback(rules), oldConfigs()],
      },
    ],
  };
}

function servers(rules: Rules): Section {
  return {
    key: 'servers',
    title: 'Servers',
    lines: [{ height: 9, cards: [serverTable(rules), upOverTime(rules)] }],
  };
}

function awake(): ReturnType<typeof stat> {
  return stat({
    key: 'awake',
    title: 'Machines awake',
    shows: 'Machines that sent samples within the last 5 minutes.',
    act: 'It follows the working day. A sudden drop at noon is the network or this server, not three hundred laptops.',
    empty: 'None: nothing is received',
    unit: 'short',
    alerts: ['McpFleetSilent'],
    queries: [{ expr: `count(max by (${EACH_MACHINE}) (${machine('build_info')}))`, legend: 'awake' }],
    width: 4,
  });
}

function asleep(): ReturnType<typeof stat> {
  const seen = `max by (${EACH_MACHINE}) (last_over_time(${machine('build_info')}[1d]))`;
  return stat({
    key: 'asleep',
    title: 'Seen today, away now',
    shows: 'Machines that sent samples within a day and send none now: asleep, off, or out of reach.',
    act: 'Normal in the evening. Those that stay away for days are listed under "Not seen for the longest time".',
    empty: 'None was seen within a day',
    unit: 'short',
    queries: [
      {
        expr: `count(${seen}) - (count(max by (${EACH_MACHINE}) (${machine('build_info')})) or vector(0))`,
        legend: 'away',
      },
    ],
    width: 4,
  });
}

function upShare(rules: Rules): ReturnType<typeof stat> {
  return stat({
    key: 'up-share',
    title: 'Up',
    shows: 'Of all servers that are meant to run on the machines that are awake, the share that is up.',
    act: 'A few of many are always just starting. Below the threshold of the alert a package is at fault, or a service that all of them use.',
    empty: 'No server is meant to run',
    unit: 'percentunit',
    decimals: 1,
    steps: below(rules.bound('McpFleetServerDown', 'fleet:mcp_watchdog_server_up:avg'), 'red'),
    alerts: ['McpFleetServerDown'],
    queries: [{ expr: `avg(${upWhereWanted})`, legend: 'up' }],
    width: 4,
  });
}

function troubled(rules: Rules): ReturnType<typeof stat> {
  return stat({
    key: 'troubled',
    title: 'Machines with a crash loop',
    shows:
      'Machines with at least one server that is no longer restarted promptly because it crashed too often.',
    act: 'The table of servers shows whether it is the same one everywhere: then it is the package, else the machines.',
    empty: 'No server is configured',
    unit: 'short',
    steps: above(rules.bound('McpServerGaveUp', 'mcp_watchdog_server_state'), 'orange'),
    alerts: ['McpServerGaveUp'],
    queries: [
      {
        expr: `sum(max by (${EACH_MACHINE}) (${server('server_state', 'state="crash_looping"')}))`,
        legend: 'machines',
      },
    ],
    width: 4,
  });
}

function fallback(rules: Rules): ReturnType<typeof stat> {
  return stat({
    key: 'fallback-share',
    title: 'Deliver their own alerts',
    shows:
      'Share of awake machines whose watchdog sees no Prometheus and Alertmanager, and notifies its user itself.',
    act: 'One is a laptop on the road. Above the threshold of the alert it is the central server, or the network to it.',
    empty: 'No machine is awake',
    unit: 'percentunit',
    decimals: 0,
    steps: above(rules.bound('McpFleetFallbackActive', 'mcp_watchdog_fallback_active'), 'red'),
    alerts: ['McpFleetFallbackActive'],
    queries: [{ expr: `avg(${machine('fallback_active')})`, legend: 'share' }],
    width: 4,
  });
}

function oldConfigs(): ReturnType<typeof stat> {
  return stat({
    key: 'refused-configs',
    title: 'Machines on an old config',
    shows:
      'Machines whose config file was refused the last time it was read, so that its changes have no effect.',
    act: '`mcp-watchdog config validate` on the machine names the key and the fix. Many at once: the system that distributes the file is at fault.',
    empty: 'No machine is awake',
    unit: 'short',
    steps: above(1, 'orange'),
    alerts: ['McpWatchdogConfigReloadFailed'],
    queries: [{ expr: `sum(1 - ${machine('config_last_reload_successful')})`, legend: 'machines' }],
    width: 4,
  });
}

function serverTable(rules: Rules): ReturnType<typeof table> {
  const bound = rules.bound('McpFleetServerDown', 'fleet:mcp_watchdog_server_up:avg');
  return table({
    key: 'server-table',
    title: 'Each server over all machines',
    shows:
      'Number of machines that want the server, the share on which it is up, machines with a crash loop, unplanned restarts within the time shown, and machines with an update available.',
    act: 'Low on all machines: the package, or what it talks to. Low on some: sort the machines below.',
    empty: 'No server is configured',
    unit: 'short',
    alerts: ['McpFleetServerDown'],
    queries: [
      { expr: `count by (server) (${upWhereWanted})`, legend: '{{server}}' },
      { expr: `avg by (server) (${upWhereWanted})`, legend: '{{server}}' },
      { expr: `sum by (server) (${server('server_state', 'state="crash_looping"')})`, legend: '{{server}}' },
      {
        expr: `sum by (server) (increase(${server('server_restarts_total', UNPLANNED)}[$__range]))`,
        legend: '{{server}}',
      },
      { expr: `sum by (server) (${server('server_update_available')})`, legend: '{{server}}' },
    ],
    columns: [
      { field: 'server', name: 'Server' },
      { field: 'Value #A', name: 'Wanted on' },
      {
        field: 'Value #B',
        name: 'Up',
        unit: 'percentunit',
        decimals: 1,
        steps: below(bound, 'red'),
        sorted: 'smallest',
      },
      { field: 'Value #C', name: 'Crash looping', steps: above(1, 'orange') },
      { field: 'Value #D', name: 'Unplanned restarts', decimals: 0 },
      { field: 'Value #E', name: 'Can update' },
    ],
    width: 12,
  });
}

function upOverTime(rules: Rules): ReturnType<typeof lines> {
  return lines({
    key: 'up-over-time',
    title: 'Share up, the ten lowest servers',
    shows: 'Of the machines that are awake and want a server, the share on which it is up.',
    act: 'A step down of one server just when its lines cross under "Machines by version" is that version.',
    empty: 'No server is meant to run',
    unit: 'percentunit',
    max: 1,
    steps: below(rules.bound('McpFleetServerDown', 'fleet:mcp_watchdog_server_up:avg'), 'red'),
    alerts: ['McpFleetServerDown'],
    queries: [{ expr: `bottomk(10, avg by (server) (${upWhereWanted}))`, legend: '{{server}}' }],
    width: 12,
  });
}
