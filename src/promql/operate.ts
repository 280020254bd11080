// What an operator makes of two sides: numbers, vectors, or one of each.
import { keyOf, type Labels, NAME, only, withLabel, without, withoutName } from './labels.ts';
import { isComparison, isSetOperator, type Matching, type Operation } from './syntax.ts';
import type { Element, Vector } from './value.ts';
import { EvaluationError } from './value.ts';

type Side = number | Vector;

export function operate(operation: Operation, left: Side, right: Side): Side {
  if (typeof left === 'number' && typeof right === 'number') return compute(operation.operator, left, right);
  if (typeof left === 'number' || typeof right === 'number') return withNumber(operation, left, right);
  return isSetOperator(operation.operator)
    ? combined(operation, left, right)
    : matched(operation, left, right);
}

/** Comparisons give 1 or 0. */
function compute(operator: Operation['operator'], a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return power(a, b);
    case 'atan2':
      return Math.atan2(a, b);
    case '==':
      return Number(a === b);
    case '!=':
      return Number(a !== b);
    case '>':
      return Number(a > b);
    case '<':
      return Number(a < b);
    case '>=':
      return Number(a >= b);
    case '<=':
      return Number(a <= b);
    case 'and':
    case 'or':
    case 'unless':
      throw new EvaluationError(`${operator} is for vectors only`);
    default:
      return operator satisfies never;
  }
}

/** As C and Go have it; JavaScript calls both NaN. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  return base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent) ? 1 : base ** exponent;
}

function withNumber({ operator, isBool }: Operation, left: Side, right: Side): Element[] {
  const elements = [left, right].find((side) => typeof side !== 'number') ?? [];
  return elements.flatMap(({ labels, value }) => {
    const result = compute(
      operator,
      typeof left === 'number' ? left : value,
      typeof right === 'number' ? right : value,
    );
    if (!isComparison(operator) || isBool) return [{ labels: withoutName(labels), value: result }];
    return result === 1 ? [{ labels, value }] : [];
  });
}

function combined({ operator, matching }: Operation, left: Vector, right: Vector): Element[] {
  const signature = signatureOf(matching);
  if (operator === 'or') {
    const there = new Set(left.map(({ labels }) => signature(labels)));
    return [...left, ...right.filter(({ labels }) => !there.has(signature(labels)))];
  }
  const there = new Set(right.map(({ labels }) => signature(labels)));
  return left.filter(({ labels }) => there.has(signature(labels)) === (operator === 'and'));
}

function matched(operation: Operation, left: Vector, right: Vector): Element[] {
  const { operator, matching, isBool } = operation;
  if (left.length === 0 || right.length === 0) return [];
  const isSwapped = matching.many === 'right';
  const [many, few] = isSwapped ? [right, left] : [left, right];
  const signature = signatureOf(matching);
  const ones = indexed(few, signature, isSwapped ? 'left' : 'right');
  const taken = new Map<string, Set<string>>();
  return many.flatMap((element) => {
    const key = signature(element.labels);
    const one = ones.get(key);
    if (one === undefined) return [];
    const [a, b] = isSwapped ? [one.value, element.value] : [element.value, one.value];
    const result = compute(operator, a, b);
    const isFilter = isComparison(operator) && !isBool;
    if (isFilter && result === 0) return [];
    const labels = joinedLabels(operation, element.labels, one.labels);
    refuseTwice(taken, { key, labels, isGrouped: matching.many !== null });
    return [{ labels, value: isFilter ? a : result }];
  });
}

function indexed(
  elements: Vector,
  signature: (labels: Labels) => string,
  side: string,
): Map<string, Element> {
  const index = new Map<string, Element>();
  for (const element of elements) {
    const key = signature(element.labels);
    if (index.has(key))
      throw new EvaluationError(
        `Several elements on the ${side} side match: say group_left, group_right or more labels`,
      );
    index.set(key, element);
  }
  return index;
}

function refuseTwice(
  taken: Map<string, Set<string>>,
  { key, labels, isGrouped }: { key: string; labels: Labels; isGrouped: boolean },
): void {
  const before = taken.get(key);
  const own = isGrouped ? keyOf(labels) : '';
  if (before?.has(own) === true)
    throw new EvaluationError(
      isGrouped
        ? 'Several results have the same labels: the grouping must keep them apart'
        : 'Several elements on the left side match one on the right: say group_left',
    );
  taken.set(key, (before ?? new Set()).add(own));
}

function joinedLabels({ operator, matching, isBool }: Operation, many: Labels, one: Labels): Labels {
  let labels = isComparison(operator) && !isBool ? many : withoutName(many);
  if (matching.many === null)
    labels = matching.mode === 'on' ? only(labels, matching.labels) : without(labels, matching.labels);
  for (const name of matching.include) labels = withLabel(labels, name, one[name] ?? '');
  return labels;
}

function signatureOf({ mode, labels }: Matching): (own: Labels) => string {
  const ignored = [...labels, NAME];
  return mode === 'on' ? (own) => keyOf(only(own, labels)) : (own) => keyOf(without(own, ignored));
}
