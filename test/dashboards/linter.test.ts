// All rules of Grafana's dashboard-linter, without an exception.
import { describe, expect, test } from 'vitest';
import { LINTER } from './linter.ts';
import { DASHBOARDS, type Read, readDashboard, treeOf } from './read-dashboards.ts';

const rules = Object.entries(LINTER);

describe.each(DASHBOARDS)('$name', (read) => {
  test.each(rules)('%s', (_, faultsIn) => {
    expect(faultsIn(read)).toEqual([]);
  });

  test('asks for numbers of the right type', () => {
    // The typed parser throws for a range where a vector is meant, an unknown function, arguments too many.
    expect(() => read.targets.map(({ expr }) => treeOf(expr))).not.toThrow();
    expect(() => read.annotations.map(({ expr }) => treeOf(expr))).not.toThrow();
  });
});

/** What spoils a dashboard so that exactly this rule has something to say. */
const SPOILT: Readonly<Record<string, (read: Read) => void>> = {
  'template-datasource-rule': ({ variables }) => Object.assign(variables[0]!, { label: 'Source' }),
  'template-job-rule': ({ variables }) => Object.assign(variables[1]!, { allValue: '.*' }),
  'template-instance-rule': ({ variables }) => Object.assign(variables[2]!, { multi: false }),
  'template-label-promql-rule': ({ variables }) =>
    Object.assign(variables[1]!, { query: 'label_values(up{, job)' }),
  'template-on-time-change-reload-rule': ({ variables }) => Object.assign(variables[1]!, { refresh: 1 }),
  'uneditable-dashboard': ({ dashboard }) => Object.assign(dashboard, { editable: true }),
  'panel-datasource-rule': ({ panels }) => Object.assign(panels[0]!, { datasource: { uid: 'abc' } }),
  'panel-title-description-rule': ({ panels }) => Object.assign(panels[0]!, { description: '' }),
  'panel-units-rule': ({ panels }) => Object.assign(panels[0]!.fieldConfig.defaults, { unit: 'parsecs' }),
  'panel-no-targets-rule': ({ panels }) => Object.assign(panels[0]!, { targets: [] }),
  'target-promql-rule': (read) => ask(read, 'max(up{job=~"$job", instance=~"$instance"}'),
  'target-rate-interval-rule': (read) => ask(read, `rate(${counter}[5m])`),
  'target-job-rule': (read) => ask(read, 'max(up{instance=~"$instance"})'),
  'target-instance-rule': (read) => ask(read, 'up{job=~"$job", instance="$instance"}'),
  'target-counter-agg-rule': (read) => ask(read, `sum(${counter})`),
  'target-logql-rule': ({ panels }) =>
    Object.assign(panels[0]!.targets![0]!, { datasource: { type: 'loki' } }),
  'target-logql-auto-rule': (read) => ask(read, 'rate(x{job=~"$job"}[$__auto])'),
};
const counter = 'mcp_watchdog_probes_total{job=~"$job", instance=~"$instance"}';

function ask({ panels }: Read, expr: string): void {
  Object.assign(panels[0]!.targets![0]!, { expr });
}

describe('each rule finds what it is for:', () => {
  test.each(rules)('%s', (name, faultsIn) => {
    const dashboard = structuredClone(DASHBOARDS[0]!.dashboard);
    const spoil = SPOILT[name];
    if (spoil === undefined) throw new Error('Nothing is known that breaks this rule');
    spoil(readDashboard('spoilt', dashboard));
    expect(faultsIn(readDashboard('spoilt', dashboard))).not.toEqual([]);
  });
});
