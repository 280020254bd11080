// Evaluator of expressions at many moments at once: what most queries are made of is computed series by series over all
// moments, everything else moment by moment from the columns of its operands.
import { groupsOf, itemsByGroup, REDUCERS } from './aggregate.ts';
import { applyColumns } from './apply-columns.ts';
import {
  type Column,
  ColumnBuilder,
  ColumnSpace,
  type ColumnValue,
  isNumbers,
  put,
  relabelled,
  type Run,
  vectorAt,
  withoutTwins,
  type Work,
} from './columns.ts';
import { labelsWithoutName } from './drop-metric-name.ts';
import { argumentsOf, isVector, momentOf, numberIn, valueOf } from './evaluate.ts';
import { currentColumns, windowColumns } from './select-columns.ts';
import type { Moment } from './select-series.ts';
import { type Arguments, FUNCTIONS, type FunctionSpec } from '../functions/functions.ts';
import type { LabelChange } from '../functions/label-functions.ts';
import { Buckets, histogramsOf } from '../functions/histogram-quantile.ts';
import type { ColumnSource, EvaluationOptions } from '../model/series-source.ts';
import {
  type Aggregation,
  type Call,
  type Expression,
  isSetOperator,
  operandsOf,
} from '../model/syntax-tree.ts';
import { EvaluationError, type Value } from '../model/value.ts';

/**
 * Evaluates an expression that is a vector or a scalar at several moments.
 *
 * @param moments growing, ms since the epoch
 * @throws EvaluationError as `evaluate`
 */
export function* evaluateColumns(
  expression: Expression,
  moments: readonly number[] | Float64Array,
  source: ColumnSource,
  options: EvaluationOptions,
): Work<ColumnValue> {
  const run = { source, moments: Array.from(moments, (at) => momentOf(at, source, options)) };
  const value = yield* columnsOf(expression, run);
  return isNumbers(value) ? value : withoutTwins(expression, value);
}

function* columnsOf(expression: Expression, run: Run): Work<ColumnValue> {
  switch (expression.kind) {
    case 'number':
      return new Float64Array(run.moments.length).fill(expression.value);
    case 'selector':
      return yield* currentColumns(expression, run);
    case 'call':
      return yield* callColumns(expression, run);
    case 'aggregation':
      return yield* aggregationColumns(expression, run);
    case 'operation': {
      if (isSetOperator(expression.operator)) return yield* momentByMoment(expression, run);
      const [left, right] = [yield* columnsOf(expression.left, run), yield* columnsOf(expression.right, run)];
      const applied = yield* applyColumns(expression, [left, right], run);
      if (applied !== null) return applied;
      const given = new Map([[expression.left, left] as const, [expression.right, right] as const]);
      return yield* momentByMoment(expression, run, given);
    }
    case 'signed':
    case 'string':
    case 'range':
    case 'subquery':
      return yield* momentByMoment(expression, run);
    default:
      return expression satisfies never;
  }
}

/** Values of operands that were evaluated already. */
type Given = ReadonlyMap<Expression, ColumnValue>;

/** Evaluates the operands, and then at each moment the expression from them. */
function* momentByMoment(expression: Expression, run: Run, known: Given = new Map()): Work<ColumnValue> {
  const given = yield* operandColumns(operandsOf(expression), run, known);
  const count = run.moments.length;
  const [numbers, builder] = [new Float64Array(count), new ColumnBuilder(count)];
  let hasVectors = false;
  for (const [index, moment] of run.moments.entries()) {
    yield;
    const value = valueOf(expression, { ...moment, given: valuesAt(given, index) });
    hasVectors ||= isVector(value);
    if (isVector(value)) builder.add(index, value);
    else numbers[index] = numberIn(value);
  }
  return hasVectors ? builder.columns : numbers;
}

/** Evaluates operands that are vectors or scalars; all others are read at each moment. */
function* operandColumns(operands: readonly Expression[], run: Run, known: Given = new Map()): Work<Given> {
  const given = new Map(known);
  for (const operand of operands)
    if (!/^(?:number|string|range|subquery)$/u.test(operand.kind) && !given.has(operand))
      given.set(operand, yield* columnsOf(operand, run));
  return given;
}

function momentsWith(given: Given, { moments }: Run): readonly Moment[] {
  return moments.map((moment, index) => ({ ...moment, given: valuesAt(given, index) }));
}

function valuesAt(given: Given, index: number): ReadonlyMap<Expression, Value> {
  const values = new Map<Expression, Value>();
  for (const [expression, value] of given)
    values.set(expression, isNumbers(value) ? (value[index] ?? Number.NaN) : vectorAt(value, index));
  return values;
}

function* callColumns(call: Call, run: Run): Work<ColumnValue> {
  const spec = FUNCTIONS[call.name];
  if (spec === undefined) throw new EvaluationError(`There is no function ${call.name}`);
  const columns = yield* ownColumns(call, spec, run);
  if (columns === null) return yield* momentByMoment(call, run);
  return withoutTwins(call, spec.dropsName ? relabelled(columns, labelsWithoutName(call)(columns)) : columns);
}

/** Columns of a function that says what it computes from each window, element, histogram or set of labels; null for all others. */
function* ownColumns(call: Call, spec: FunctionSpec, run: Run): Work<readonly Column[] | null> {
  const index = spec.takes.indexOf(spec.perWindow === undefined ? 'vector' : 'range');
  const subject = call.args[index];
  if (subject === undefined) return null;
  const { perWindow, perElement, perHistogram, perLabels } = spec;
  if ((perWindow ?? perElement ?? perHistogram ?? perLabels) === undefined) return null;
  const others = call.args.filter((arg) => arg !== subject);
  const moments = momentsWith(yield* operandColumns(others, run), run);
  const at = <T>(make: (args: Arguments, moment: Moment & { readonly call: Call }) => T): T[] =>
    moments.map((moment) => make(argumentsOf(call.args, moment), { ...moment, call }));
  if (perWindow !== undefined)
    return yield* windowColumns(subject, run, { measures: at(perWindow), growth: spec.growth });
  const columns = yield* columnsOf(subject, run);
  if (isNumbers(columns)) return null;
  if (perElement !== undefined) return yield* changedColumns(columns, at(perElement));
  if (perLabels !== undefined) return yield* renamedColumns(columns, at(perLabels)[0]);
  return perHistogram === undefined ? null : yield* histogramColumns(call, columns, at(perHistogram));
}

type Change = ((value: number) => number) | null;

function* changedColumns(columns: readonly Column[], changes: readonly Change[]): Work<Column[]> {
  const found: Column[] = [];
  const space = new ColumnSpace(changes.length);
  for (const { labels, values, isThere } of columns) {
    yield;
    const changed = space.column(labels);
    for (let index = 0; index < values.length; index += 1) {
      const change = changes[index] ?? null;
      if (isThere[index] === 1 && change !== null) put(changed, index, change(values[index] ?? Number.NaN));
    }
    found.push(changed);
  }
  return found;
}

/** The labels do not depend on the moment: strings are literals. */
function* renamedColumns(columns: readonly Column[], change: LabelChange | undefined): Work<Column[]> {
  const found: Column[] = [];
  for (const column of columns) {
    yield;
    found.push({ ...column, labels: change?.(column.labels) ?? column.labels });
  }
  return found;
}

function* histogramColumns(
  call: Call,
  columns: readonly Column[],
  measures: readonly ((buckets: Buckets) => number)[],
): Work<Column[]> {
  const found: Column[] = [];
  const space = new ColumnSpace(measures.length);
  const buckets = new Buckets();
  for (const histogram of histogramsOf(call)(columns)) {
    yield;
    const own = space.column(histogram.labels);
    const all = histogram.buckets.map(({ bound, index }) => ({ bound, column: columns[index] }));
    for (let index = 0; index < measures.length; index += 1) {
      buckets.clear();
      for (const { bound, column } of all)
        if (column?.isThere[index] === 1) buckets.add(bound, column.values[index] ?? Number.NaN);
      if (buckets.length > 0) put(own, index, measures[index]?.(buckets) ?? Number.NaN);
    }
    found.push(own);
  }
  return found;
}

/** Values of a group that are looked at between two stops of the work. */
const MOST_GATHERED = 5000;

function* aggregationColumns(aggregation: Aggregation, run: Run): Work<ColumnValue> {
  const { operator, parameter, operand, grouping } = aggregation;
  const reduce = REDUCERS[operator];
  if (reduce === undefined) return yield* momentByMoment(aggregation, run);
  const columns = yield* columnsOf(operand, run);
  const parameters = parameter === null ? null : yield* columnsOf(parameter, run);
  if (isNumbers(columns) || (parameters !== null && !isNumbers(parameters)))
    throw new EvaluationError(`There is no ${operator} of such a value`);
  const groups = groupsOf(grouping)(columns);
  const space = new ColumnSpace(run.moments.length);
  const found: Column[] = [];
  for (const [group, members] of itemsByGroup(groups, columns).entries()) {
    yield;
    const own = space.column(groups.labels[group] ?? {});
    const values = new Float64Array(members.length);
    const options = { parameter: 0, generation: run.moments[0]?.generation ?? 3 };
    let gathered = 0;
    for (let index = 0; index < run.moments.length; index += 1) {
      gathered += members.length;
      if (gathered > MOST_GATHERED) {
        yield;
        gathered = members.length;
      }
      const count = gather(members, index, values);
      if (count === 0) continue;
      options.parameter = parameters?.[index] ?? 0;
      put(own, index, reduce(count === values.length ? values : values.subarray(0, count), options));
    }
    found.push(own);
  }
  return found;
}

/** Copies the values that there are at a moment. @returns how many */
function gather(members: readonly Column[], index: number, into: Float64Array): number {
  let count = 0;
  for (const { values, isThere } of members) {
    if (isThere[index] !== 1) continue;
    into[count] = values[index] ?? Number.NaN;
    count += 1;
  }
  return count;
}
