// Section of a server's dashboard on its clients: calls by tool, their durations and errors, and who waits.
import { EACH_SERVER, serverCount, server, serverBuckets } from '../queries/expressions.ts';
import type { Section } from '../panels/grid-layout.ts';
import { bars, lines } from '../panels/panel-kinds.ts';
import { ERROR_COLOURS } from '../panels/series-colours.ts';
import { WAITING_COLOURS } from '../panels/series-colours.ts';

const OPERATIONS = 'mcp_server_operation_duration_seconds';

/** What clients of all chosen servers meet, for the overview. */
export function gateway(): Section {
  return {
    key: 'gateway',
    title: 'Gateway: what clients ask for',
    lines: [
      { height: 8, cards: [callsByServer(), errors(), serverErrors()] },
      { height: 6, cards: [waiting(), sessions()] },
    ],
  };
}

export function clients(): Section {
  return {
    key: 'clients',
    title: 'Clients',
    lines: [
      { height: 8, cards: [calls(), durations(), errors()] },
      { height: 6, cards: [waiting(), sessions()] },
    ],
  };
}

function calls(): ReturnType<typeof lines> {
  return lines({
    key: 'calls-by-tool',
    title: 'Calls by tool',
    shows: 'Rate of the calls that clients sent through the gateway, by tool.',
    act: 'A tool that is called far more than the others may be called in a loop: `mcp-watchdog calls` says by whom.',
    empty: 'No client has called a tool through the gateway',
    unit: 'reqps',
    queries: [
      {
        expr: `topk(10, sum by (gen_ai_tool_name) (rate(${serverCount(OPERATIONS, 'mcp_method_name="tools/call"')}[$__rate_interval])))`,
        legend: '{{gen_ai_tool_name}}',
      },
    ],
    width: 8,
  });
}

function callsByServer(): ReturnType<typeof lines> {
  return lines({
    key: 'calls-by-server',
    title: 'Calls by server',
    shows: 'Rate of the calls of tools that clients sent through the gateway. The 10 busiest servers.',
    act: 'Click for the tools of one server. A rate without a pause is a client in a loop: `mcp-watchdog calls` says which.',
    empty: 'No client has called a tool through the gateway',
    unit: 'reqps',
    queries: [
      {
        expr: `topk(10, sum by (${EACH_SERVER}) (rate(${serverCount(OPERATIONS, 'mcp_method_name="tools/call"')}[$__rate_interval])))`,
        legend: '{{server}} on {{instance}}',
      },
    ],
    width: 8,
    leadsTo: 'server',
  });
}

function serverErrors(): ReturnType<typeof lines> {
  const failed = `sum by (${EACH_SERVER}) (rate(${serverCount(OPERATIONS, 'error_type!=""')}[$__rate_interval]))`;
  const all = `sum by (${EACH_SERVER}) (rate(${serverCount(OPERATIONS)}[$__rate_interval]))`;
  return lines({
    key: 'error-share-by-server',
    title: 'Share of requests that fail',
    shows: 'Share of the requests of clients that ended in an error, by server; the worst 10.',
    act: 'One server alone: see its dashboard. All at once: the watchdog or the machine.',
    empty: 'No client has used the gateway',
    unit: 'percentunit',
    max: 1,
    alerts: ['McpServerCallErrors'],
    queries: [{ expr: `topk(10, ${failed} / (${all} > 0))`, legend: '{{server}} on {{instance}}' }],
    width: 8,
    leadsTo: 'server',
  });
}

function durations(): ReturnType<typeof lines> {
  const rates = `rate(${serverBuckets(OPERATIONS, 'mcp_method_name="tools/call"')}[$__rate_interval])`;
  return lines({
    key: 'call-durations',
    title: 'p95 of calls by tool',
    shows: 'How long the slowest twentieth of the calls took, as clients waited for them.',
    act: 'Waiting for a server that is being restarted is part of it: compare with the requests that wait, below.',
    empty: 'No client has called a tool through the gateway',
    unit: 's',
    queries: [
      {
        expr: `topk(10, histogram_quantile(0.95, sum by (gen_ai_tool_name, le) (${rates})))`,
        legend: '{{gen_ai_tool_name}}',
      },
    ],
    width: 8,
  });
}

function errors(): ReturnType<typeof bars> {
  return bars({
    key: 'call-errors',
    title: 'Errors of requests',
    shows:
      'Requests of clients that ended in an error in each step of the graph, by kind. What clients did wrong does not count.',
    act: '`tool_error` is the tool’s own word. `server_restarted`: it died under a call. `server_unavailable`: it did not come back in time. `timeout`: no answer.',
    empty: 'No request failed in this time',
    unit: 'short',
    alerts: ['McpServerCallErrors'],
    colours: ERROR_COLOURS,
    queries: [
      {
        expr: `sum by (error_type) (increase(${serverCount(OPERATIONS, 'error_type!=""')}[$__rate_interval])) > 0`,
        legend: '{{error_type}}',
      },
    ],
    width: 8,
  });
}

function waiting(): ReturnType<typeof lines> {
  return lines({
    key: 'requests-waiting',
    title: 'Requests under way and waiting',
    shows:
      'Requests that the server works on, those that wait for it to come back, and connections that were cut off because their clients did not read the answers.',
    act: 'Requests that wait for more than 30 seconds raise an alert. A wait of a second around a restart is what the gateway is for.',
    empty: 'No client has used the gateway',
    unit: 'short',
    alerts: ['McpGatewayRequestsQueued'],
    colours: WAITING_COLOURS,
    queries: [
      { expr: `sum(${server('gateway_requests_in_flight')})`, legend: 'under way' },
      { expr: `sum(${server('gateway_requests_queued')})`, legend: 'waiting' },
      {
        expr: `sum(rate(${server('gateway_waited_seconds_total')}[$__rate_interval]))`,
        legend: 'waiting, on average',
      },
      {
        expr: `sum(increase(${server('gateway_requests_retried_total')}[$__rate_interval]))`,
        legend: 'sent a second time',
      },
      {
        expr: `sum(increase(${server('gateway_clients_cut_off_total')}[$__rate_interval]))`,
        legend: 'cut off, not read',
      },
    ],
    width: 12,
  });
}

function sessions(): ReturnType<typeof lines> {
  return lines({
    key: 'client-sessions',
    title: 'Sessions and streams',
    shows:
      'Sessions of clients in memory, the streams on which they wait for news, and the processes of sessions that have one of their own.',
    act: 'Many sessions and few streams are clients that greet again for each request. With `gateway.mode: per-session`, new sessions are refused at `gateway.maxInstances` processes.',
    empty: 'No client has used the gateway',
    unit: 'short',
    queries: [
      { expr: `sum(${server('gateway_sessions')})`, legend: 'sessions' },
      { expr: `sum(${server('gateway_streams')})`, legend: 'streams' },
      { expr: `sum(${server('gateway_instances')})`, legend: 'own processes' },
    ],
    width: 12,
  });
}
