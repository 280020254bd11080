// Evaluator of expressions at one moment, over the samples of a series source.
import { aggregate } from './aggregate.ts';
import { type Arguments, FUNCTIONS } from '../functions/functions.ts';
import { labelsWithoutName, rejectDuplicateLabels } from './drop-metric-name.ts';
import { applyBinaryOperator } from './binary-operators.ts';
import { orderOf } from './skippable.ts';
import { subqueryValue } from './subquery.ts';
import { selectGrowth } from './select-growth.ts';
import { type Moment, selectCurrent, selectRange, selectTimes } from './select-series.ts';
import type { EvaluationOptions, SeriesSource } from '../model/series-source.ts';
import type { Aggregation, Call, Expression, Operation } from '../model/syntax-tree.ts';
import {
  type Element,
  EvaluationError,
  type QueryValue,
  type RangeValue,
  type Value,
  type Vector,
} from '../model/value.ts';

/** Greatest age of a sample that still counts as the current value, ms. */
export const LOOKBACK = 300_000;

/** Ms between the evaluations of a subquery without a step, as in Prometheus. */
const SUBQUERY_STEP = 60_000;

/**
 * Evaluates an expression of any type. Pure: for a range query it is called for each step, with `rangeQuery` in the options
 * and an expression that is a vector or a scalar.
 *
 * @param at milliseconds since the epoch
 * @throws EvaluationError as `evaluate`
 */
export function evaluateQuery(
  expression: Expression,
  at: number,
  source: SeriesSource,
  options: EvaluationOptions = {},
): QueryValue {
  const value = valueOf(expression, momentOf(at, source, options));
  if (typeof value === 'number') return { type: 'scalar', value };
  if (typeof value === 'string') return { type: 'string', value };
  if (!isVector(value)) {
    rejectDuplicateLabels(expression)(value.windows);
    return { type: 'range', windows: value.windows };
  }
  rejectDuplicateLabels(expression)(value);
  return { type: 'vector', elements: value };
}

/**
 * Evaluates an expression; a number becomes one element without labels, as rules need it.
 *
 * @param at milliseconds since the epoch
 * @throws EvaluationError for faults that depend on the samples: elements that do not match one to one, results with the
 *   same labels
 */
export function evaluate(
  expression: Expression,
  at: number,
  source: SeriesSource,
  options: EvaluationOptions = {},
): Element[] {
  const value = valueOf(expression, momentOf(at, source, options));
  if (typeof value === 'number') return [{ labels: {}, value }];
  const elements = vectorIn(value);
  rejectDuplicateLabels(expression)(elements);
  return [...elements];
}

/** The moment `at`, ms since the epoch, with the defaults of all options. */
export function momentOf(at: number, source: SeriesSource, options: EvaluationOptions): Moment {
  const { lookback = LOOKBACK, generation = 3, subqueryStep = SUBQUERY_STEP } = options;
  const { rangeQuery = { start: at, end: at } } = options;
  return { source, at, lookback, generation, subqueryStep, rangeQuery, given: null };
}

/** @throws EvaluationError */
export function valueOf(expression: Expression, moment: Moment): Value {
  const given = moment.given?.get(expression);
  if (given !== undefined) return given;
  switch (expression.kind) {
    case 'number':
    case 'string':
      return expression.value;
    case 'selector':
      return selectCurrent(expression, moment);
    case 'range':
      return selectRange(expression, moment);
    case 'subquery':
      return subqueryValue(expression, moment, (inner) => vectorIn(valueOf(expression.operand, inner)));
    case 'call':
      return callValue(expression, moment);
    case 'aggregation':
      return aggregationValue(expression, moment);
    case 'signed':
      return expression.isNegative
        ? negated(expression, sideOf(expression.operand, moment))
        : sideOf(expression.operand, moment);
    case 'operation':
      return operationValue(expression, moment);
    default:
      return expression satisfies never;
  }
}

/** Evaluates both sides, or only one: where that is empty, the result is, and the other cannot fail. */
function operationValue(operation: Operation, moment: Moment): number | Vector {
  const { first, canSkip } = orderOf(operation);
  const isLeftFirst = first === 'left';
  const one = sideOf(isLeftFirst ? operation.left : operation.right, moment);
  if (canSkip && typeof one !== 'number' && one.length === 0) return [];
  const other = sideOf(isLeftFirst ? operation.right : operation.left, moment);
  const sides = isLeftFirst ? ([one, other] as const) : ([other, one] as const);
  return withoutDuplicates(operation, applyBinaryOperator(operation, sides, moment.generation));
}

function callValue(call: Call, moment: Moment): number | Element[] {
  const spec = FUNCTIONS[call.name];
  if (spec === undefined) throw new EvaluationError(`There is no function ${call.name}`);
  const { at, generation } = moment;
  const args = argumentsOf(call.args, moment);
  const { growth, perWindow } = spec;
  const [range] = call.args;
  // As below: labels with one metric name differ without it as well.
  const isOfOneName = range?.kind === 'range' && range.selector.name !== null && moment.given === null;
  if (growth !== undefined && perWindow !== undefined && isOfOneName)
    return selectGrowth(range, moment, { growth, measure: perWindow(args, { at, generation, call }) });
  const result = spec.run(args, { at, generation, call });
  return withoutDuplicates(
    call,
    spec.dropsName && typeof result !== 'number' ? dropName(call, result) : result,
  );
}

function dropName(node: Expression, elements: Vector): Element[] {
  const labels = labelsWithoutName(node)(elements);
  return elements.map(({ value }, index) => ({ labels: labels[index] ?? {}, value }));
}

/** @throws EvaluationError when two elements have the same labels, as where only the metric name distinguished them */
function withoutDuplicates<Side extends number | Vector>(node: Expression, side: Side): Side {
  if (typeof side !== 'number') rejectDuplicateLabels(node)(side);
  return side;
}

/** Arguments of a call, evaluated when they are asked for. */
export function argumentsOf(args: readonly Expression[], moment: Moment): Arguments {
  const at = (index: number): Expression => {
    const arg = args[index];
    if (arg === undefined) throw new EvaluationError(`There is no argument ${index + 1}`);
    return arg;
  };
  const valueAt = (index: number): Value => valueOf(at(index), moment);
  return {
    count: args.length,
    scalar: (index) => numberIn(valueAt(index)),
    text: (index) => textIn(valueAt(index)),
    vector: (index) => vectorIn(valueAt(index)),
    range: (index) => rangeIn(valueAt(index)),
    matchers: (index) => matchersOf(at(index)),
    times: (index) => timesOf(at(index), moment),
  };
}

function matchersOf(expression: Expression): ReturnType<Arguments['matchers']> {
  const selector = expression.kind === 'range' ? expression.selector : expression;
  return selector.kind === 'selector' ? selector.matchers : [];
}

function timesOf(expression: Expression, moment: Moment): Vector {
  return expression.kind === 'selector'
    ? selectTimes(expression, moment)
    : vectorIn(valueOf(expression, moment)).map(({ labels }) => ({ labels, value: moment.at / 1000 }));
}

function aggregationValue(expression: Aggregation, moment: Moment): Element[] {
  const given = expression.parameter === null ? 0 : valueOf(expression.parameter, moment);
  return aggregate(expression, vectorIn(valueOf(expression.operand, moment)), {
    parameter: typeof given === 'string' ? given : numberIn(given),
    generation: moment.generation,
  });
}

function negated(node: Expression, side: number | Vector): number | Element[] {
  if (typeof side === 'number') return -side;
  const labels = labelsWithoutName(node)(side);
  const elements = side.map(({ value }, index) => ({ labels: labels[index] ?? {}, value: -value }));
  return withoutDuplicates(node, elements);
}

function sideOf(expression: Expression, moment: Moment): number | Vector {
  const value = valueOf(expression, moment);
  return typeof value === 'number' ? value : vectorIn(value);
}

// The type checker has run before: these checks inform the compiler, and catch a tree that was not checked.

export function numberIn(value: Value): number {
  if (typeof value === 'number') return value;
  throw new EvaluationError('The expression is no number');
}

function textIn(value: Value): string {
  if (typeof value === 'string') return value;
  throw new EvaluationError('The expression is no text');
}

function vectorIn(value: Value): Vector {
  if (isVector(value)) return value;
  throw new EvaluationError('The expression is no vector');
}

function rangeIn(value: Value): RangeValue {
  if (typeof value === 'object' && 'windows' in value) return value;
  throw new EvaluationError('The expression is no range');
}

export function isVector(value: Value): value is Vector {
  return Array.isArray(value);
}
