// Aggregation operators: many elements to one in each group.
import {
  type LabelSelection,
  createLabelSelection,
  type Labels,
  withLabel,
  writeKey,
} from '../model/labels.ts';
import { hashShare } from '../functions/label-hash.ts';
import { compareLabels } from '../functions/label-order.ts';
import { decimal } from '../template/go-numbers.ts';
import { memoize } from '../model/memoize.ts';
import { memoizeBySeries } from '../model/series-cache.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import {
  average,
  largest,
  incrementalMean,
  plainSum,
  quantile,
  smallest,
  sum,
  variance,
} from '../functions/statistics.ts';
import type { Aggregation } from '../model/syntax-tree.ts';
import type { Element, Numbers, Vector } from '../model/value.ts';
import { EvaluationError } from '../model/value.ts';

/** Makes one value of those of a group. */
type Reducer = (
  values: Numbers,
  options: { readonly parameter: number; readonly generation: PrometheusMajor },
) => number;

/** Operators that make one element of each group. */
export const REDUCERS: Readonly<Record<string, Reducer>> = {
  sum: (values, { generation }) => (generation === 2 ? plainSum(values) : sum(values)),
  avg: (values, { generation }) =>
    generation === 2 ? incrementalMean(values, { isCompensated: false }) : average(values),
  min: smallest,
  max: largest,
  count: (values) => values.length,
  group: () => 1,
  stddev: (values, { generation }) => Math.sqrt(spread(values, generation)),
  stdvar: (values, { generation }) => spread(values, generation),
  quantile: (values, { parameter }) => quantile(parameter, values),
};

/** Operators that select whole elements, with their ranking. */
const RANKINGS: Readonly<Record<string, (a: number, b: number) => number>> = {
  topk: (a, b) => ranked(a, b, b - a),
  bottomk: (a, b) => ranked(a, b, a - b),
};

export const AGGREGATIONS: ReadonlySet<string> = new Set([
  ...Object.keys(REDUCERS),
  ...Object.keys(RANKINGS),
  'count_values',
  'limitk',
  'limit_ratio',
]);
/** Type of the first argument of operators with two; the others take one. */
export const PARAMETERS: Readonly<Record<string, 'scalar' | 'string'>> = {
  quantile: 'scalar',
  topk: 'scalar',
  bottomk: 'scalar',
  limitk: 'scalar',
  limit_ratio: 'scalar',
  count_values: 'string',
};

/** Prometheus 2 starts from the first value as mean without a check: for one that is not finite it returns 0 or NaN. */
function spread(values: Numbers, generation: PrometheusMajor): number {
  const [first = 0] = values;
  if (generation === 3 || Number.isFinite(first)) return variance(values);
  return values.length === 1 ? 0 : Number.NaN;
}

/** Group of each element, by index, and the labels of the groups with the indices of their elements. */
interface Groups {
  readonly labels: readonly Labels[];
  readonly groupOf: readonly number[];
  readonly members: readonly (readonly number[])[];
}

/** Groups of elements, cached for each part of an expression. */
export const groupsOf = memoize((grouping: LabelSelection) =>
  memoizeBySeries((labels) => groupsBy(grouping, labels)),
);

/**
 * Aggregates the elements of each group.
 *
 * @param options `parameter`: value of the first of two arguments; 0 and unused for operators with one
 * @throws EvaluationError
 */
export function aggregate(
  { operator, grouping }: Aggregation,
  elements: Vector,
  { parameter, generation }: { readonly parameter: number | string; readonly generation: PrometheusMajor },
): Element[] {
  if (operator === 'limitk') return limited(grouping, elements, countOf(Number(parameter)));
  if (operator === 'limit_ratio') return ratioOf(elements, Number(parameter));
  if (operator === 'count_values') return countValues(elements, grouping, String(parameter));
  const number = Number(parameter);
  const groups = groupsOf(grouping)(elements);
  const rank = RANKINGS[operator];
  if (rank !== undefined) {
    const count = countOf(number);
    return itemsByGroup(groups, elements).flatMap((own) =>
      own.toSorted((a, b) => rank(a.value, b.value)).slice(0, count),
    );
  }
  const reduce = REDUCERS[operator];
  if (reduce === undefined) throw new EvaluationError(`There is no aggregation ${operator}`);
  const options = { parameter: number, generation };
  const values: number[] = [];
  return groups.labels.map((labels, index) => {
    takeValues(elements, groups.members[index] ?? [], values);
    return { labels, value: reduce(values, options) };
  });
}

/** The first of each group, in the order of their labels: the choice is the same in each evaluation. */
function limited(grouping: LabelSelection, elements: Vector, count: number): Element[] {
  const sorted = elements.toSorted((a, b) => compareLabels(a.labels, b.labels, []));
  return itemsByGroup(groupsOf(grouping)(sorted), sorted).flatMap((own) => own.slice(0, count));
}

/** About this part of the elements, by the hash of their labels; a negative one is what the positive rest leaves out. */
function ratioOf(elements: Vector, ratio: number): Element[] {
  if (Number.isNaN(ratio)) throw new EvaluationError('The part of the elements to pick is NaN');
  const most = Math.min(Math.max(ratio, -1), 1);
  return elements.filter(({ labels }) =>
    most >= 0 ? hashShare(labels) < most : hashShare(labels) >= 1 + most,
  );
}

function groupsBy(grouping: LabelSelection, labels: readonly Labels[]): Groups {
  const indices = new Map<string, number>();
  const names: Labels[] = [];
  const members: number[][] = [];
  const groupOf = labels.map((one, at) => {
    const own = grouping.apply(one);
    const key = writeKey(own);
    const index = indices.get(key) ?? names.push(own) - 1;
    indices.set(key, index);
    (members[index] ??= []).push(at);
    return index;
  });
  return { labels: names, groupOf, members };
}

/** Fills `list` with the values of those elements: one list serves all groups. */
function takeValues(elements: Vector, members: readonly number[], list: number[]): void {
  if (list.length > members.length) list.length = members.length;
  for (let index = 0; index < members.length; index += 1) {
    const value = elements[members[index] ?? 0]?.value ?? Number.NaN;
    if (index < list.length) list[index] = value;
    else list.push(value);
  }
}

/** Items of each group, in order. */
export function itemsByGroup<T>({ labels, groupOf }: Groups, all: readonly T[]): T[][] {
  const itemsByGroup = labels.map((): T[] => []);
  // Not by an iterator, here and below: it makes an object for each step, and another for each part of a pair.
  for (let index = 0; index < groupOf.length; index += 1) {
    const one = all[index];
    if (one !== undefined) itemsByGroup[groupOf[index] ?? 0]?.push(one);
  }
  return itemsByGroup;
}

/** As a 64-bit integer, as in Prometheus. */
function countOf(parameter: number): number {
  if (!(Math.abs(parameter) <= 2 ** 63))
    throw new EvaluationError(`The number of elements to pick is ${String(parameter)}`);
  return Math.max(0, Math.trunc(parameter));
}

/** NaN is always selected last. */
function ranked(a: number, b: number, order: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  return Number.isNaN(b) ? -1 : order || 0;
}

/** The value becomes a label before grouping: it may be one of the grouping labels. */
function countValues(elements: Vector, grouping: LabelSelection, label: string): Element[] {
  const valued = elements.map(({ labels, value }) => ({
    labels: withLabel(labels, label, formatValue(value)),
    value,
  }));
  const choice =
    grouping.mode === 'only' ? createLabelSelection('only', [...grouping.names, label]) : grouping;
  const groups = groupsBy(
    choice,
    valued.map(({ labels }) => labels),
  );
  return itemsByGroup(groups, valued).map((own, index) => ({
    labels: groups.labels[index] ?? {},
    value: own.length,
  }));
}

/** Formats a value as Prometheus does in a label. */
function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : decimal(value);
}
