import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { createRuleEngine, type RuleHealth } from '../../../src/promql/rules/rule-engine.ts';
import { evaluate } from '../../../src/promql/evaluate/evaluate.ts';
import { formatLabels } from '../../../src/promql/model/labels.ts';
import { parse } from '../../../src/promql/parse/parse.ts';
import { readRuleFile } from '../../../src/promql/rules/rule-file.ts';
import { createSeriesStore } from '../../../src/promql/series/series-store.ts';

const EVERYTHING = [{ selector: { name: null, matchers: [] }, reach: Infinity }];
const MINUTE = 60_000;

function stage(yaml: string) {
  const groups = readRuleFile(parseYaml(yaml));
  const store = createSeriesStore(EVERYTHING);
  const engine = createRuleEngine(groups, store);
  return {
    engine,
    groups,
    /** Values of `up` by job, then all groups. */
    step: (minute: number, up: Record<string, number>) => {
      for (const [job, value] of Object.entries(up))
        store.append({ __name__: 'up', job }, minute * MINUTE, value);
      for (const group of groups) engine.evaluateGroup(group, minute * MINUTE);
    },
    ask: (text: string, minute: number) =>
      Object.fromEntries(
        evaluate(parse(text), minute * MINUTE, store).map(({ labels, value }) => [
          formatLabels(labels),
          value,
        ]),
      ),
    errors: () => engine.rules().map(({ error }) => error),
    alerts: () => engine.rules().flatMap(({ alerts }) => alerts),
  };
}

describe('recording rules', () => {
  const CHAIN = `
groups:
  - name: g
    rules:
      - { record: "job:up:sum", expr: sum by (job) (up), labels: { level: job } }
      - { record: "up:count", expr: 'count(job:up:sum)' }
  - name: h
    rules:
      - { record: "up:double", expr: 'up:count * 2' }`;

  test('feed the rules behind them in the same evaluation', () => {
    const { step, ask } = stage(CHAIN);
    step(0, { a: 1, b: 0 });
    expect(ask('{__name__=~".*:.*"}', 0)).toEqual({
      'job:up:sum{job="a", level="job"}': 1,
      'job:up:sum{job="b", level="job"}': 0,
      'up:count': 2,
      'up:double': 4,
    });
  });

  test('end what they no longer have, at once', () => {
    const { step, ask } = stage('groups: [{ name: g, rules: [{ record: ok, expr: up == 1 }] }]');
    step(0, { a: 1, b: 1 });
    step(1, { a: 0, b: 1 });
    expect(ask('ok', 1)).toEqual({ 'ok{job="b"}': 1 });
    step(2, { a: 1, b: 1 });
    expect(ask('ok', 2)).toEqual({ 'ok{job="a"}': 1, 'ok{job="b"}': 1 });
  });

  test('take a label away by an empty one', () => {
    const { step, ask } = stage(
      'groups: [{ name: g, rules: [{ record: x, expr: up, labels: { job: "" } }] }]',
    );
    step(0, { a: 1 });
    expect(ask('x', 0)).toEqual({ x: 1 });
  });

  test('fail alone when two results would be the same series', () => {
    const { step, ask, errors } = stage(`
groups:
  - name: g
    rules:
      - { record: x, expr: up, labels: { job: all } }
      - { record: y, expr: up }`);
    step(0, { a: 1, b: 1 });
    expect(errors()).toEqual(['Two results have the same labels under x', null]);
    expect(ask('{__name__=~"x|y"}', 0)).toEqual({ 'y{job="a"}': 1, 'y{job="b"}': 1 });
  });
});

describe('alerting rules', () => {
  const DOWN = `
groups:
  - name: g
    rules:
      - { alert: Down, expr: up == 0, for: 1m, labels: { severity: critical } }`;

  test('show their alerts as series, as Prometheus does', () => {
    const { step, ask } = stage(DOWN);
    step(1, { a: 0 });
    const labels = 'alertname="Down", alertstate="pending", job="a", severity="critical"';
    expect(ask('ALERTS', 1)).toEqual({ [`ALERTS{${labels}}`]: 1 });
    step(2, { a: 0 });
    expect(ask('ALERTS', 2)).toEqual({ [`ALERTS{${labels.replace('pending', 'firing')}}`]: 1 });
    expect(ask('ALERTS_FOR_STATE', 2)).toEqual({
      'ALERTS_FOR_STATE{alertname="Down", job="a", severity="critical"}': 60,
    });
    step(3, { a: 1 });
    expect(ask('{__name__=~"ALERTS.*"}', 3)).toEqual({});
  });

  test('tell about themselves', () => {
    const { step, engine, groups } = stage(DOWN);
    expect(engine.rules()).toMatchObject([{ error: null, evaluatedAt: null, alerts: [] }]);
    step(1, { a: 0, b: 1 });
    expect(engine.rules()).toMatchObject([
      { error: null, evaluatedAt: MINUTE, alerts: [{ state: 'pending', labels: { job: 'a' } }] },
    ]);
    expect(engine.rules()[0]?.group).toBe(groups[0]);
    expect(engine.rules()[0]?.rule).toBe(groups[0]?.rules[0]);
  });
});

describe('a rule that fails', () => {
  const FAILS = `
groups:
  - name: g
    rules:
      - { alert: Fails, expr: up == 0 and on () up * on () up >= 0 }
      - { alert: Works, expr: up == 0 }`;

  test('leaves the others alone, and its own alerts as they were, until it works again', () => {
    const { step, errors, engine } = stage(FAILS);
    const stateOf = ({ alerts }: RuleHealth): string => alerts[0]?.state ?? 'none';
    const states = (): string[] => engine.rules().map(stateOf);
    step(0, { a: 0 });
    expect([errors(), states()]).toEqual([
      [null, null],
      ['firing', 'firing'],
    ]);
    step(1, { a: 1, b: 1 });
    expect(errors()).toEqual([expect.stringContaining('Several elements on the right side match'), null]);
    expect(states()).toEqual(['firing', 'inactive']);
    step(7, { a: 1 });
    expect([errors(), states()]).toEqual([
      [null, null],
      ['inactive', 'inactive'],
    ]);
  });

  test('is no cover for a fault of ours', () => {
    const groups = readRuleFile(parseYaml(FAILS));
    const broken = {
      ...createSeriesStore([]),
      select: (): never => {
        throw new TypeError('ours');
      },
    };
    const engine = createRuleEngine(groups, broken);
    expect(() => {
      for (const group of groups) engine.evaluateGroup(group, 0);
    }).toThrow(TypeError);
  });
});

test('evaluateGroup() evaluates only that group, even if another has its name', () => {
  const yaml = 'groups: [{ name: g, rules: [{ record: x, expr: up }] }]';
  const groups = [...readRuleFile(parseYaml(yaml)), ...readRuleFile(parseYaml(yaml))];
  const engine = createRuleEngine(groups, createSeriesStore(EVERYTHING));
  const [first] = groups;
  if (first !== undefined) engine.evaluateGroup(first, 1);
  expect(engine.rules().map(({ evaluatedAt }) => evaluatedAt)).toEqual([1, null]);
});

describe('after a restart', () => {
  const TWICE = `
groups:
  - name: g
    rules:
      - { alert: Down, expr: up < 0.5, for: 2m, labels: { severity: warning } }
      - { alert: Down, expr: up == 0, for: 2m, labels: { severity: critical, of: "{{ $labels.job }}" } }
      - { record: Down, expr: up }`;

  test('alerts go on where they were', () => {
    const before = stage(TWICE);
    for (const minute of [0, 1, 2]) before.step(minute, { a: 0 });
    for (const minute of [3, 4]) before.step(minute, { a: 0, b: 0 });
    const after = stage(TWICE);
    after.engine.restore(before.engine.alerts());
    expect(after.alerts()).toEqual(before.alerts());
    before.step(5, { a: 1, b: 0 });
    after.step(5, { a: 1, b: 0 });
    expect(after.alerts()).toEqual(before.alerts());
    expect(
      after.alerts().map(({ labels, state }) => `${labels['job']} ${labels['severity']} ${state}`),
    ).toEqual(['a warning inactive', 'b warning firing', 'a critical inactive', 'b critical firing']);
  });

  test('each goes back to its own rule, also where only an expression tells them apart', () => {
    const rule = (expr: string) => `{ alert: Same, expr: ${expr}, labels: { of: "{{ $labels.job }}" } }`;
    const yaml = `groups: [{ name: g, rules: [${rule('up == 0')}, ${rule('up == 1')}] }]`;
    const before = stage(yaml);
    before.step(0, { a: 1 });
    const after = stage(yaml);
    after.engine.restore(before.engine.alerts());
    expect(after.engine.rules().map(({ alerts }) => alerts.length)).toEqual([0, 1]);
  });

  test('what is put back takes the place of what there was', () => {
    const { engine, step, alerts } = stage(TWICE);
    step(0, { a: 0 });
    expect(alerts()).toHaveLength(2);
    engine.restore(new Map());
    expect(alerts()).toEqual([]);
  });

  test('alerts of rules that are gone are dropped', () => {
    const before = stage(TWICE);
    before.step(0, { a: 0 });
    const after = stage(
      'groups: [{ name: g, rules: [{ alert: Down, expr: up == 0, labels: { severity: info } }] }]',
    );
    after.engine.restore(before.engine.alerts());
    expect(after.alerts()).toEqual([]);
  });
});
