// Thresholds of the alert rules: panels change colour at these values and nowhere else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { readRuleFile } from '../../../src/promql/rules/rule-file.ts';
import { type Expression, isComparison, isSetOperator } from '../../../src/promql/model/syntax-tree.ts';

const FILES = [
  'rules/scrape.yml',
  'rules/servers.yml',
  'rules/slo.yml',
  'rules/gateway.yml',
  'rules/watchdog.yml',
  'prometheus/fleet.rules.yml',
];

export interface Rules {
  /** The number to which the rule compares this metric; for `0.8 * x` it is 0.8. */
  readonly bound: (alert: string, metric: string) => number;
  /** The two numbers of a bound written as `14.4 * 0.01`. */
  readonly factors: (alert: string, metric: string) => readonly [number, number];
  readonly runbook: (alert: string) => string;
  /** Address of the folder of all runbooks, with a slash at its end. */
  readonly runbooks: string;
}

interface Alert {
  readonly expression: Expression;
  readonly runbook: string;
}

type Operation = Extract<Expression, { kind: 'operation' }>;

/** @param root folder of the repository */
export function readRules(root: string): Rules {
  const alerts = new Map(FILES.flatMap((file) => alertsIn(join(root, 'alerting', file))));
  const named = (name: string): Alert => demand(alerts.get(name), `There is no alert ${name}`);
  return {
    bound: (alert, metric) =>
      demand(firstNumber(limitOf(named(alert), metric)), `${alert} holds ${metric} against no number`),
    factors: (alert, metric) =>
      demand(twoNumbers(limitOf(named(alert), metric)), `${alert} holds ${metric} against no product`),
    runbook: (alert) => named(alert).runbook,
    runbooks: named('Watchdog').runbook.replace(/[^/]+$/u, ''),
  };
}

function alertsIn(path: string): [string, Alert][] {
  const document: unknown = parseYaml(readFileSync(path, 'utf8'));
  return readRuleFile(document)
    .flatMap(({ rules }) => rules)
    .filter((rule) => rule.kind === 'alerting')
    .map(({ name, expression, annotations }) => {
      const runbook = demand(annotations['runbook_url'], `${name} has no runbook`).text;
      return [name, { expression, runbook }];
    });
}

/** Right side of the comparison with the metric on its left. */
function limitOf({ expression }: Alert, metric: string): Expression {
  const comparison = comparisonsIn(expression).find(({ left }) => namesIn(left).includes(metric));
  return demand(comparison, `No rule compares ${metric}`).right;
}

/** The outermost comparisons, which decide whether the alert fires. */
function comparisonsIn(expression: Expression): Operation[] {
  if (expression.kind !== 'operation') return [];
  if (isComparison(expression.operator)) return [expression];
  return isSetOperator(expression.operator) ? [expression.left, expression.right].flatMap(comparisonsIn) : [];
}

function namesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case 'selector':
      return [expression.name ?? ''];
    case 'range':
      return namesIn(expression.selector);
    case 'call':
      return expression.args.flatMap(namesIn);
    case 'subquery':
    case 'aggregation':
    case 'signed':
      return namesIn(expression.operand);
    case 'operation':
      return [...namesIn(expression.left), ...namesIn(expression.right)];
    case 'number':
    case 'string':
      return [];
    default:
      return expression satisfies never;
  }
}

function firstNumber(expression: Expression): number | undefined {
  if (expression.kind === 'number') return expression.value;
  const both = twoNumbers(expression);
  if (both !== undefined) return both[0] * both[1];
  return expression.kind === 'operation' && expression.operator === '*'
    ? firstNumber(expression.left)
    : undefined;
}

function twoNumbers(expression: Expression): [number, number] | undefined {
  if (expression.kind !== 'operation' || expression.operator !== '*') return undefined;
  const { left, right } = expression;
  return left.kind === 'number' && right.kind === 'number' ? [left.value, right.value] : undefined;
}

function demand<T>(value: T | undefined, complaint: string): T {
  if (value === undefined) throw new Error(complaint);
  return value;
}
