// Alerts and SLO dashboard. Needs the rules of alerting/rules in the Prometheus it reads.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { firing, restarts, versionChanges, wakes } from '../panels/annotations.ts';
import { above, type PlacedPanel } from '../panels/panel.ts';
import { alerts, EACH_SERVER, machine } from '../queries/expressions.ts';
import { dashboard } from '../panels/dashboard-frame.ts';
import type { Section } from '../panels/grid-layout.ts';
import { valueMappings } from '../panels/value-mappings.ts';
import { lines, stat, table, timeline } from '../panels/panel-kinds.ts';
import type { Rules } from '../queries/rule-thresholds.ts';
import { firingTable } from '../panels/shared-panels.ts';
import { least, objective } from './slo-panels.ts';

const MOST = 10;

export function alertsAndSlo(rules: Rules): Dashboard {
  return dashboard(
    {
      uid: 'alerts',
      title: 'MCP watchdog / Alerts and SLO',
      description:
        'The objective of each server, and the alerts. What is bad service: `probes` that fail or take longer than 2.5 s; `uptime` that is missed.',
      from: 'now-7d',
      servers: 'many',
      annotations: [restarts, versionChanges, wakes, firing],
      sections: [now(rules), objective(rules), history(rules)],
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
        height: 6,
        cards: [least(rules), local(), pending(), firingTable({ key: 'firing-now', width: 12 }, rules)],
      },
    ],
  };
}

function history(rules: Rules): Section {
  return {
    key: 'history',
    title: 'Firing history',
    lines: [
      { height: 9, cards: [firingOverTime()] },
      { height: 8, cards: [longest(rules), engines()] },
    ],
  };
}

function local(): PlacedPanel {
  return stat({
    key: 'firing-local',
    title: 'Firing by own evaluation',
    shows: "Alerts that fire by the watchdogs' own evaluation, without the heartbeat.",
    act: 'It should agree with the table. More than there: this Prometheus has not loaded the rules. Fewer: alerts about the scrape are known only here.',
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

function pending(): PlacedPanel {
  return stat({
    key: 'pending-local',
    title: 'Pending',
    shows: 'Alerts whose condition holds, but not yet for their full duration.',
    act: 'Nothing to do yet. An alert that stays pending starts to fire.',
    empty: 'Local evaluation has not started',
    unit: 'short',
    queries: [{ expr: `sum(${machine('alerts', 'alertstate="pending"')})`, legend: 'pending' }],
    width: 4,
  });
}

function firingOverTime(): PlacedPanel {
  return timeline({
    key: 'firing-over-time',
    title: 'Alerts over time',
    shows: 'When each alert was pending or firing for at least one server or machine, as Prometheus saw it.',
    act: 'Much orange without red is a condition that flaps. Alerts that start together usually have one cause: start with the most severe.',
    empty: 'Nothing was pending or firing, or this Prometheus has not loaded alerting/rules',
    unit: 'none',
    steps: [
      { value: null, color: 'orange' },
      { value: 2, color: 'red' },
    ],
    mappings: valueMappings({ 1: ['pending', 'orange'], 2: ['firing', 'red'] }),
    queries: [
      {
        expr: `max by (alertname) (2 * ${alerts('firing')} or ${alerts('pending')})`,
        legend: '{{alertname}}',
      },
    ],
    width: 24,
  });
}

function longest(rules: Rules): PlacedPanel {
  return table({
    key: 'longest',
    title: 'Fired for the longest time',
    shows: 'The ten alerts that fired longest within the time shown, for each server and machine.',
    act: 'Nobody reads an alert that fires for days: fix its cause, or change its rule.',
    empty: 'Nothing fired in this time, or this Prometheus has not loaded alerting/rules',
    unit: 's',
    queries: [
      {
        expr: `topk(${MOST}, 15 * sum_over_time((max by (alertname, ${EACH_SERVER}) (${alerts('firing')}))[$__range:15s]))`,
        legend: '{{alertname}} on {{instance}}',
      },
    ],
    columns: [
      { field: 'alertname', name: 'Alert', leadsTo: `${rules.runbooks}\${__data.fields.alertname}` },
      { field: 'server', name: 'Server', leadsTo: 'server' },
      { field: 'instance', name: 'Instance' },
      { field: 'Value', name: 'Fired for', unit: 'dtdurations', sorted: 'largest' },
    ],
    width: 12,
  });
}

function engines(): PlacedPanel {
  return lines({
    key: 'both-engines',
    title: 'Firing: by this Prometheus, and by the watchdogs',
    shows: 'The same rules, evaluated twice: here, and by each watchdog for itself.',
    act: 'The lines agree within a minute. If they stay apart, one of the two has other rules or no samples.',
    empty: 'Neither evaluates rules',
    unit: 'short',
    decimals: 0,
    queries: [
      { expr: `count(${alerts('firing')}) or vector(0)`, legend: 'this Prometheus' },
      {
        expr: `sum(${machine('alerts', 'alertstate="firing"', 'alertname!="Watchdog"')})`,
        legend: 'the watchdogs',
      },
    ],
    width: 12,
  });
}
