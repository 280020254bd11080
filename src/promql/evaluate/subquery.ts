// Subqueries: the values of an expression over a range, evaluated at each whole multiple of the step.
import { formatLabels, type Labels, writeKey } from '../model/labels.ts';
import { memoize } from '../model/memoize.ts';
import type { Subquery } from '../model/syntax-tree.ts';
import { EvaluationError, type Numbers, type RangeValue, type Vector } from '../model/value.ts';
import { type Moment, readingTime, windowsIn } from './select-series.ts';

/** Most evaluations of one subquery: a month in minutes. */
const MOST_STEPS = 50_000;

interface Collected {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: number[];
}

/**
 * Evaluates the inside at each step.
 *
 * @param evaluateAt the value of the inside at another moment
 * @throws EvaluationError for more than 50,000 steps, and when two values of one step have the same labels
 */
export function subqueryValue(
  subquery: Subquery,
  moment: Moment,
  evaluateAt: (moment: Moment) => Vector,
): RangeValue {
  const end = readingTime(subquery, moment);
  const start = end - subquery.range;
  const ready = moment.source.subquery?.(subquery);
  if (ready !== undefined) return windowsIn(ready, { start, end }, moment.generation);
  const step = stepOf(subquery, moment.subqueryStep);
  const collected = new Map<string, Collected>();
  for (let at = firstStep(start, step, moment.generation); at <= end; at += step)
    collect(collected, evaluateAt({ ...moment, at, given: null }), at);
  return { windows: [...collected.values()], start, end };
}

/** Returns ms between two evaluations. @throws EvaluationError for more than 50,000 steps */
function stepOf({ range, step }: Subquery, byDefault: number): number {
  const own = step ?? byDefault;
  if (range / own > MOST_STEPS) throw new EvaluationError(`A subquery has more than ${MOST_STEPS} steps`);
  return own;
}

/** Most moments at which one subquery of a range query is evaluated. */
const MOST_MOMENTS = 500_000;

/**
 * Returns the moments at which the inside of a subquery is evaluated for all moments of the outside: each once.
 *
 * @param moments growing, ms since the epoch
 * @throws EvaluationError for too many steps
 */
export function subqueryMoments(
  subquery: Subquery,
  moments: Numbers,
  { generation, subqueryStep, rangeQuery }: Pick<Moment, 'generation' | 'subqueryStep' | 'rangeQuery'>,
): Float64Array {
  const step = stepOf(subquery, subqueryStep);
  const found: number[] = [];
  let next = -Infinity;
  for (const at of moments) {
    const end = readingTime(subquery, { at, rangeQuery });
    next = Math.max(next, firstStep(end - subquery.range, step, generation));
    for (; next <= end; next += step) found.push(next);
    if (found.length > MOST_MOMENTS)
      throw new EvaluationError(`A subquery is evaluated more than ${MOST_MOMENTS} times`);
  }
  return Float64Array.from(found);
}

/** Prometheus 2 takes the start of the window, 3 does not. */
function firstStep(start: number, step: number, generation: Moment['generation']): number {
  const first = Math.ceil(start / step) * step;
  return first === start && generation === 3 ? first + step : first;
}

function collect(collected: Map<string, Collected>, elements: Vector, at: number): void {
  for (const { labels, value } of elements) {
    const key = keyOf(labels);
    const series = collected.get(key) ?? { labels, times: [], values: [] };
    if (series.times.at(-1) === at)
      throw new EvaluationError(`Two results have the same labels: ${formatLabels(labels)}`);
    series.times.push(at);
    series.values.push(value);
    collected.set(key, series);
  }
}

const keyOf = memoize(writeKey);
