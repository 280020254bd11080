// Which labels does the answer to a query have? Worked out from the catalogue and the rules, without asking anybody.
import {
  fullMetricName,
  METRIC_NAMES,
  METRICS,
  PROCESS_METRICS,
} from '../../src/core/metrics/metric-catalogue.ts';
import type { MetricDefinition } from '../../src/core/metrics/metric-definition.ts';
import type { LabelSelection } from '../../src/promql/model/labels.ts';
import { readRuleFile, type RecordingRule } from '../../src/promql/rules/rule-file.ts';
import { type Expression, isSetOperator } from '../../src/promql/model/syntax-tree.ts';
import { FLEET_FILE, groupsOf, RULE_FILES } from '../alerting/read-catalogue.ts';

type Operation = Extract<Expression, { kind: 'operation' }>;
type Aggregation = Extract<Expression, { kind: 'aggregation' }>;

/** What scraping adds. */
const TARGET = ['job', 'instance'];

/** What alerts of ours may have: those about a server do. */
export const OPTIONAL = 'server';
const ALERTS = [...TARGET, 'alertname', 'alertstate', 'severity', 'component'];

export const RECORDED: ReadonlyMap<string, RecordingRule> = new Map(
  [...RULE_FILES, FLEET_FILE]
    .flatMap((path) => readRuleFile({ groups: groupsOf(path) }))
    .flatMap(({ rules }) => rules)
    .filter((rule) => rule.kind === 'recording')
    .map((rule) => [rule.name, rule]),
);

/** Labels by the names of all metrics that can be asked for. */
export const KNOWN: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...METRIC_NAMES.flatMap((name): [string, string[]][] => {
    const definition: MetricDefinition = METRICS[name];
    const labels = [...TARGET, ...Object.keys(definition.labels)];
    const full = fullMetricName(name);
    return definition.type === 'histogram'
      ? [
          [`${full}_bucket`, [...labels, 'le']],
          [`${full}_count`, labels],
          [`${full}_sum`, labels],
        ]
      : [[full, labels]];
  }),
  ...PROCESS_METRICS.map(({ name }): [string, string[]] => [name, TARGET]),
  ['up', TARGET],
  ['ALERTS', ALERTS],
]);

/** @throws Error for a metric that there is not */
export function labelsOf(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case 'selector':
      return expression.name === 'ALERTS' && expression.matchers.some(({ label }) => label === OPTIONAL)
        ? [...ALERTS, OPTIONAL]
        : labelsOfMetric(expression.name ?? '');
    case 'range':
      return labelsOf(expression.selector);
    case 'call':
      return labelsOfCall(expression.name, expression.args);
    case 'aggregation':
      return labelsOfAggregation(expression);
    case 'signed':
      return labelsOf(expression.operand);
    case 'operation':
      return labelsOfOperation(expression);
    default:
      return [];
  }
}

function labelsOfMetric(name: string): readonly string[] {
  const rule = RECORDED.get(name);
  if (rule !== undefined) return [...labelsOf(rule.expression), ...Object.keys(rule.labels)];
  const labels = KNOWN.get(name);
  if (labels === undefined) throw new Error(`There is no metric ${name}`);
  return labels;
}

function labelsOfCall(name: string, args: readonly Expression[]): readonly string[] {
  const [first, second] = args;
  if (name === 'histogram_quantile' && second !== undefined)
    return labelsOf(second).filter((label) => label !== 'le');
  if (first === undefined) return [];
  if (/^label_(?:replace|join)$/u.test(name) && second?.kind === 'string')
    return [...labelsOf(first), second.value];
  return labelsOf(first);
}

function labelsOfAggregation({ operator, operand, grouping }: Aggregation): readonly string[] {
  const labels = labelsOf(operand);
  if (['topk', 'bottomk', 'limitk'].includes(operator)) return labels;
  return chosen(labels, grouping);
}

function labelsOfOperation({ operator, left, right, matching }: Operation): readonly string[] {
  const [ours, theirs] = [labelsOf(left), labelsOf(right)];
  if (operator === 'or') return ours.filter((label) => theirs.includes(label));
  if (isSetOperator(operator)) return ours;
  if (isNumber(left)) return theirs;
  if (isNumber(right)) return ours;
  if (matching.many === 'right') return [...theirs, ...matching.include];
  if (matching.many === 'left') return [...ours, ...matching.include];
  return chosen(ours, matching.choice);
}

function chosen(
  labels: readonly string[],
  { mode, names }: Pick<LabelSelection, 'mode' | 'names'>,
): string[] {
  return labels.filter((label) => names.includes(label) === (mode === 'only'));
}

function isNumber(expression: Expression): boolean {
  return expression.kind === 'number' || (expression.kind === 'call' && expression.name === 'time');
}
