// Do the dashboards ask for what there is, and is there anything that nobody looks at?
import { describe, expect, test } from 'vitest';
import type { MetricDefinition } from '../../src/core/metrics/metric-definition.ts';
import {
  fullMetricName,
  isMetricName,
  METRIC_NAMES,
  METRICS,
  PROCESS_METRICS,
} from '../../src/core/metrics/metric-catalogue.ts';
import { METRIC_PREFIX } from '../../src/core/metrics/metric-definition.ts';
import { parse } from '../../src/promql/parse/parse.ts';
import { FLEET_FILE, groupsOf, RULE_FILES } from '../alerting/read-catalogue.ts';
import { KNOWN, labelsOf, OPTIONAL, RECORDED } from './labels-of.ts';
import { DASHBOARDS, selectorsIn, treeOf } from './read-dashboards.ts';

/** Metrics that neither a dashboard nor a rule needs, and why they are there all the same. */
const INTERNAL: Readonly<Record<string, string>> = {
  process_cpu_user_seconds_total: 'a part of process_cpu_seconds_total, from the client library',
  process_cpu_system_seconds_total: 'a part of process_cpu_seconds_total, from the client library',
  process_virtual_memory_bytes: 'address space, which says nothing about memory in use',
  process_heap_bytes: 'from the client library; on Linux the size of the data segment',
};

const asked = DASHBOARDS.flatMap(({ name, targets, annotations }) => [
  ...targets.map(({ where, expr }) => ({ where, expr })),
  ...annotations.map((annotation) => ({ where: `${name}: ${annotation.name}`, expr: annotation.expr })),
]);
const ruled = [...RULE_FILES, FLEET_FILE]
  .flatMap(groupsOf)
  .flatMap(({ rules }) => rules)
  .map(({ expr }) => expr);

describe('the queries', () => {
  test('ask only for metrics of the catalogue and of the recording rules', () => {
    const unknown = asked.flatMap(({ where, expr }) =>
      selectorsIn(expr)
        .filter(({ name }) => !KNOWN.has(name ?? '') && !RECORDED.has(name ?? ''))
        .map(({ name }) => `${where}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  test('match only labels that the metric has', () => {
    const foreign = asked.flatMap(({ where, expr }) =>
      selectorsIn(expr).flatMap((selector) =>
        selector.matchers
          .filter(({ label }) => !labelsOf(selector).includes(label))
          .map(({ label }) => `${where}: ${selector.name} has no ${label}`),
      ),
    );
    expect(foreign).toEqual([]);
  });

  test('match only values that the label can have', () => {
    const impossible = asked.flatMap(({ where, expr }) =>
      selectorsIn(expr).flatMap(({ name, matchers }) =>
        matchers.flatMap(({ label, value }) => {
          const list = closedList(name ?? '', label);
          const named = value === '' || value.startsWith('$') ? [] : value.split('|');
          return list === null
            ? []
            : named.filter((one) => !list.includes(one)).map((one) => `${where}: ${one}`);
        }),
      ),
    );
    expect(impossible).toEqual([]);
  });

  test('group by and join on labels that are there', () => {
    const missing = asked.flatMap(({ where, expr }) => {
      const names = [...expr.matchAll(/\b(?:by|on|group_left) \(([^)]*)\)/gu)]
        .flatMap(([, list = '']) => list.split(',').map((label) => label.trim()))
        .filter((label) => label !== '' && label !== 'latest');
      const all = new Set([...selectorsIn(expr).flatMap(labelsOf), ...optional(expr)]);
      return names.filter((label) => !all.has(label)).map((label) => `${where}: ${label}`);
    });
    expect(missing).toEqual([]);
  });

  test('answer with every label that a legend, a title or a column names', () => {
    const missing = DASHBOARDS.flatMap(({ name, targets, annotations }) => [
      ...targets.flatMap(({ where, expr, legendFormat = '' }) => lost(where, expr, legendFormat)),
      ...annotations.flatMap((one) => lost(`${name}: ${one.name}`, one.expr, one.titleFormat ?? '')),
    ]);
    expect(missing).toEqual([]);
  });

  test('answer with the columns of each table', () => {
    const missing = DASHBOARDS.flatMap(({ panels, targets }) =>
      panels
        .filter(({ type }) => type === 'table')
        .flatMap((panel) => {
          const own = targets.filter((target) => target.panel === panel);
          const there = new Set<string>([
            ...own.flatMap(({ expr }) => [
              ...optional(expr),
              ...labelsOf(treeOf(expr)),
              ...(expr.includes('"latest"') ? ['latest'] : []),
            ]),
            ...(own.length === 1 ? ['Value'] : own.map(({ refId }) => `Value #${refId}`)),
          ]);
          const shown = panel.transformations?.find(({ id }) => id === 'filterFieldsByName');
          return (shown?.options.include?.names ?? [])
            .filter((name) => !there.has(name))
            .map((name) => `${panel.title}: ${name}`);
        }),
    );
    expect(missing).toEqual([]);
  });

  test('of variables ask for metrics and labels that there are', () => {
    for (const { variables } of DASHBOARDS)
      for (const { query, type } of variables.filter((one) => one.type === 'query')) {
        const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/u.exec(query) ?? [];
        expect(labelsOf(parse(selector)), `${type} ${query}`).toContain(label);
      }
  });
});

function optional(expr: string): string[] {
  return expr.includes('ALERTS{') ? [OPTIONAL] : [];
}

function closedList(name: string, label: string): readonly string[] | null {
  const short = name.replace(METRIC_PREFIX, '');
  const { labels }: Pick<MetricDefinition, 'labels'> = isMetricName(short) ? METRICS[short] : { labels: {} };
  return labels[label] ?? null;
}

describe('the labels of an answer are known beforehand:', () => {
  test.each([
    ['sum by (le) (rate(mcp_watchdog_probe_duration_seconds_bucket[1m]))', ['le']],
    [
      'histogram_quantile(0.5, rate(mcp_watchdog_probe_duration_seconds_bucket[1m]))',
      ['job', 'instance', 'server', 'probe'],
    ],
    ['topk(3, mcp_watchdog_alerts) > 0', ['job', 'instance', 'alertname', 'alertstate']],
    ['process_open_fds / on (instance) process_max_fds', ['instance']],
    ['mcp_watchdog_server_open_fds / on (job) group_left () up', ['job', 'instance', 'server']],
    ['2 * up or mcp_watchdog_server_up', ['job', 'instance']],
    ['time() - mcp_watchdog_server_up unless up', ['job', 'instance', 'server']],
    ['label_replace(up, "host", "$1", "instance", "(.*)")', ['job', 'instance', 'host']],
    ['ALERTS', ['job', 'instance', 'alertname', 'alertstate', 'severity', 'component']],
    ['max by (server) (ALERTS{server!=""})', ['server']],
    ['server:mcp_watchdog_errors:ratio5m', ['job', 'instance', 'server', 'sli']],
  ])('%s', (expr, labels) => {
    expect(labelsOf(treeOf(expr))).toEqual(labels);
  });

  test('and a metric that there is not is a fault', () => {
    expect(() => labelsOf(treeOf('mcp_watchdog_server_ups'))).toThrow(
      'There is no metric mcp_watchdog_server_ups',
    );
  });
});

function lost(where: string, expr: string, legend: string): string[] {
  const labels = labelsOf(treeOf(expr));
  return [...legend.matchAll(/\{\{(\w+)\}\}/gu)]
    .filter(([, label = '']) => !labels.includes(label))
    .map(([, label]) => `${where}: {{${label}}}`);
}

describe('the catalogue', () => {
  const used = new Set([
    ...asked.flatMap(({ expr }) => selectorsIn(expr)).map(({ name }) => name ?? ''),
    ...ruled.flatMap((expr) => selectorsIn(expr)).map(({ name }) => name ?? ''),
  ]);
  const exported = [
    ...METRIC_NAMES.map((name) => fullMetricName(name)),
    ...PROCESS_METRICS.map(({ name }) => name),
  ];
  const isUsed = (name: string): boolean => used.has(name) || used.has(`${name}_bucket`);

  test('has no metric that nobody looks at, but those that are said to be internal', () => {
    expect(exported.filter((name) => !isUsed(name))).toEqual(Object.keys(INTERNAL));
  });

  test('is shown whole: every metric of ours is in a dashboard, not only in a rule', () => {
    const shown = new Set(asked.flatMap(({ expr }) => selectorsIn(expr)).map(({ name }) => name ?? ''));
    const hidden = METRIC_NAMES.map((name) => fullMetricName(name)).filter(
      (name) => !shown.has(name) && !shown.has(`${name}_bucket`),
    );
    // When it ended is in the marks and the state timeline; the rule needs it to tell a first start from a later one.
    expect(hidden).toEqual(['mcp_watchdog_server_last_exit_timestamp_seconds']);
  });
});
