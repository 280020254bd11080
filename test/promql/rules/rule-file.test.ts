import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { RuleError } from '../../../src/promql/rules/yaml-fields.ts';
import { readRuleFile, templateFaultsOf } from '../../../src/promql/rules/rule-file.ts';

const read = (yaml: string): ReturnType<typeof readRuleFile> => readRuleFile(parseYaml(yaml));
/** One rule, by its lines in flow style. */
const rule = (text: string): ReturnType<typeof readRuleFile> =>
  read(`groups: [{ name: servers, rules: [{ record: x, expr: "1" }, { ${text} }] }]`);

test('groups and rules are read in their order', () => {
  const groups = read(`
groups:
  - name: first
    interval: 1m30s
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: { level: job }
  - name: second
    interval: 0s
    rules:
      - alert: Down
        expr: up == 0
        for: 2m
        keep_firing_for: 1m
        labels: { severity: critical }
        annotations: { summary: "{{ $labels.job }} is down." }
      - { alert: Always, expr: 1 }
`);
  expect(groups.map(({ name, interval, rules }) => [name, interval, rules.map((one) => one.name)])).toEqual([
    ['first', 90_000, ['job:up:sum']],
    ['second', null, ['Down', 'Always']],
  ]);
  expect(groups[0]?.rules[0]).toMatchObject({
    kind: 'recording',
    query: 'sum by (job) (up)',
    expression: { kind: 'aggregation' },
    labels: { level: 'job' },
  });
  expect(groups[1]?.rules[0]).toMatchObject({
    kind: 'alerting',
    hold: 120_000,
    keepFiring: 60_000,
    labels: { severity: { text: 'critical' } },
    annotations: { summary: { text: '{{ $labels.job }} is down.' } },
  });
  expect(groups[1]?.rules[1]).toMatchObject({
    query: '1',
    hold: 0,
    keepFiring: 0,
    labels: {},
    annotations: {},
  });
});

test('what YAML takes for more than texts is a text here', () => {
  const [group] = rule('alert: 404, expr: up, labels: { page: true, level: 3, none: null }');
  expect(group?.rules[1]).toMatchObject({
    name: '404',
    labels: { page: { text: 'true' }, level: { text: '3' }, none: { text: '' } },
  });
});

test('a text that cannot be filled in takes neither rule nor file', () => {
  const groups = rule(
    'alert: Down, expr: up, annotations: { summary: "x {{ nonsense }}", other: "{{ $value }}" }',
  );
  expect(groups[0]?.rules[1]).toMatchObject({ annotations: { other: { fault: null } } });
  expect(templateFaultsOf(groups)).toEqual([
    {
      message: `Group "servers", rule 2 (Down), annotations.summary: This engine's templates have no nonsense at character 3`,
      path: ['groups', 0, 'rules', 1, 'annotations', 'summary'],
    },
  ]);
});

describe('a file is refused with the place of its first fault:', () => {
  const at = ['groups', 0, 'rules', 1];

  test.each<[what: string, text: string, message: string, path: (string | number)[]]>([
    [
      'an expression',
      'alert: Down, expr: "up anchored"',
      'Group "servers", rule 2 (Down): This engine has no anchored modifier, found at character 1: up anchored',
      [...at, 'expr'],
    ],
    [
      'its syntax',
      'alert: Down, expr: "up >"',
      'Group "servers", rule 2 (Down): The expression ends too early at character 5: up >',
      [...at, 'expr'],
    ],
    ['no expression', 'alert: Down', 'Group "servers", rule 2 (Down): there is no "expr"', [...at, 'expr']],
    [
      'a label',
      'alert: Down, expr: up, labels: { a-b: x }',
      'Group "servers", rule 2 (Down): "a-b" cannot be a name in labels',
      [...at, 'labels', 'a-b'],
    ],
    [
      'the name as a label',
      'alert: Down, expr: up, labels: { __name__: x }',
      '"__name__" cannot be a name in labels',
      [...at, 'labels', '__name__'],
    ],
    [
      'a list as a label',
      'alert: Down, expr: up, labels: { a: [x] }',
      'labels.a must be a text',
      [...at, 'labels', 'a'],
    ],
    [
      'labels that are no map',
      'alert: Down, expr: up, labels: [x]',
      'Group "servers", rule 2 (Down): "labels" must be a map',
      [...at, 'labels'],
    ],
    [
      'a duration',
      'alert: Down, expr: up, for: 5',
      '"for" must be a duration like 5m, got "5"',
      [...at, 'for'],
    ],
    [
      'another duration',
      'alert: Down, expr: up, keep_firing_for: 5 m',
      '"keep_firing_for" must be a duration like 5m, got "5 m"',
      [...at, 'keep_firing_for'],
    ],
    [
      'an unknown key',
      'alert: Down, expr: up, fro: 5m',
      'Group "servers", rule 2 (Down): this engine does not know "fro"',
      [...at, 'fro'],
    ],
    [
      'for of a recording',
      'record: a, expr: up, for: 5m',
      'Group "servers", rule 2 (a): this engine does not know "for"',
      [...at, 'for'],
    ],
    ['the name of a recording', 'record: a-b, expr: up', '"a-b" is no name of a metric', [...at, 'record']],
    [
      'a rule that is two',
      'alert: Down, record: down, expr: up',
      'Group "servers", rule 2 has both "alert" and "record"; make two rules of it',
      at,
    ],
    [
      'a duration beyond all',
      'alert: Down, expr: up, for: 300y',
      '"for" must be a duration like 5m, got "300y"',
      [...at, 'for'],
    ],
    ['a rule without a name', 'expr: up', 'Group "servers", rule 2 has neither "alert" nor "record"', at],
    [
      'an empty name',
      'alert: "", expr: up',
      'Group "servers", rule 2: there is no "alert"',
      [...at, 'alert'],
    ],
  ])('%s', (_, text, message, path) => {
    expect(() => rule(text)).toThrow(message);
    expect(faultIn(() => rule(text))).toEqual(path);
  });

  test.each<[what: string, text: string, message: string, path: (string | number)[]]>([
    ['no map', '[]', 'The file must be a map', []],
    ['nothing', '', 'The file is empty; a rule file begins with "groups:"', []],
    ['no groups', '{}', 'The file: there is no list of groups', ['groups']],
    ['another key', 'groups: []\nrules: []', 'The file: this engine does not know "rules"', ['rules']],
    ['a group that is no map', 'groups: [x]', 'Group 1 must be a map', ['groups', 0]],
    [
      'a group without a name',
      'groups: [{ rules: [] }]',
      'Group 1: there is no "name"',
      ['groups', 0, 'name'],
    ],
    [
      'a group without rules',
      'groups: [{ name: a }]',
      'Group "a": there is no list of rules',
      ['groups', 0, 'rules'],
    ],
    [
      'a limit',
      'groups: [{ name: a, limit: 3, rules: [] }]',
      'Group "a": this engine does not know "limit"',
      ['groups', 0, 'limit'],
    ],
    [
      'an interval',
      'groups: [{ name: a, interval: often, rules: [] }]',
      'Group "a": "interval" must be a duration like 5m, got "often"',
      ['groups', 0, 'interval'],
    ],
    [
      'an interval that would keep us busy',
      'groups: [{ name: a, interval: 1ms, rules: [] }]',
      'Group "a": "interval" must be at least 1s, got 1ms',
      ['groups', 0, 'interval'],
    ],
    [
      'a rule that is no map',
      'groups: [{ name: a, rules: [x] }]',
      'Group "a", rule 1 must be a map',
      ['groups', 0, 'rules', 0],
    ],
    [
      'two groups of one name',
      'groups: [{ name: a, rules: [] }, { name: a, rules: [] }]',
      'Two groups are named "a"',
      ['groups', 1, 'name'],
    ],
  ])('%s', (_, text, message, path) => {
    expect(() => read(text)).toThrow(message);
    expect(faultIn(() => read(text))).toEqual(path);
  });
});

function faultIn(act: () => unknown): unknown {
  try {
    act();
    return 'nothing';
  } catch (error) {
    return error instanceof RuleError ? error.path : error;
  }
}
