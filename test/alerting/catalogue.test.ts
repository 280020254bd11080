import { describe, expect, test } from 'vitest';
import { SHIPPED_RUNBOOK_BASE } from '../../src/alerting/runbook-links.ts';
import { COMMANDS } from '../../src/commands/registry.ts';
import type { MetricDefinition } from '../../src/core/metrics/metric-definition.ts';
import {
  fullMetricName,
  isMetricName,
  METRICS,
  PROCESS_METRICS,
} from '../../src/core/metrics/metric-catalogue.ts';
import { METRIC_PREFIX } from '../../src/core/metrics/metric-definition.ts';
import { SHIPPED_ROUTING } from '../../src/core/notification/shipped-routing.ts';
import { groupingsOf, selectorsOf } from './expression.ts';
import {
  alertsOf,
  durationOf,
  type Expectation,
  FLEET_FILE,
  groupsOf,
  read,
  RULE_FILES,
  RUNBOOKS,
  rulesOf,
  TEST_FILES,
  unitTestsOf,
} from './read-catalogue.ts';

const ALL = [...RULE_FILES, FLEET_FILE];
const alerts = alertsOf(...ALL);
const rules = rulesOf(...ALL);
const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
const named = alerts.map((alert) => [alert.alert, alert] as const);

/** Null for what no rule may read. */
function kindOf(metric: string): { readonly type: string; readonly definition?: MetricDefinition } | null {
  if (metric === 'up' || recorded.has(metric)) return { type: 'gauge' };
  const own = PROCESS_METRICS.find(({ name }) => name === metric);
  if (own !== undefined) return own;
  const name = metric.startsWith(METRIC_PREFIX) ? metric.slice(METRIC_PREFIX.length) : metric;
  const family = name.replace(/_(?:bucket|sum|count)$/u, '');
  if (isMetricName(name) && METRICS[name].type !== 'histogram')
    return fullMetricName(name) === metric ? { type: METRICS[name].type, definition: METRICS[name] } : null;
  return isMetricName(family) &&
    METRICS[family].type === 'histogram' &&
    metric.startsWith(fullMetricName(family))
    ? { type: 'counter', definition: METRICS[family] }
    : null;
}

describe('the rule catalogue', () => {
  test('has every name once, and every record once for each set of labels', () => {
    const names = rules.map(
      ({ alert, record, labels }) => alert ?? `${record} ${JSON.stringify(labels ?? {})}`,
    );
    expect(names).toEqual([...new Set(names)]);
    const groups = ALL.flatMap(groupsOf).map(({ name }) => name);
    expect(groups).toEqual([...new Set(groups)]);
  });

  test('uses no key of a rule file that Prometheus 2.42 does not know', () => {
    for (const group of ALL.flatMap(groupsOf)) {
      expect(Object.keys(group).sort()).toEqual(['name', 'rules']);
      for (const rule of group.rules) {
        const known = rule.alert === undefined ? ['record', 'expr', 'labels'] : ALERT_KEYS;
        expect(Object.keys(rule).filter((key) => !known.includes(key))).toEqual([]);
      }
    }
  });

  test.each(named)('%s has a severity, a component, and says what, why and what to do', (name, alert) => {
    expect(Object.keys(alert.labels).sort()).toEqual(['component', 'severity']);
    expect(['critical', 'warning', 'info', 'none']).toContain(alert.labels['severity']);
    expect(['server', 'watchdog', 'gateway', 'fleet', 'pipeline']).toContain(alert.labels['component']);
    expect(Object.keys(alert.annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
    expect(alert.annotations['runbook_url']).toBe(`${SHIPPED_RUNBOOK_BASE}${name}`);
    expect(alert.annotations['summary']).toMatch(/^[^%]{10,90}\.$/u);
    expect(alert.annotations['description']).toMatch(/\.$/u);
  });

  test.each(rules.map((rule) => [rule.alert ?? rule.record, rule.expr]))(
    '%s reads only metrics that there are, with labels and values that they can have',
    (_, expr) => {
      for (const { metric, matchers } of selectorsOf(expr)) {
        const kind = kindOf(metric);
        expect([metric, kind === null]).toEqual([metric, false]);
        for (const { label, value, operator } of matchers) {
          const closed = kind?.definition?.labels[label];
          if (closed === undefined)
            expect([metric, label]).toEqual([metric, expect.stringMatching(TARGET_OR_LE)]);
          else if (closed !== null) {
            const values = operator.includes('~') ? value.split('|') : [value];
            expect(values.filter((one) => !closed.includes(one))).toEqual([]);
          }
        }
      }
    },
  );

  test.each(rules.map((rule) => [rule.alert ?? rule.record, rule.expr]))(
    '%s takes counters only as what they gained, and joins within one machine',
    (_, expr) => {
      for (const { metric, before } of selectorsOf(expr)) {
        if (kindOf(metric)?.type === 'counter')
          expect([metric, before]).toEqual([
            metric,
            expect.stringMatching(/(?:^|\W)(?:rate|increase|resets|changes)\($/u),
          ]);
      }
      for (const { keyword, labels } of groupingsOf(expr)) {
        if (keyword === 'on' || keyword === 'by') expect(labels).toContain('job');
        // The rules for fleets add machines up, which is what they are for.
        if (keyword === 'on' && !labels.includes('fleet')) expect(labels).toContain('instance');
        if (keyword === 'without' || keyword === 'ignoring')
          expect(labels.filter((label) => ['job', 'instance', 'server'].includes(label))).toEqual([]);
      }
    },
  );

  test('has no construct that Prometheus 2.42 or 3 reads otherwise, or that is left out on purpose', () => {
    for (const { expr } of rules) {
      expect(expr).not.toMatch(/@|\[[^\]]*:|\bstart\(|\bend\(/u);
      // Prometheus 3 writes le="1" as le="1.0".
      expect(expr).not.toMatch(/le="\d+"/u);
    }
  });

  test('has absence wait for two scrapes at least', () => {
    const absent = alerts.filter(({ expr }) => /\babsent/u.test(expr));
    expect(absent.length).toBeGreaterThan(0);
    for (const alert of absent) expect(durationOf(alert.for ?? '0s')).toBeGreaterThanOrEqual(120_000);
  });

  test('reads everything that it records, but for what is there for dashboards', () => {
    const used = new Set(rules.flatMap(({ expr }) => selectorsOf(expr).map(({ metric }) => metric)));
    expect([...recorded].filter((name) => !used.has(name)).sort()).toEqual([
      'fleet:mcp_watchdog_machines:seen1d',
      'fleet:mcp_watchdog_server_up:min',
      'server:mcp_watchdog_server_unplanned_restarts:increase1h',
    ]);
  });

  test('has every alert that speaks for others, or is spoken for', () => {
    const patterns = SHIPPED_ROUTING.inhibitRules
      .flatMap(({ source, target }) => [...source, ...target])
      .flatMap(({ name, value }) => (name === 'alertname' ? value.split('|') : []));
    const isKnown = (pattern: string): boolean =>
      alerts.some(({ alert }) => new RegExp(`^${pattern}$`, 'u').test(alert));
    expect(patterns.filter((pattern) => !isKnown(pattern))).toEqual([]);
    expect(patterns).toContain('McpServerGaveUp');
  });
});

const ALERT_KEYS = ['alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];
const TARGET_OR_LE = /^(?:job|instance|le)$/u;

describe('the templates', () => {
  const expectations = TEST_FILES.flatMap((file) => unitTestsOf(file).tests).flatMap(
    (one) => one.alert_rule_test,
  );

  test.each(named)('%s names only labels that its alerts carry, and known functions', (name, alert) => {
    const carried = expectations
      .filter(({ alertname }) => alertname === name)
      .flatMap(({ exp_alerts }) => exp_alerts)
      .map(({ exp_labels }) => Object.keys(exp_labels));
    for (const text of Object.values(alert.annotations)) {
      for (const [, inside = ''] of text.matchAll(/\{\{(.*?)\}\}/gu)) {
        expect(inside).toMatch(TEMPLATE);
        const label = /\$labels\.(\w+)/u.exec(inside)?.[1];
        if (label !== undefined) for (const labels of carried) expect(labels).toContain(label);
      }
    }
  });
});

const TEMPLATE =
  /^ (?:\$labels\.\w+|printf "%\.\df" \$value|\$value \| humanize(?:1024|Duration|Percentage)?) $/u;

describe('the unit tests', () => {
  const groups = TEST_FILES.flatMap((file) => unitTestsOf(file).tests);

  test.each(alerts.map(({ alert }) => alert).filter((name) => name !== 'Watchdog'))(
    'show %s before it fires, firing, and over, in one run',
    (name) => {
      expect(groups.some((group) => isWholeStory(group.alert_rule_test.filter(isAbout(name))))).toBe(true);
    },
  );

  test('show the heartbeat firing from the first moment on', () => {
    const heartbeat = groups.flatMap((group) => group.alert_rule_test.filter(isAbout('Watchdog')));
    expect(heartbeat.map(({ eval_time, exp_alerts }) => [eval_time, exp_alerts.length])).toEqual([
      ['0s', 1],
      ['1h', 1],
    ]);
  });

  test('use nothing that the promtool of Prometheus 2.42 does not know', () => {
    for (const file of TEST_FILES) {
      const { tests, ...head } = unitTestsOf(file);
      expect(Object.keys(head).filter((key) => !HEAD_KEYS.has(key))).toEqual([]);
      for (const one of tests) expect(Object.keys(one).filter((key) => !TEST_KEYS.has(key))).toEqual([]);
    }
  });

  test('say in which order groups come, where one reads what another records', () => {
    for (const file of TEST_FILES) {
      const { rule_files: paths, group_eval_order: order = [] } = unitTestsOf(file);
      const names = paths
        .map((path) => path.replace('../', ''))
        .flatMap(groupsOf)
        .map((group) => group.name);
      if (names.length > 1) expect([file, [...names].sort()]).toEqual([file, [...asTexts(order)].sort()]);
    }
  });
});

const HEAD_KEYS = new Set(['rule_files', 'evaluation_interval', 'group_eval_order']);
const TEST_KEYS = new Set([
  'name',
  'interval',
  'input_series',
  'alert_rule_test',
  'promql_expr_test',
  'external_labels',
]);

function isAbout(name: string): (one: Expectation) => boolean {
  return ({ alertname }) => alertname === name;
}

/** Nothing, then something, then nothing again. */
function isWholeStory(looks: readonly Expectation[]): boolean {
  const story = [...looks]
    .sort((one, other) => durationOf(one.eval_time) - durationOf(other.eval_time))
    .map(({ exp_alerts: found }) => (found.length > 0 ? 'x' : '-'))
    .join('');
  return /^-+x+-+$/u.test(story);
}

function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

describe('the runbooks', () => {
  test('are one for each alert', () => {
    expect(RUNBOOKS).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  test.each(RUNBOOKS)('%s has all sections, and something in each', (name) => {
    const text = read(`runbooks/${name}.md`);
    expect(text.startsWith(`# ${name}\n`)).toBe(true);
    const [, ...sections] = text.split(/^## /mu);
    expect(sections.map((section) => section.split('\n')[0])).toEqual(SECTIONS);
    for (const section of sections) expect(section.trim().split('\n').length).toBeGreaterThan(1);
  });

  test.each([...RUNBOOKS.map((name) => `runbooks/${name}.md`), 'README.md'])(
    '%s names only commands, metrics and files that there are',
    (path) => {
      const text = read(path);
      const commands = COMMANDS.map(({ name }) => name);
      for (const [, command] of text.matchAll(/(?:`|^|\$ )mcp-watchdog ([a-z]+)/gmu))
        expect(commands).toContain(command);
      for (const [name] of text.matchAll(/[a-z:]*\bmcp_watchdog_[\w:]+(?!\*)/gu)) {
        expect([name, kindOf(name) !== null || name.endsWith(':')]).toEqual([name, true]);
      }
      for (const [, target = ''] of text.matchAll(/\]\(([^)#]+\.(?:md|yml|alloy))(?:#[\w-]*)?\)/gu)) {
        const folder = path.startsWith('runbooks/') ? 'runbooks/' : '';
        expect(() => read(`${folder}${target}`)).not.toThrow();
      }
    },
  );
});

const SECTIONS = ['Meaning', 'Impact', 'Diagnosis', 'Cure', 'Without Prometheus'];

describe('the README', () => {
  test.each([
    ['alerts', RULE_FILES],
    ['fleet alerts', [FLEET_FILE]],
  ])('has a table of all %s', (title, files) => {
    const table = new RegExp(`<!-- ${title}: .*-->\\n\\|.*\\n\\|.*\\n([^]*?)<!-- end -->`, 'u').exec(
      read('README.md'),
    )?.[1];
    const rows = alertsOf(...files).map(
      ({ alert, labels, annotations, ...rest }) =>
        `| [${alert}](runbooks/${alert}.md) | ${labels['severity']} | ${inWords(annotations['summary'])} | ${rest.for ?? ''} | ${rest.keep_firing_for ?? ''} |\n`,
    );
    expect(table).toBe(rows.join(''));
  });
});

function inWords(summary = ''): string {
  return summary.replaceAll(/\{\{ \$labels\.(\w+) \}\}/gu, '*$1*').replace(/\.$/u, '');
}
