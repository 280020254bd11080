// Expressions that cannot fail, whatever the samples are: where the other side of an operator is empty, they need not be evaluated.
import { REDUCERS } from './aggregate.ts';
import { FUNCTIONS } from '../functions/functions.ts';
import { NAME } from '../model/labels.ts';
import { memoize } from '../model/memoize.ts';
import { sampleReadersIn } from '../model/sample-readers.ts';
import {
  type Aggregation,
  type Call,
  type Expression,
  isComparison,
  isSetOperator,
  type Operation,
} from '../model/syntax-tree.ts';

/** Functions that compute a number from each element or window, and never throw. */
const SAFE_FUNCTIONS: ReadonlySet<string> = new Set(
  `rate increase delta irate idelta predict_linear timestamp clamp_min clamp_max avg_over_time min_over_time max_over_time
  sum_over_time count_over_time last_over_time present_over_time`.split(/\s+/u),
);

/** The side of an operator that is evaluated first, and whether an empty one leaves the result empty without the other. */
export interface Order {
  readonly first: 'left' | 'right';
  readonly canSkip: boolean;
}

/**
 * Returns the order of both sides: the one that reads less first, where both may be skipped. An operator whose sides may both fail
 * has the usual one, so that its error is the same.
 */
export const orderOf = memoize(({ operator, left, right }: Operation): Order => {
  if (operator === 'or') return { first: 'left', canSkip: false };
  const canSkipRight = neverFails(right);
  // What `unless` takes away from is needed in any case.
  const canSkipLeft = operator !== 'unless' && neverFails(left);
  if (canSkipLeft && (!canSkipRight || rangeIn(right) < rangeIn(left)))
    return { first: 'right', canSkip: true };
  return { first: 'left', canSkip: canSkipRight };
});

/** Ms that all windows of an expression have together. */
function rangeIn(expression: Expression): number {
  return sampleReadersIn(expression).reduce(
    (sum, { node }) => sum + (node.kind === 'selector' ? 0 : node.range),
    0,
  );
}

/** Whether an expression has a value at each moment, over any samples; false where that is not certain. */
export function neverFails(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
    case 'string':
    case 'selector':
    case 'range':
      return true;
    case 'subquery':
    case 'signed':
      return false;
    case 'call':
      return callNeverFails(expression);
    case 'aggregation':
      return isReduction(expression) && neverFails(expression.operand);
    case 'operation':
      return operationNeverFails(expression);
    default:
      return expression satisfies never;
  }
}

function callNeverFails({ name, args }: Call): boolean {
  const isDropped = FUNCTIONS[name]?.dropsName === true;
  return (
    SAFE_FUNCTIONS.has(name) &&
    args.every((arg) => neverFails(arg) && (!isDropped || differsWithoutName(arg)))
  );
}

function isReduction({ operator, parameter }: Aggregation): boolean {
  return parameter === null && Object.hasOwn(REDUCERS, operator);
}

function operationNeverFails(operation: Operation): boolean {
  const { operator, left, right, isBool, matching } = operation;
  if (!neverFails(left) || !neverFails(right)) return false;
  // Each side has each label set once, and what one of them takes from the other has other labels.
  if (isSetOperator(operator)) return true;
  const isFilter = isComparison(operator) && !isBool;
  if (isNumber(left) || isNumber(right))
    return isFilter || (differsWithoutName(left) && differsWithoutName(right));
  const isOneToOne =
    matching.many === null && matching.choice.mode === 'without' && matching.choice.names.length === 0;
  return isOneToOne && differsWithoutName(left) && differsWithoutName(right);
}

function isNumber(expression: Expression): boolean {
  return (
    expression.kind === 'number' ||
    (expression.kind === 'operation' && isNumber(expression.left) && isNumber(expression.right))
  );
}

/** Whether no two elements of an expression that never fails are the same but for the metric name; false where that is not certain. */
function differsWithoutName(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
      return true;
    case 'selector':
      return expression.name !== null;
    case 'range':
      return expression.selector.name !== null;
    case 'string':
    case 'subquery':
    case 'signed':
      return false;
    case 'call':
      return FUNCTIONS[expression.name]?.dropsName === true || expression.args.every(differsWithoutName);
    case 'aggregation': {
      const { mode, names } = expression.grouping;
      return mode === 'without' || !names.includes(NAME);
    }
    case 'operation':
      return operationDiffers(expression);
    default:
      return expression satisfies never;
  }
}

function operationDiffers({ operator, left, right, isBool }: Operation): boolean {
  if (operator === 'or') return false;
  if (operator === 'and' || operator === 'unless') return differsWithoutName(left);
  // Otherwise the name was dropped, and labels that are the same then are an error.
  if (!isComparison(operator) || isBool) return true;
  return differsWithoutName(isNumber(left) ? right : left);
}
