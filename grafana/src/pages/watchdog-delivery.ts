// Middle of the watchdog's dashboard: delivery of notifications.
import type { PlacedPanel } from '../panels/panel.ts';
import { machine } from '../queries/expressions.ts';
import type { Section } from '../panels/grid-layout.ts';
import { valueMappings } from '../panels/value-mappings.ts';
import { bars, lines, timeline } from '../panels/panel-kinds.ts';
import { YES_IS_GOOD } from '../panels/shared-panels.ts';
import { CHANNEL_COLOURS } from '../panels/series-colours.ts';
import { NOTIFY_FAILURE_COLOURS } from '../panels/series-colours.ts';
import { SUPPRESSION_COLOURS } from '../panels/series-colours.ts';

export function delivery(): Section {
  return {
    key: 'delivery',
    title: 'Does it tell of trouble?',
    lines: [
      { height: 7, cards: [sent(), failed(), suppressed()] },
      { height: 5, cards: [engines()] },
      { height: 5, cards: [owner()] },
      { height: 6, cards: [evaluation(), refused()] },
    ],
  };
}

function refused(): PlacedPanel {
  return bars({
    key: 'gateway-refused',
    title: 'Requests that the gateway refused',
    shows: 'Requests of clients that reached no server in each step of the graph, by reason.',
    act: '`origin`: a web page tried to reach MCP servers. `host`: another name for this machine. `session`: a client with an id of another daemon, which greets again by itself.',
    empty: 'None was refused in this time',
    unit: 'short',
    alerts: ['McpGatewayRequestsRefused'],
    queries: [
      {
        expr: `sum by (reason) (increase(${machine('gateway_requests_refused_total')}[$__rate_interval])) > 0`,
        legend: '{{reason}}',
      },
    ],
    width: 12,
  });
}

function sent(): PlacedPanel {
  return bars({
    key: 'notifications',
    title: 'Notifications',
    shows: 'Notifications attempted in each step of the graph, by channel; those that failed are among them.',
    act: 'None while alerts fire: an engine delivers instead, or it failed; see beside this. `mcp-watchdog notify test` tries every channel.',
    empty: 'Nothing had to be told in this time',
    unit: 'short',
    colours: CHANNEL_COLOURS,
    queries: [
      {
        expr: `sum by (channel) (increase(${machine('notifications_total')}[$__rate_interval])) > 0`,
        legend: '{{channel}}',
      },
    ],
    width: 8,
  });
}

function failed(): PlacedPanel {
  return bars({
    key: 'notifications-failed',
    title: 'Notifications that failed',
    shows: 'Notifications that could not be handed over in each step of the graph, by channel and reason.',
    act: 'Any is an alert: trouble may have gone unnoticed. `mcp-watchdog doctor` names the cure for each reason.',
    empty: 'None failed in this time',
    unit: 'short',
    alerts: ['McpWatchdogNotificationsFailing'],
    colours: NOTIFY_FAILURE_COLOURS,
    queries: [
      {
        expr: `sum by (channel, reason) (increase(${machine('notifications_failed_total')}[$__rate_interval])) > 0`,
        legend: '{{channel}}: {{reason}}',
      },
    ],
    width: 8,
  });
}

function suppressed(): PlacedPanel {
  return bars({
    key: 'notifications-suppressed',
    title: 'Notifications held back',
    shows: 'Notifications held back on purpose in each step of the graph, by channel and reason.',
    act: 'Not a fault. Very many of them are alerts that come and go: lengthen their `for`, or cure what flaps.',
    empty: 'None was held back in this time',
    unit: 'short',
    colours: SUPPRESSION_COLOURS,
    queries: [
      {
        expr: `sum by (channel, reason) (increase(${machine('notifications_suppressed_total')}[$__rate_interval])) > 0`,
        legend: '{{channel}}: {{reason}}',
      },
    ],
    width: 8,
  });
}

function engines(): PlacedPanel {
  return timeline({
    key: 'engines',
    title: 'Engines it hears of',
    shows: 'Whether Prometheus and Alertmanager answer; of many machines, whether they do for all.',
    act: '`no`, and the watchdog delivers by itself: nothing is lost, but silences and routes of Alertmanager do not count meanwhile.',
    empty: 'It was not scraped in this time',
    unit: 'none',
    ...YES_IS_GOOD,
    alerts: ['McpWatchdogFallbackActive'],
    queries: [
      { expr: `min by (engine) (${machine('engine_reachable')})`, legend: '{{engine}} answers' },
      {
        expr: `min by (engine) (${machine('engine_last_seen_timestamp_seconds')} > bool 0)`,
        legend: '{{engine}} was ever seen',
      },
    ],
    width: 24,
  });
}

function owner(): PlacedPanel {
  return timeline({
    key: 'fallback',
    title: 'Who delivers alerts',
    shows: 'Whether the watchdog delivers alerts itself; of more than 20 machines, those that do.',
    act: 'Without an Alertmanager in the config, `itself` is what is meant. With one, it is away.',
    empty: 'It was not scraped in this time',
    unit: 'none',
    steps: [
      { value: null, color: 'green' },
      { value: 1, color: 'blue' },
    ],
    mappings: valueMappings({ 0: ['the engine', 'green'], 1: ['itself', 'blue'] }),
    alerts: ['McpWatchdogFallbackActive'],
    queries: [{ expr: `topk(20, ${machine('fallback_active')})`, legend: '{{instance}}' }],
    width: 24,
  });
}

function evaluation(): PlacedPanel {
  return lines({
    key: 'evaluation',
    title: 'Evaluation of the rules by itself',
    shows:
      'How long the last evaluation of all rules took on the slowest machine, and (on the right) how many rules failed in each step.',
    act: 'Any failure is a rule that cannot fire: `mcp-watchdog doctor` names it. A duration near `alerts.evaluateEvery` is too many rules of your own.',
    empty: 'Local evaluation has not started',
    unit: 's',
    alerts: ['McpWatchdogRuleFailures'],
    queries: [
      { expr: `max(${machine('rule_evaluation_duration_seconds')})`, legend: 'duration' },
      {
        expr: `sum(increase(${machine('rule_evaluation_failures_total')}[$__rate_interval]))`,
        legend: 'failures',
      },
    ],
    colours: { duration: 'blue', failures: 'red' },
    unlike: {
      failures: [
        { id: 'unit', value: 'short' },
        { id: 'custom.axisPlacement', value: 'right' },
      ],
    },
    width: 12,
  });
}
