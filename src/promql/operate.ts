// What an operator makes of two sides: numbers, vectors, or one of each.
import { keyOf, labelIn, type Labels, withLabel, without, withoutName } from './labels.ts';
import {
  type Arithmetic,
  type Comparison,
  isComparison,
  isSetOperator,
  type Matching,
  type Operation,
  type SetOperator,
} from './syntax.ts';
import type { Element, Vector } from './value.ts';
import { EvaluationError } from './value.ts';

type Side = number | Vector;

const COMPUTE: Readonly<Record<Arithmetic | Comparison, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '>': (a, b) => Number(a > b),
  '<': (a, b) => Number(a < b),
  '>=': (a, b) => Number(a >= b),
  '<=': (a, b) => Number(a <= b),
};

/** What of it is left once it is known to compute, and how. */
interface Plan {
  readonly compute: (a: number, b: number) => number;
  /** A comparison leaves out instead of giving 1 or 0. */
  readonly isFilter: boolean;
  readonly matching: Matching;
}

/** @throws EvaluationError for elements that do not match one to one, or as the grouping says */
export function operate({ operator, isBool, matching }: Operation, left: Side, right: Side): Side {
  if (isSetOperator(operator)) return combined(operator, matching, [vectorIn(left), vectorIn(right)]);
  const compute = COMPUTE[operator];
  if (typeof left === 'number' && typeof right === 'number') return compute(left, right);
  const plan = { compute, isFilter: isComparison(operator) && !isBool, matching };
  return typeof left === 'number' || typeof right === 'number'
    ? withNumber(plan, left, right)
    : matched(plan, left, right);
}

/** As C and Go have it; JavaScript calls both NaN. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  return base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent) ? 1 : base ** exponent;
}

function withNumber({ compute, isFilter }: Plan, left: Side, right: Side): Element[] {
  const found: Element[] = [];
  for (const { labels, value } of [...vectorIn(left), ...vectorIn(right)]) {
    const result = compute(
      typeof left === 'number' ? left : value,
      typeof right === 'number' ? right : value,
    );
    if (!isFilter) found.push({ labels: withoutName(labels), value: result });
    else if (result === 1) found.push({ labels, value });
  }
  return found;
}

function combined(operator: SetOperator, { choice }: Matching, [left, right]: [Vector, Vector]): Element[] {
  const signature = ({ labels }: Element): string => keyOf(choice.of(labels));
  if (operator === 'or') {
    const there = new Set(left.map(signature));
    return [...left, ...right.filter((element) => !there.has(signature(element)))];
  }
  const there = new Set(right.map(signature));
  return left.filter((element) => there.has(signature(element)) === (operator === 'and'));
}

function matched(plan: Plan, left: Vector, right: Vector): Element[] {
  if (left.length === 0 || right.length === 0) return [];
  const { compute, isFilter, matching } = plan;
  const isSwapped = matching.many === 'right';
  const [many, few] = isSwapped ? [right, left] : [left, right];
  const ones = indexed(few, matching, isSwapped ? 'left' : 'right');
  const taken = new Map<string, Set<string>>();
  const found: Element[] = [];
  for (const element of many) {
    const key = keyOf(matching.choice.of(element.labels));
    const one = ones.get(key);
    if (one === undefined) continue;
    const [a, b] = isSwapped ? [one.value, element.value] : [element.value, one.value];
    const result = compute(a, b);
    if (isFilter && result === 0) continue;
    const labels = joinedLabels(plan, element.labels, one.labels);
    refuseTwice(taken, key, matching.many === null ? null : labels);
    found.push({ labels, value: isFilter ? a : result });
  }
  return found;
}

function indexed(elements: Vector, { choice }: Matching, side: string): Map<string, Element> {
  const index = new Map<string, Element>();
  for (const element of elements) {
    const key = keyOf(choice.of(element.labels));
    if (index.has(key))
      throw new EvaluationError(
        `Several elements on the ${side} side match: say group_left, group_right or more labels`,
      );
    index.set(key, element);
  }
  return index;
}

/** @param grouped what tells the many apart that match the same one; null where there may be no more than one */
function refuseTwice(taken: Map<string, Set<string>>, key: string, grouped: Labels | null): void {
  const before = taken.get(key) ?? new Set();
  const own = grouped === null ? '' : keyOf(grouped);
  if (before.has(own))
    throw new EvaluationError(
      grouped === null
        ? 'Several elements on the left side match one on the right: say group_left'
        : 'Several results have the same labels: the grouping must keep them apart',
    );
  taken.set(key, before.add(own));
}

function joinedLabels({ isFilter, matching }: Plan, many: Labels, one: Labels): Labels {
  const { choice } = matching;
  if (matching.many !== null) {
    let labels = isFilter ? many : withoutName(many);
    for (const name of matching.include) labels = withLabel(labels, name, labelIn(one, name));
    return labels;
  }
  // What was only compared keeps its name.
  if (isFilter && choice.mode === 'without')
    return choice.names.length === 0 ? many : without(many, choice.names);
  return choice.of(isFilter ? many : withoutName(many));
}

function vectorIn(side: Side): Vector {
  return typeof side === 'number' ? [] : side;
}
