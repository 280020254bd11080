// Files for `promtool test rules`, run on our engine: what fails in one of them, as sentences.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { createRuleEngine, type RuleEngine } from '../../../src/promql/rules/rule-engine.ts';
import { evaluate } from '../../../src/promql/evaluate/evaluate.ts';
import { requiredSeriesOf } from '../../../src/promql/rules/required-series.ts';
import { formatLabels, type Labels } from '../../../src/promql/model/labels.ts';
import { parseDuration } from '../../../src/promql/model/literals.ts';
import { parse } from '../../../src/promql/parse/parse.ts';
import { readRuleFile, type RuleGroup } from '../../../src/promql/rules/rule-file.ts';
import type { PrometheusMajor } from '../../../src/promql/model/series-source.ts';
import { createSeriesStore, type SeriesStore } from '../../../src/promql/series/series-store.ts';
import { labelsIn, parsePoints } from './series-notation.ts';

interface TestFile {
  readonly rule_files: readonly string[];
  readonly evaluation_interval?: string;
  readonly group_eval_order?: readonly string[];
  readonly tests: readonly TestGroup[];
}

interface TestGroup {
  readonly name?: string;
  readonly interval?: string;
  readonly input_series?: readonly { readonly series: string; readonly values: string | number }[];
  readonly alert_rule_test?: readonly AlertTest[];
  readonly promql_expr_test?: readonly ExpressionTest[];
}

interface AlertTest {
  readonly eval_time: string | number;
  readonly alertname: string;
  readonly exp_alerts?: readonly { readonly exp_labels?: Texts; readonly exp_annotations?: Texts }[] | null;
}

interface ExpressionTest {
  readonly eval_time: string | number;
  readonly expr: string;
  readonly exp_samples?: readonly { readonly labels?: string; readonly value: number }[] | null;
}

type Texts = Readonly<Record<string, unknown>>;

const KNOWN = {
  file: ['rule_files', 'evaluation_interval', 'group_eval_order', 'tests'],
  group: ['name', 'interval', 'input_series', 'alert_rule_test', 'promql_expr_test'],
};

/**
 * What does not hold, one sentence each; none when the file is green.
 *
 * @param options `areTextsCompared`: false where values may differ in a digit from those for which the texts were written
 */
export function runUnitTestFile(
  path: string,
  { generation, areTextsCompared = true }: { generation: PrometheusMajor; areTextsCompared?: boolean },
): string[] {
  const file: TestFile = parseYaml(readFileSync(path, 'utf8'), { merge: true });
  refuseOthers(file, KNOWN.file);
  const groups = file.rule_files
    .flatMap((pattern) => filesLike(resolve(dirname(path), pattern)))
    .flatMap((name) => readRuleFile(parseYaml(readFileSync(name, 'utf8'), { merge: true })));
  const run = {
    groups: ordered(groups, file.group_eval_order ?? []),
    every: durationOf(file.evaluation_interval ?? '1m'),
    generation,
    areTextsCompared,
  };
  return file.tests.flatMap((test, index) =>
    runTest(test, run).map((failure) => `${basename(path)}, ${test.name ?? `test ${index + 1}`}: ${failure}`),
  );
}

interface Run {
  readonly groups: readonly RuleGroup[];
  readonly every: number;
  readonly generation: PrometheusMajor;
  readonly areTextsCompared: boolean;
}

/** Step by step: samples, rules, what is due to be checked, and away with what is too old. */
function runTest(test: TestGroup, { groups, every, generation, areTextsCompared }: Run): string[] {
  refuseOthers(test, KNOWN.group);
  const expressions = (test.promql_expr_test ?? []).map((asked) => ({
    eval_time: asked.eval_time,
    asked,
    expression: parse(asked.expr),
  }));
  const alerts = test.alert_rule_test ?? [];
  const end = Math.max(0, ...[...alerts, ...expressions].map(({ eval_time }) => durationOf(eval_time)));
  const asked = [
    { name: '', interval: null, rules: expressions.map(({ expression }) => ruleOf(expression)) },
  ];
  const store = createSeriesStore([...requiredSeriesOf(groups), ...requiredSeriesOf(asked)]);
  const engine = createRuleEngine(groups, store, { generation });
  const load = loader(test, store);
  const failures: string[] = [];
  for (let now = 0; now <= end; now += every) {
    load(now);
    for (const group of groups) engine.evaluateGroup(group, now);
    const broken = engine.rules().find(({ error }) => error !== null);
    if (broken !== undefined) return [`${broken.rule.name} at ${now} ms: ${broken.error}`];
    const isDue = ({ eval_time }: Pick<AlertTest, 'eval_time'>): boolean =>
      durationOf(eval_time) >= now && durationOf(eval_time) < now + every;
    failures.push(...alerts.filter(isDue).flatMap((one) => checkAlerts(one, engine, areTextsCompared)));
    for (const one of expressions.filter(isDue)) {
      const at = durationOf(one.eval_time);
      load(at);
      failures.push(...checkSamples(one.asked, evaluate(one.expression, at, store, { generation })));
    }
    store.prune(now);
  }
  return failures;
}

function ruleOf(expression: ReturnType<typeof parse>): RuleGroup['rules'][number] {
  return { kind: 'recording', name: '', query: '', expression, labels: {} };
}

/** Gives the store what there is up to a moment, each sample once. */
function loader(test: TestGroup, store: SeriesStore): (until: number) => void {
  const step = durationOf(test.interval ?? '1m');
  const series = (test.input_series ?? []).map(({ series, values }) => ({
    labels: labelsIn(series),
    points: parsePoints(String(values)),
  }));
  let next = 0;
  return (until) => {
    for (; next * step <= until; next += 1)
      for (const { labels, points } of series) {
        const point = points[next] ?? null;
        if (point === 'stale') store.markStale(labels, next * step);
        else if (point !== null) store.append(labels, next * step, point);
      }
  };
}

function checkAlerts(
  { alertname, eval_time, exp_alerts }: AlertTest,
  engine: RuleEngine,
  areTextsCompared: boolean,
): string[] {
  const shown = (labels: Labels, annotations: Labels): string =>
    areTextsCompared ? `${formatLabels(labels)} ${formatLabels(annotations)}` : formatLabels(labels);
  const got = engine
    .rules()
    .filter(({ rule }) => rule.kind === 'alerting' && rule.name === alertname)
    .flatMap(({ alerts }) => alerts)
    .filter(({ state }) => state === 'firing')
    .map(({ labels, annotations }) => shown(labels, annotations));
  const wanted = (exp_alerts ?? []).map(({ exp_labels = {}, exp_annotations = {} }) =>
    shown({ ...texts(exp_labels), alertname }, texts(exp_annotations)),
  );
  return difference(`${alertname} at ${eval_time}`, wanted.sort(), got.sort());
}

function checkSamples(
  { expr, eval_time, exp_samples }: ExpressionTest,
  elements: ReturnType<typeof evaluate>,
): string[] {
  const got = elements.map(({ labels, value }) => `${formatLabels(labels)} ${value}`);
  const wanted = (exp_samples ?? []).map(
    ({ labels, value }) => `${formatLabels(labelsIn(labels ?? ''))} ${value}`,
  );
  return difference(`${expr} at ${eval_time}`, wanted.sort(), got.sort());
}

function difference(what: string, wanted: readonly string[], got: readonly string[]): string[] {
  return wanted.join('\n') === got.join('\n')
    ? []
    : [`${what}: wanted ${wanted.join(' and ') || 'nothing'}, got ${got.join(' and ') || 'nothing'}`];
}

function texts(map: Texts): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, String(value)]));
}

function ordered(groups: readonly RuleGroup[], order: readonly string[]): RuleGroup[] {
  const place = ({ name }: RuleGroup): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return groups.toSorted((a, b) => place(a) - place(b));
}

function filesLike(pattern: string): string[] {
  const name = new RegExp(`^${basename(pattern).replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 'u');
  const found = readdirSync(dirname(pattern)).filter((file) => name.test(file));
  if (found.length === 0) throw new Error(`There is no file ${pattern}`);
  return found.sort().map((file) => join(dirname(pattern), file));
}

function durationOf(text: string | number): number {
  const duration = parseDuration(String(text));
  if (duration === null) throw new Error(`"${text}" is no duration`);
  return duration;
}

function refuseOthers(map: object, known: readonly string[]): void {
  const other = Object.keys(map).find((key) => !known.includes(key));
  if (other !== undefined) throw new Error(`This runner does not know "${other}"`);
}
