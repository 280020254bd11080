// How many elements become one for each group.
import { keyOf, type Labels, NAME, only, without } from './labels.ts';
import type { Generation } from './source.ts';
import { average, largest, meanSoFar, quantile, smallest, sum, variance } from './statistics.ts';
import type { Aggregation } from './syntax.ts';
import type { Element, Vector } from './value.ts';
import { EvaluationError } from './value.ts';

type Fold = (
  values: readonly number[],
  options: { readonly parameter: number; readonly generation: Generation },
) => number;

const FOLDS: Readonly<Record<string, Fold>> = {
  sum: (values, { generation }) => (generation === 2 ? plainSum(values) : sum(values)),
  avg: (values, { generation }) =>
    generation === 2 ? meanSoFar(values, { isCareful: false }) : average(values),
  min: smallest,
  max: largest,
  count: (values) => values.length,
  group: () => 1,
  stddev: (values, { generation }) => Math.sqrt(spread(values, generation)),
  stdvar: (values, { generation }) => spread(values, generation),
  quantile: (values, { parameter }) => quantile(parameter, values),
};

/** Those that keep elements as they are, and how these are ranked. */
const PICKS: Readonly<Record<string, (a: number, b: number) => number>> = {
  topk: (a, b) => ranked(b, a),
  bottomk: (a, b) => ranked(a, b),
};

export const AGGREGATIONS: ReadonlySet<string> = new Set([
  ...Object.keys(FOLDS),
  ...Object.keys(PICKS),
  'count_values',
]);
/** What the first of two arguments has to be; the others take one. */
export const PARAMETERS: Readonly<Record<string, 'scalar' | 'string'>> = {
  quantile: 'scalar',
  topk: 'scalar',
  bottomk: 'scalar',
  count_values: 'string',
};

function plainSum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Prometheus 2 took the first value for the mean without looking: one that is no number counted as no spread. */
function spread(values: readonly number[], generation: Generation): number {
  const [first = 0] = values;
  if (generation === 3 || Number.isFinite(first)) return variance(values);
  return values.length === 1 ? 0 : Number.NaN;
}

interface Group {
  readonly labels: Labels;
  readonly elements: Element[];
}

/** @param options `parameter`: what the first of two arguments came to; 0 and unused where there is one */
export function aggregate(
  { operator, grouping }: Aggregation,
  elements: Vector,
  { parameter, generation }: { readonly parameter: number | string; readonly generation: Generation },
): Element[] {
  const groups = grouped(elements, grouping);
  if (operator === 'count_values') return groups.flatMap((group) => countValues(group, String(parameter)));
  const number = Number(parameter);
  const rank = PICKS[operator];
  if (rank !== undefined) return groups.flatMap((group) => pick(group, number, rank));
  const fold = FOLDS[operator];
  if (fold === undefined) throw new EvaluationError(`There is no aggregation ${operator}`);
  return groups.map(({ labels, elements: own }) => ({
    labels,
    value: fold(
      own.map(({ value }) => value),
      { parameter: number, generation },
    ),
  }));
}

function grouped(elements: Vector, { mode, labels }: Aggregation['grouping']): Group[] {
  const groups = new Map<string, Group>();
  for (const element of elements) {
    const own = mode === 'by' ? only(element.labels, labels) : without(element.labels, [...labels, NAME]);
    const key = keyOf(own);
    const group = groups.get(key) ?? { labels: own, elements: [] };
    groups.set(key, group);
    group.elements.push(element);
  }
  return [...groups.values()];
}

function pick({ elements }: Group, count: number, rank: (a: number, b: number) => number): Element[] {
  if (Number.isNaN(count)) throw new EvaluationError('The number of elements to pick is NaN');
  return elements.toSorted((a, b) => rank(a.value, b.value)).slice(0, Math.max(0, Math.trunc(count)));
}

/** NaN is always the last to be picked. */
function ranked(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return 0;
  return a - b || 0;
}

function countValues({ labels, elements }: Group, label: string): Element[] {
  const counts = new Map<string, number>();
  for (const { value } of elements) {
    const text = formatValue(value);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, value]) => ({ labels: { ...labels, [label]: text }, value }));
}

/** As Prometheus writes a value into a label. */
export function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
