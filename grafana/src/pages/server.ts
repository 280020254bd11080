// Dashboard of one server, reached by a click on its name anywhere else.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { firingForServer, reloads, restarts, versionChanges, wakes } from '../panels/annotations.ts';
import { below } from '../panels/panel.ts';
import { age, server, serverAlerts } from '../queries/expressions.ts';
import { dashboard } from '../panels/dashboard-frame.ts';
import type { Section } from '../panels/grid-layout.ts';
import { valueMappings } from '../panels/value-mappings.ts';
import { stat, timeline } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { clients } from './server-clients.ts';
import { resources, updates } from './server-resources.ts';
import { ends, service } from './server-service.ts';
import { firingTable, STATE_LOOK } from '../panels/shared-panels.ts';
import { stateOfEach } from '../queries/server-states.ts';

export function oneServer(rules: Rules): Dashboard {
  return dashboard(
    {
      uid: 'server',
      title: 'MCP watchdog / Server',
      description: 'One server in depth. Choose its machine under Instance when several have it.',
      from: 'now-6h',
      servers: 'one',
      annotations: [restarts, versionChanges, reloads, wakes, firingForServer],
      sections: [now(rules), clients(), service(rules), ends(rules), resources(rules), updates()],
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
        cards: [state(), uptime(), version(), budget(), lastExit(), tools()],
      },
      { height: 5, cards: [history()] },
      {
        height: 6,
        cards: [
          firingTable(
            { key: 'firing-here', width: 24, title: 'Firing for this server', only: serverAlerts() },
            rules,
          ),
        ],
      },
    ],
  };
}

function history(): ReturnType<typeof timeline> {
  return timeline({
    key: 'state-history',
    title: 'State over time',
    shows: 'What the server was doing; one row for each machine that has it.',
    act: 'Orange and red are times without service; the sections below say why. A gap is a time in which the machine slept or nobody scraped it.',
    empty: 'No samples: is the server still in the config?',
    unit: 'none',
    ...STATE_LOOK,
    alerts: ['McpServerDown', 'McpServerUnresponsive'],
    queries: [{ expr: `topk(40, ${stateOfEach})`, legend: '{{server}} on {{instance}}' }],
    width: 24,
  });
}

function state(): ReturnType<typeof stat> {
  return stat({
    key: 'state-now',
    title: 'State',
    shows: 'What the server is doing now; of several machines, the worst.',
    act: '"does not answer": its process runs and fails its probes. "waits to restart": it died and is tried again soon. "crash looping": it needs a person.',
    empty: 'Not known',
    unit: 'none',
    ...STATE_LOOK,
    alerts: ['McpServerDown', 'McpServerGaveUp'],
    queries: [{ expr: `max(${stateOfEach})`, legend: 'state' }],
    width: 4,
  });
}

function uptime(): ReturnType<typeof stat> {
  return stat({
    key: 'uptime',
    title: 'Runs since',
    shows: 'How long ago its process was started; of several machines, the youngest.',
    act: 'Short, though nobody restarted it: see "Restarts by reason".',
    empty: 'No process',
    unit: 'dtdurations',
    decimals: 0,
    queries: [{ expr: `min(${age(server('server_start_time_seconds'))})`, legend: 'runs since' }],
    width: 4,
  });
}

function version(): ReturnType<typeof stat> {
  return stat({
    key: 'version-now',
    title: 'Version',
    shows: 'What the server says its version is.',
    act: 'Purple marks in the graphs are changes of it: what began with one is likely its fault, and `mcp-watchdog rollback NAME` goes back.',
    empty: 'It has not told',
    unit: 'string',
    names: true,
    alerts: ['McpServerVersionChanged'],
    queries: [
      { expr: `count by (version) (${server('server_info', 'version!=""')})`, legend: '{{version}}' },
    ],
    width: 4,
  });
}

function budget(): ReturnType<typeof stat> {
  return stat({
    key: 'budget-left',
    title: 'Restarts left',
    shows: 'How often it may still die before it counts as crash looping; of several machines, the fewest.',
    act: 'It fills up again while the server is stable. At 0 only one attempt is made now and then.',
    empty: 'It has no budget',
    unit: 'short',
    steps: below(1, 'red'),
    alerts: ['McpServerCrashLooping', 'McpServerGaveUp'],
    queries: [{ expr: `min(${server('server_restart_budget_remaining')} < Inf)`, legend: 'restarts left' }],
    width: 4,
  });
}

function lastExit(): ReturnType<typeof stat> {
  return stat({
    key: 'last-exit',
    title: 'Last exit code',
    shows:
      'Exit code of the last process. From 128 on 128 plus a signal: 137 is SIGKILL, 139 a crash in native code.',
    act: 'The last lines before it are in `mcp-watchdog logs NAME`. 137 without a limit of ours is often the system running out of memory.',
    empty: 'It has not ended yet',
    unit: 'none',
    mappings: valueMappings({
      0: ['0', 'green'],
      137: ['137 SIGKILL', 'red'],
      139: ['139 SIGSEGV', 'red'],
      143: ['143 SIGTERM', 'text'],
    }),
    queries: [{ expr: `max(${server('server_last_exit_code')})`, legend: 'exit code' }],
    width: 4,
  });
}

function tools(): ReturnType<typeof stat> {
  return stat({
    key: 'tools',
    title: 'Tools',
    shows:
      'How many tools the last answer to tools/list held; while it is empty, also how many there were before; and how many are defined otherwise than approved.',
    act: 'Fewer than before without an update: the server started without something it needs, a key or a file.',
    empty: 'It has not been asked yet',
    unit: 'short',
    alerts: ['McpServerToolsLost', 'McpServerToolsChanged'],
    queries: [
      { expr: `min(${server('server_tools')})`, legend: 'tools' },
      { expr: `max(${server('server_changed_tools')}) > 0`, legend: 'changed' },
      { expr: `max(${server('server_tools_lost')}) > 0`, legend: 'before' },
    ],
    width: 4,
  });
}
