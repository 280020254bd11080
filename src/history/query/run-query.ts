// Evaluation of a query over the history: block by block, in slices, within limits.
import { type Column, isNumbers, vectorAt, type Work } from '../../promql/evaluate/columns.ts';
import { evaluateColumns } from '../../promql/evaluate/evaluate-columns.ts';
import { evaluateQuery } from '../../promql/evaluate/evaluate.ts';
import { type Labels, writeKey } from '../../promql/model/labels.ts';
import type { ColumnSource, EvaluationOptions } from '../../promql/model/series-source.ts';
import type { Expression } from '../../promql/model/syntax-tree.ts';
import type { Numbers, QueryValue } from '../../promql/model/value.ts';
import type { ParsedQuery } from '../../promql/parse/parse.ts';
import { asQueryErrors, QueryError } from './query-error.ts';
import { mapInSlices, type WorkBudget } from './work-budget.ts';

const MOST_SERIES = 10_000;
const MOST_SAMPLES = 500_000;

/** Values of one series of a result, by time; `times` in ms. */
export interface ResultSeries {
  readonly labels: Labels;
  readonly times: Numbers;
  readonly values: Numbers;
}

interface GrowingSeries extends ResultSeries {
  readonly times: number[];
  readonly values: number[];
}

const NO_LABELS: Labels = {};

/** What a query reads, and what it may cost. */
export interface QueryRun {
  readonly source: ColumnSource;
  readonly budget: WorkBudget;
  readonly options: EvaluationOptions;
}

/** Evaluates a query of any type at one moment. @throws QueryError execution for faults that depend on the samples */
export async function evaluateAt(
  { expression, type }: ParsedQuery,
  at: number,
  run: QueryRun,
): Promise<QueryValue> {
  if (type === 'scalar' || type === 'vector') {
    const value = await inSlices(evaluateColumns(expression, [at], run.source, run.options), run.budget);
    if (isNumbers(value)) return { type: 'scalar', value: value[0] ?? Number.NaN };
    return checked({ type: 'vector', elements: vectorAt(value, 0) });
  }
  return asQueryErrors(() => checked(evaluateQuery(expression, at, run.source, run.options)));
}

function checked(value: QueryValue): QueryValue {
  const list = value.type === 'vector' ? value.elements : value.type === 'range' ? value.windows : [];
  if (list.length > MOST_SERIES) throw tooLarge(`${MOST_SERIES} series`);
  if (value.type !== 'range') return value;
  const samples = value.windows.reduce((sum, { times }) => sum + times.length, 0);
  if (samples > MOST_SAMPLES) throw tooLarge(`${MOST_SAMPLES} samples`);
  return value;
}

/** Does work slice by slice. */
async function inSlices<T>(work: Work<T>, budget: WorkBudget): Promise<T> {
  for (;;) {
    const { done, value } = asQueryErrors(() => work.next());
    if (done === true) return value;
    const rest = budget.spend();
    if (rest !== undefined) await rest;
  }
}

/** @throws QueryError */
export async function evaluateRange(
  expression: Expression,
  moments: Numbers,
  run: QueryRun,
): Promise<ResultSeries[]> {
  let samples = 0;
  const onSamples = (count: number): void => {
    samples += count;
    if (samples > MOST_SAMPLES) throw tooLarge(`${MOST_SAMPLES} samples`);
  };
  const series = await evaluateAll(expression, moments, { ...run, onSamples });
  return sortedByLabels(series, run.budget);
}

/** Moments that are evaluated together. */
const BLOCK = 256;

/**
 * Evaluates an expression that is a vector or a scalar at all moments.
 *
 * @param run `onSamples` is told how many values each block adds, before they are kept
 * @throws QueryError
 */
export async function evaluateAll(
  expression: Expression,
  moments: Numbers,
  run: QueryRun & { readonly onSamples: (count: number) => void },
): Promise<ResultSeries[]> {
  const result = createResult();
  const all = Array.from(moments);
  for (let from = 0; from < all.length; from += BLOCK) {
    const block = all.slice(from, from + BLOCK);
    const value = await inSlices(evaluateColumns(expression, block, run.source, run.options), run.budget);
    const columns = isNumbers(value)
      ? [{ labels: NO_LABELS, values: value, isThere: new Uint8Array(block.length).fill(1) }]
      : value;
    const counts = await mapInSlices(columns, ({ isThere }) => isThere.reduce(add, 0), run.budget);
    run.onSamples(counts.reduce(add, 0));
    await mapInSlices(columns, (column) => result.add(block, column), run.budget);
  }
  return result.series();
}

function add(a: number, b: number): number {
  return a + b;
}

function createResult() {
  const byKey = new Map<string, GrowingSeries>();
  // Most columns have the labels object of the block before.
  const byObject = new Map<Labels, GrowingSeries>();

  function find(labels: Labels): GrowingSeries {
    const known = byObject.get(labels);
    if (known !== undefined) return known;
    const key = writeKey(labels);
    const found = byKey.get(key) ?? { labels, times: [], values: [] };
    byKey.set(key, found);
    if (byKey.size > MOST_SERIES) throw tooLarge(`${MOST_SERIES} series`);
    // Labels that are made anew in each block would fill the memory.
    if (byObject.size < 2 * MOST_SERIES) byObject.set(labels, found);
    return found;
  }

  return {
    add(moments: readonly number[], { labels, values, isThere }: Column): void {
      if (!isThere.includes(1)) return;
      const series = find(labels);
      for (const [index, at] of moments.entries()) {
        if (isThere[index] !== 1) continue;
        series.times.push(at);
        series.values.push(values[index] ?? Number.NaN);
      }
    },
    series: (): ResultSeries[] => [...byKey.values()],
  };
}

function tooLarge(most: string): QueryError {
  return new QueryError(
    'execution',
    `the result has more than ${most}: select fewer series, or a larger step`,
  );
}

/** Sorts as Prometheus does: by name, then value, of one label after the other. */
export async function sortedByLabels<T extends { readonly labels: Labels }>(
  all: readonly T[],
  budget: WorkBudget,
): Promise<T[]> {
  const keyed = await mapInSlices(all, (one) => ({ one, key: orderKey(one.labels) }), budget);
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ one }) => one);
}

/** Nothing sorts before the end of a name or a value. */
function orderKey(labels: Labels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}\0${labels[name] ?? ''}\0`)
    .join('');
}
