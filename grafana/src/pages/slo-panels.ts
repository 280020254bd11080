// Panels of the availability objective: error budget and burn rate.
import { above, below, type PlacedPanel, type Query } from '../panels/panel.ts';
import { recorded } from '../queries/expressions.ts';
import type { Section } from '../panels/grid-layout.ts';
import { lines, stat, table } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';

const BURN = 'McpServerErrorBudgetBurn';
const MOST = 10;
const WHO = '{{server}} on {{instance}} ({{sli}})';

export function objective(rules: Rules): Section {
  return {
    key: 'objective',
    title: 'Service objective',
    lines: [
      { height: 8, cards: [budgets(rules), ratio(rules)] },
      { height: 8, cards: [fastBurn(rules), slowBurn(rules)] },
    ],
  };
}

export function least(rules: Rules): PlacedPanel {
  return stat({
    key: 'least-budget',
    title: 'Least error budget left',
    shows: `Of what an objective of ${share(rules)} over the time shown allows to be bad, what is left for the server with least.`,
    act: 'Below 0 the objective is missed. Choose 30 days above for the usual window; the table below names the servers.',
    empty: 'Nothing recorded: load alerting/rules into this Prometheus',
    unit: 'percentunit',
    decimals: 0,
    steps: below(0, 'red'),
    alerts: [BURN],
    queries: [{ expr: `min(${left(rules)})`, legend: 'left' }],
    width: 4,
  });
}

function budgets(rules: Rules): PlacedPanel {
  return table({
    key: 'budgets',
    title: 'Error budget of each server',
    shows: `How good the service was over the time shown, and what is left of what an objective of ${share(rules)} allows to be bad. The 100 with least.`,
    act: 'A server that spends its budget by `probes` is slow or refuses; by `uptime`, it dies. Below 0, stability comes before new versions.',
    empty: 'Nothing recorded: load alerting/rules into this Prometheus',
    unit: 'percentunit',
    decimals: 2,
    alerts: [BURN],
    queries: [
      { expr: `bottomk(100, ${left(rules)})`, legend: WHO },
      {
        expr: `bottomk(100, 1 - avg_over_time(${recorded('server:mcp_watchdog_errors:ratio5m')}[$__range]))`,
        legend: WHO,
      },
    ],
    columns: [
      { field: 'server', name: 'Server', leadsTo: 'server' },
      { field: 'instance', name: 'Instance' },
      { field: 'sli', name: 'Judged by' },
      { field: 'Value #B', name: 'Good' },
      { field: 'Value #A', name: 'Budget left', decimals: 0, steps: below(0, 'red'), sorted: 'smallest' },
    ],
    width: 12,
  });
}

function ratio(rules: Rules): PlacedPanel {
  const [, allowed] = rules.factors(BURN, 'server:mcp_watchdog_errors:ratio5m');
  return lines({
    key: 'bad-share',
    title: 'Share of bad service within an hour',
    shows: 'The share of probes, or of time, within the last hour that was bad. The ten worst.',
    act: 'Above the line the budget shrinks, below it grows back. Which of the two it is stands in brackets.',
    empty: 'Nothing recorded: load alerting/rules into this Prometheus',
    unit: 'percentunit',
    steps: above(allowed, 'orange'),
    alerts: [BURN],
    queries: [{ expr: `topk(${MOST}, ${recorded('server:mcp_watchdog_errors:ratio1h')})`, legend: WHO }],
    width: 12,
    leadsTo: 'server',
  });
}

/** Burn rate: how many times faster than sustainable the error budget is spent. The alert needs both windows above the line. */
function burn(rules: Rules, short: '5m' | '30m', long: '1h' | '6h'): { queries: Query[]; limit: number } {
  const [limit, allowed] = rules.factors(BURN, `server:mcp_watchdog_errors:ratio${short}`);
  const worst = (window: typeof short | typeof long): string =>
    `topk(${MOST / 2}, ${recorded(`server:mcp_watchdog_errors:ratio${window}`)} / ${allowed} > 0)`;
  return {
    limit,
    queries: [
      { expr: worst(short), legend: `${WHO} ${short}` },
      { expr: worst(long), legend: `${WHO} ${long}` },
    ],
  };
}

function fastBurn(rules: Rules): PlacedPanel {
  const { queries, limit } = burn(rules, '5m', '1h');
  return lines({
    key: 'fast-burn',
    title: 'Fast burn: windows of 5 minutes and an hour',
    shows: `How many times faster than 30 days allow the budget is spent. Both windows above ${limit}: a tenth of it is gone within 5 hours.`,
    act: 'Both above the line: act now. Only the short one: wait. Only the long one: it is over.',
    empty: 'Nothing was bad in this time, or the rules of alerting/rules are not loaded',
    unit: 'short',
    steps: above(limit, 'red'),
    alerts: [BURN],
    queries,
    width: 12,
    leadsTo: 'server',
  });
}

function slowBurn(rules: Rules): PlacedPanel {
  const { queries, limit } = burn(rules, '30m', '6h');
  return lines({
    key: 'slow-burn',
    title: 'Slow burn: windows of 30 minutes and 6 hours',
    shows: `The same, slower. Both windows above ${limit}: a tenth of the budget is gone within 12 hours.`,
    act: 'Both above the line: act today.',
    empty: 'Nothing was bad in this time, or the rules of alerting/rules are not loaded',
    unit: 'short',
    steps: above(limit, 'red'),
    alerts: [BURN],
    queries,
    width: 12,
    leadsTo: 'server',
  });
}

/** Error budget that is left over the time shown: 1 is all, 0 none, below 0 the objective is missed. */
function left(rules: Rules): string {
  const [, allowed] = rules.factors(BURN, 'server:mcp_watchdog_errors:ratio5m');
  return `1 - avg_over_time(${recorded('server:mcp_watchdog_errors:ratio5m')}[$__range]) / ${allowed}`;
}

function share(rules: Rules): string {
  const [, allowed] = rules.factors(BURN, 'server:mcp_watchdog_errors:ratio5m');
  return `${Number(((1 - allowed) * 100).toFixed(3))} %`;
}
