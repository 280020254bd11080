// Binary operators between columns, and between columns and numbers.
import { type Pairing, pairingOf, type Plan, planOf } from './binary-operators.ts';
import {
  type Column,
  ColumnSpace,
  type ColumnValue,
  isNumbers,
  put,
  type Run,
  withoutTwins,
  type Work,
} from './columns.ts';
import { labelsWithoutName } from './drop-metric-name.ts';
import { isSetOperator, type Operation } from '../model/syntax-tree.ts';
import { EvaluationError } from '../model/value.ts';

/** Applies an operator to both sides; null where which elements match is not the same at all moments. */
export function* applyColumns(
  operation: Operation,
  [left, right]: readonly [ColumnValue, ColumnValue],
  { moments }: Run,
): Work<ColumnValue | null> {
  const { operator } = operation;
  if (isSetOperator(operator)) return null;
  const plan = planOf(operation, operator, moments[0]?.generation ?? 3);
  if (isNumbers(left))
    return isNumbers(right)
      ? left.map((value, index) => plan.compute(value, right[index] ?? Number.NaN))
      : yield* withNumbers(plan, right, { numbers: left, isNumberLeft: true });
  return isNumbers(right)
    ? yield* withNumbers(plan, left, { numbers: right, isNumberLeft: false })
    : yield* matched(plan, left, right);
}

function* withNumbers(
  plan: Plan,
  columns: readonly Column[],
  { numbers, isNumberLeft }: { readonly numbers: Float64Array; readonly isNumberLeft: boolean },
): Work<readonly Column[]> {
  const labels = plan.keepsName ? null : labelsWithoutName(plan.operation)(columns);
  const found: Column[] = [];
  const space = new ColumnSpace(numbers.length);
  for (const [at, { labels: own, values, isThere }] of columns.entries()) {
    yield;
    const computed = space.column(labels?.[at] ?? own);
    for (let index = 0; index < values.length; index += 1) {
      if (isThere[index] !== 1) continue;
      const [value, number] = [values[index] ?? Number.NaN, numbers[index] ?? Number.NaN];
      const result = isNumberLeft ? plan.compute(number, value) : plan.compute(value, number);
      if (!plan.isFilter) put(computed, index, result);
      else if (result === 1) put(computed, index, value);
    }
    found.push(computed);
  }
  return withoutTwins(plan.operation, found);
}

function* matched(
  plan: Plan,
  left: readonly Column[],
  right: readonly Column[],
): Work<readonly Column[] | null> {
  const pairing = steadyPairing(plan, left, right);
  if (pairing === null) return null;
  const isSwapped = plan.operation.matching.many === 'right';
  const [many, few] = isSwapped ? [right, left] : [left, right];
  const found: Column[] = [];
  const space = new ColumnSpace(left[0]?.values.length ?? 0);
  for (const [index, own] of many.entries()) {
    const one = few[pairing.oneOf[index] ?? -1];
    if (one === undefined) continue;
    yield;
    const column = space.column(pairing.labels[index] ?? {});
    combine(plan, isSwapped ? [one, own] : [own, one], column);
    found.push(column);
  }
  return withoutTwins(plan.operation, found);
}

/** A pairing of all columns that holds at each moment; null where elements compete for a match, as they may at some moments only. */
function steadyPairing(plan: Plan, left: readonly Column[], right: readonly Column[]): Pairing | null {
  try {
    const pairing = pairingOf(plan, left, right);
    return pairing.slots === null ? pairing : null;
  } catch (error) {
    if (error instanceof EvaluationError) return null;
    throw error;
  }
}

function combine(plan: Plan, [a, b]: readonly [Column, Column], column: Column): void {
  for (let index = 0; index < a.values.length; index += 1) {
    if (a.isThere[index] !== 1 || b.isThere[index] !== 1) continue;
    const value = a.values[index] ?? Number.NaN;
    const result = plan.compute(value, b.values[index] ?? Number.NaN);
    if (!plan.isFilter) put(column, index, result);
    else if (result !== 0) put(column, index, value);
  }
}
