// Evaluation of a query over the history: step by step, in slices, within limits.
import { evaluateQuery } from '../../promql/evaluate/evaluate.ts';
import { type Labels, writeKey } from '../../promql/model/labels.ts';
import type { EvaluationOptions, SeriesSource } from '../../promql/model/series-source.ts';
import type { Expression } from '../../promql/model/syntax-tree.ts';
import { type Element, EvaluationError, type Numbers, type QueryValue } from '../../promql/model/value.ts';
import { QueryError } from './query-error.ts';
import type { WorkBudget } from './work-budget.ts';

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

export interface Steps {
  /** Ms since the epoch, both inclusive. */
  readonly start: number;
  readonly end: number;
  /** Ms. */
  readonly step: number;
}

/** @throws QueryError execution for faults that depend on the samples */
export function evaluateAt(
  expression: Expression,
  at: number,
  source: SeriesSource,
  options: EvaluationOptions,
): QueryValue {
  try {
    const value = evaluateQuery(expression, at, source, options);
    checkSize(value);
    return value;
  } catch (error) {
    if (error instanceof EvaluationError) throw new QueryError('execution', error.message);
    throw error;
  }
}

function checkSize(value: QueryValue): void {
  const list = value.type === 'vector' ? value.elements : value.type === 'range' ? value.windows : [];
  if (list.length > MOST_SERIES) throw tooLarge(`${MOST_SERIES} series`);
  if (value.type !== 'range') return;
  const samples = value.windows.reduce((sum, { times }) => sum + times.length, 0);
  if (samples > MOST_SAMPLES) throw tooLarge(`${MOST_SAMPLES} samples`);
}

/** @throws QueryError */
export async function evaluateRange(
  expression: Expression,
  { start, end, step }: Steps,
  { source, budget, options }: { source: SeriesSource; budget: WorkBudget; options: EvaluationOptions },
): Promise<ResultSeries[]> {
  const result = createResult();
  for (let at = start; at <= end; at += step) {
    const rest = budget.spend();
    if (rest !== undefined) await rest;
    result.add(at, elementsOf(evaluateAt(expression, at, source, options)));
  }
  return result.series();
}

function elementsOf(value: QueryValue): readonly Element[] {
  if (value.type === 'vector') return value.elements;
  return value.type === 'scalar' ? [{ labels: NO_LABELS, value: value.value }] : [];
}

const NO_LABELS: Labels = {};

function createResult() {
  const byKey = new Map<string, GrowingSeries>();
  // Most elements have the labels object of the step before.
  const byObject = new Map<Labels, GrowingSeries>();
  let samples = 0;

  function find(labels: Labels): GrowingSeries {
    const key = writeKey(labels);
    const found = byKey.get(key) ?? { labels, times: [], values: [] };
    byKey.set(key, found);
    if (byKey.size > MOST_SERIES) throw tooLarge(`${MOST_SERIES} series`);
    // Labels that are made anew at each step would fill the memory.
    if (byObject.size < 2 * MOST_SERIES) byObject.set(labels, found);
    return found;
  }

  return {
    add(at: number, elements: readonly Element[]): void {
      samples += elements.length;
      if (samples > MOST_SAMPLES) throw tooLarge(`${MOST_SAMPLES} samples`);
      for (const { labels, value } of elements) {
        const series = byObject.get(labels) ?? find(labels);
        series.times.push(at);
        series.values.push(value);
      }
    },
    series: (): ResultSeries[] => [...byKey.values()].sort((a, b) => compareLabels(a.labels, b.labels)),
  };
}

function tooLarge(most: string): QueryError {
  return new QueryError(
    'execution',
    `the result has more than ${most}: select fewer series, or a larger step`,
  );
}

/** Compares as Prometheus sorts: by name, then value, of one label after the other. */
export function compareLabels(a: Labels, b: Labels): number {
  const [left, right] = [Object.keys(a).sort(), Object.keys(b).sort()];
  for (const [index, name] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (name !== other) return name < other ? -1 : 1;
    const [ours, theirs] = [a[name] ?? '', b[name] ?? ''];
    if (ours !== theirs) return ours < theirs ? -1 : 1;
  }
  return left.length - right.length;
}
