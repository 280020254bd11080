// Binary operators between numbers, vectors, or one of each.
import { labelIn, type Labels, withLabel, without, withoutName, writeKey } from '../model/labels.ts';
import { labelsWithoutName } from './drop-metric-name.ts';
import { memoize } from '../model/memoize.ts';
import { type Labelled, memoizeBySeriesPair } from '../model/series-cache.ts';
import {
  type Arithmetic,
  type Comparison,
  isComparison,
  isSetOperator,
  type Operation,
  type SetOperator,
} from '../model/syntax-tree.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import type { Element, Vector } from '../model/value.ts';
import { EvaluationError } from '../model/value.ts';

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

/** Applies an operator to both sides. @throws EvaluationError for elements that do not match as the operator requires */
export function applyBinaryOperator(
  operation: Operation,
  [left, right]: readonly [Side, Side],
  generation: PrometheusMajor = 3,
): Side {
  const { operator } = operation;
  if (isSetOperator(operator))
    return applySetOperator(operation, operator, [vectorIn(left), vectorIn(right)]);
  const plan = planOf(operation, operator, generation);
  if (typeof left === 'number' && typeof right === 'number') return plan.compute(left, right);
  return typeof left === 'number' || typeof right === 'number'
    ? applyWithNumber(plan, left, right)
    : applyMatched(plan, left, right);
}

/** What an operator does with two numbers, and with the elements that have them. */
export interface Plan {
  readonly operation: Operation;
  readonly compute: (a: number, b: number) => number;
  /** Drops elements instead of computing: a comparison without `bool`. */
  readonly isFilter: boolean;
  readonly keepsName: boolean;
  readonly generation: PrometheusMajor;
}

export function planOf(
  operation: Operation,
  operator: Arithmetic | Comparison,
  generation: PrometheusMajor,
): Plan {
  return {
    operation,
    compute: COMPUTE[operator],
    isFilter: isFilter(operation),
    keepsName: keepsName(operation, generation),
    generation,
  };
}

/** A comparison without `bool` drops elements instead of returning 1 or 0. */
function isFilter({ operator, isBool }: Operation): boolean {
  return isComparison(operator) && !isBool;
}

/** Prometheus 2 forgot atan2 among the operators that make something else of a metric. */
function keepsName(operation: Operation, generation: PrometheusMajor): boolean {
  return isFilter(operation) || (generation === 2 && operation.operator === 'atan2');
}

/** As in C and Go; JavaScript returns NaN in both cases. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  return base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent) ? 1 : base ** exponent;
}

function applyWithNumber(plan: Plan, left: Side, right: Side): Element[] {
  const elements = typeof left === 'number' ? vectorIn(right) : left;
  const computed = (value: number): number =>
    plan.compute(typeof left === 'number' ? left : value, typeof right === 'number' ? right : value);
  if (plan.isFilter) return elements.filter(({ value }) => computed(value) === 1);
  if (plan.keepsName) return elements.map(({ labels, value }) => ({ labels, value: computed(value) }));
  const labels = labelsWithoutName(plan.operation)(elements);
  return elements.map(({ value }, index) => ({ labels: labels[index] ?? {}, value: computed(value) }));
}

/** For the elements of each side, whether one on the other side matches. */
const presence = memoize(({ matching: { choice } }: Operation) =>
  memoizeBySeriesPair((left, right) => {
    const [ofLeft, ofRight] = [left, right].map((side) =>
      side.map((labels) => writeKey(choice.apply(labels))),
    );
    const areIn = (keys: readonly string[] = [], others: readonly string[] = []): boolean[] => {
      const there = new Set(others);
      return keys.map((key) => there.has(key));
    };
    return { left: areIn(ofLeft, ofRight), right: areIn(ofRight, ofLeft) };
  }),
);

function applySetOperator(
  operation: Operation,
  operator: SetOperator,
  [left, right]: [Vector, Vector],
): Element[] {
  const has = presence(operation)(left, right);
  if (operator === 'or') return [...left, ...right.filter((_, index) => has.right[index] !== true)];
  return left.filter((_, index) => has.left[index] === (operator === 'and'));
}

/** Matches of the "many" side, by index, on the "one" side. */
export interface Pairing {
  /** Index of the match; -1 for none. */
  readonly oneOf: readonly number[];
  /** Labels of the result. */
  readonly labels: readonly Labels[];
  /** Two elements with the same slot must not both give a result; null when all slots differ. */
  readonly slots: readonly string[] | null;
}

const PAIRINGS = { 2: pairingsOf(2), 3: pairingsOf(3) } as const;

function pairingsOf(generation: PrometheusMajor) {
  return memoize((operation: Operation) => {
    const { many } = operation.matching;
    const hasName = keepsName(operation, generation);
    return memoizeBySeriesPair((left, right) =>
      many === 'right' ? pair(operation, [right, left], hasName) : pair(operation, [left, right], hasName),
    );
  });
}

/** Matches all of one side with the other. @throws EvaluationError for several on the "one" side */
export function pairingOf(
  { operation, generation }: Plan,
  left: readonly Labelled[],
  right: readonly Labelled[],
): Pairing {
  return PAIRINGS[generation](operation)(left, right);
}

function applyMatched(plan: Plan, left: Vector, right: Vector): Element[] {
  const { operation, compute, isFilter, generation } = plan;
  if (left.length === 0 || right.length === 0) return [];
  const { oneOf, labels, slots } = pairingOf(plan, left, right);
  const isSwapped = operation.matching.many === 'right';
  const [many, few] = isSwapped ? [right, left] : [left, right];
  const taken = new Set<string>();
  const found: Element[] = [];
  for (let index = 0; index < many.length; index += 1) {
    const value = many[index]?.value ?? Number.NaN;
    const one = few[oneOf[index] ?? -1];
    if (one === undefined) continue;
    const a = isSwapped ? one.value : value;
    const b = isSwapped ? value : one.value;
    const result = compute(a, b);
    const isDropped = isFilter && result === 0;
    // Prometheus 2 lets several match as long as the comparison drops all but one.
    if (slots !== null && !(isDropped && generation === 2))
      rejectSecond(taken, slots[index] ?? '', operation);
    if (isDropped) continue;
    found.push({ labels: labels[index] ?? {}, value: isFilter ? a : result });
  }
  return found;
}

function pair(
  operation: Operation,
  [many, few]: readonly [readonly Labels[], readonly Labels[]],
  hasName: boolean,
): Pairing {
  const { matching } = operation;
  const ones = indexed(few, operation);
  const keys = many.map((labels) => writeKey(matching.choice.apply(labels)));
  const oneOf = keys.map((key) => ones.get(key) ?? -1);
  const labels = many.map((own, index) => {
    const one = few[oneOf[index] ?? -1];
    return one === undefined ? own : joinedLabels(operation.matching, [own, one], hasName);
  });
  // With grouping several may match the same one, as long as their results have different labels.
  const slots = keys.map((key, index) =>
    matching.many === null ? key : `${key}\0${writeKey(labels[index] ?? {})}`,
  );
  return { oneOf, labels, slots: new Set(slots).size === slots.length ? null : slots };
}

function indexed(few: readonly Labels[], { matching }: Operation): Map<string, number> {
  const index = new Map<string, number>();
  for (const [at, labels] of few.entries()) {
    const key = writeKey(matching.choice.apply(labels));
    if (index.has(key)) {
      const side = matching.many === 'right' ? 'left' : 'right';
      throw new EvaluationError(
        `Several elements on the ${side} side match: say group_left, group_right or more labels`,
      );
    }
    index.set(key, at);
  }
  return index;
}

function rejectSecond(taken: Set<string>, slot: string, { matching }: Operation): void {
  if (taken.has(slot))
    throw new EvaluationError(
      matching.many === null
        ? 'Several elements on the left side match one on the right: say group_left'
        : 'Several results have the same labels: the grouping must keep them apart',
    );
  taken.add(slot);
}

function joinedLabels(
  { choice, include, many: side }: Operation['matching'],
  [many, one]: readonly [Labels, Labels],
  hasName: boolean,
): Labels {
  if (side !== null) {
    let labels = hasName ? many : withoutName(many);
    for (const name of include) labels = withLabel(labels, name, labelIn(one, name));
    return labels;
  }
  // A comparison keeps the metric name.
  if (hasName && choice.mode === 'without')
    return choice.names.length === 0 ? many : without(many, choice.names);
  return choice.apply(hasName ? many : withoutName(many));
}

function vectorIn(side: Side): Vector {
  return typeof side === 'number' ? [] : side;
}
