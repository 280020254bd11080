// Random alerts and texts: what our engine says is written down as a unit test, and promtool judges it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRuleEngine } from '../../src/promql/rules/rule-engine.ts';
import { requiredSeriesOf } from '../../src/promql/rules/required-series.ts';
import { readRuleFile } from '../../src/promql/rules/rule-file.ts';
import { createSeriesStore } from '../../src/promql/series/series-store.ts';
import { requireProgram } from '../fakes/require-program.ts';
import type { Labels } from '../../src/promql/model/labels.ts';
import { createRandom, type Random } from './support/random.ts';
import { labelsIn, parsePoints } from './support/series-notation.ts';

const SEED = Number(process.env['PROMQL_SEED'] ?? 2026);
const STEP = 15_000;

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly object[] }[];
}
interface InputSeries {
  readonly series: string;
  readonly values: string;
}
interface AlertTest {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts: readonly { exp_labels: Labels; exp_annotations: Labels }[];
}

describe.skipIf(!requireProgram('promtool'))(`promtool agrees (PROMQL_SEED=${SEED})`, () => {
  const random = createRandom(SEED);
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'promtool-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('which alerts fire, and when, with which labels', { timeout: 60_000 }, () => {
    const rules = randomRules(random);
    const tests = Array.from({ length: 8 }, () => foretold(rules, randomSeries(random), 60));
    expect(tests.flatMap(({ alert_rule_test }) => alert_rule_test).filter(isFiring).length).toBeGreaterThan(
      50,
    );
    expect(judge(rules, tests)).toEqual({ status: 0, output: '' });
  });

  test('how numbers and labels are written in texts', () => {
    const rules = { groups: [{ name: 'texts', rules: [textRule()] }] };
    const series = Array.from({ length: 150 }, (_, index) => ({
      series: `v{n="${index}",text="${random.pick(['zürich', "o'neil a-b c_d", '1 x', 'ü-ü'])}"}`,
      values: randomNumber(random),
    }));
    const tests = [foretold(rules, series, 1)];
    expect(tests[0]?.alert_rule_test[0]?.exp_alerts).toHaveLength(series.length);
    expect(judge(rules, tests)).toEqual({ status: 0, output: '' });
  });

  /** A unit test that expects what our engine says at each of so many steps. */
  function foretold(rules: Rules, input_series: readonly InputSeries[], steps: number) {
    const groups = readRuleFile(rules);
    const store = createSeriesStore(requiredSeriesOf(groups));
    const engine = createRuleEngine(groups, store, { generation: 2 });
    const series = input_series.map(({ series, values }) => ({
      labels: labelsIn(series),
      points: parsePoints(values),
    }));
    const alert_rule_test: AlertTest[] = [];
    for (let step = 0; step < steps; step += 1) {
      const now = step * STEP;
      for (const { labels, points } of series) {
        const point = points[step] ?? null;
        if (point === 'stale') store.markStale(labels, now);
        else if (point !== null) store.append(labels, now, point);
      }
      for (const group of groups) engine.evaluateGroup(group, now);
      for (const { rule, alerts, error } of engine.rules()) {
        expect(error).toBeNull();
        const exp_alerts = alerts
          .filter(({ state }) => state === 'firing')
          .map(({ labels, annotations }) => ({ exp_labels: labels, exp_annotations: annotations }));
        if (rule.kind === 'alerting')
          alert_rule_test.push({ eval_time: `${now}ms`, alertname: rule.name, exp_alerts });
      }
      store.prune(now);
    }
    return { interval: '15s', input_series, alert_rule_test };
  }

  /** JSON is YAML. */
  function judge(rules: Rules, tests: readonly object[]): { status: number | null; output: string } {
    writeFileSync(join(folder, 'rules.yml'), JSON.stringify(rules));
    const file = {
      rule_files: ['rules.yml'],
      evaluation_interval: '15s',
      group_eval_order: rules.groups.map(({ name }) => name),
      tests,
    };
    writeFileSync(join(folder, 'tests.yml'), JSON.stringify(file));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', join(folder, 'tests.yml')], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    return { status, output: status === 0 ? '' : (stdout + stderr).slice(0, 5000) };
  }
});

function isFiring({ exp_alerts }: AlertTest): boolean {
  return exp_alerts.length > 0;
}

/** What is recorded is read by alerts with all kinds of patience; labels with the value in them change as it does. */
function randomRules(random: Random): Rules {
  const durations = ['0s', '15s', '30s', '1m', '100s', '2m'];
  const expressions = [
    'x > 1',
    'x{server="a"} == 0',
    'job:x:sum >= 3',
    'job:x:sum unless on (job) x{server="b"}',
    'absent(x{server="c"})',
    'changes(x[2m]) > 2',
    'ALERTS{alertname="Alert0",alertstate="firing"}',
  ];
  const alerts = expressions.map((expr, index) => {
    const keep_firing_for = random.chance(0.6) ? random.pick(durations.slice(1)) : '0s';
    const how_much = random.chance(0.3) ? '{{ $value }}' : 'much';
    return {
      alert: `Alert${index}`,
      expr,
      for: random.pick(durations),
      keep_firing_for,
      // A label of its own name: what reads ALERTS must not make two of them the same.
      labels: {
        [`severity_${index}`]: random.pick(['critical', 'warning']),
        [`how_much_${index}`]: how_much,
      },
      annotations: { summary: '{{ $labels.server }} of {{ $labels.job }}: {{ $value | humanize }}' },
    };
  });
  const recording = { record: 'job:x:sum', expr: 'sum by (job) (x)', labels: { source: 'recorded' } };
  return {
    groups: [
      { name: 'recording', rules: [recording] },
      { name: 'alerts', rules: alerts },
    ],
  };
}

function randomSeries(random: Random): InputSeries[] {
  return ['a', 'b', 'c'].map((server) => ({
    series: `x{job="${random.pick(['one', 'two'])}",server="${server}"}`,
    values: Array.from(
      { length: 14 },
      () => `${random.pick(['0', '1', '2', '3', '_', '_', '0', '2'])}x${1 + random.below(9)}`,
    )
      .flatMap((run) => (random.chance(0.1) ? ['stale', run] : [run]))
      .join(' '),
  }));
}

function textRule(): object {
  const verbs = [
    '%v',
    '%f',
    '%.0f',
    '%.1f',
    '%.2f',
    '%e',
    '%.0e',
    '%.3E',
    '%g',
    '%.2g',
    '%.6g',
    '%G',
    '%8.2f|',
    '%-8.1f|',
    '%08.1f',
    '%+.1f',
  ];
  const functions = ['humanize', 'humanize1024', 'humanizePercentage', 'humanizeDuration'];
  return {
    alert: 'Texts',
    expr: 'v',
    annotations: {
      value: '{{ $value }}',
      printed: verbs.map((verb) => `{{ printf "${verb}" $value }}`).join(' '),
      functions: functions.map((name) => `{{ $value | ${name} }}`).join(' '),
      // As far as it is a time at all: else Prometheus gives an error as the text.
      texts:
        '{{ $labels.text | title }} {{ toUpper "äb" }} {{ printf "%q %5s|%-9s|%.2s" $labels.text $labels.n $labels.n $labels.text }} a {{- 3 -}} b',
    },
  };
}

/** Of all sizes, and many of them exactly between two that are rounder. */
function randomNumber(random: Random): string {
  const sign = random.chance(0.3) ? '-' : '';
  const between = `${random.below(2000)}.${random.pick(['5', '25', '125', '0625', '375', '03125'])}`;
  const wide = `${random.next() * 10}e${random.below(36) - 20}`;
  return sign + random.pick([between, between, wide, wide, String(random.below(100_000)), 'Inf', '0']);
}
