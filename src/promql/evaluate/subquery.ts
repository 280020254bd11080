// Subqueries: the values of an expression over a range, evaluated at each whole multiple of the step.
import { formatLabels, type Labels, writeKey } from '../model/labels.ts';
import { memoize } from '../model/memoize.ts';
import type { Subquery } from '../model/syntax-tree.ts';
import { EvaluationError, type RangeValue, type Vector } from '../model/value.ts';
import { type Moment, readingTime } from './select-series.ts';

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
  const step = subquery.step ?? moment.subqueryStep;
  if (subquery.range / step > MOST_STEPS)
    throw new EvaluationError(`A subquery has more than ${MOST_STEPS} steps`);
  const collected = new Map<string, Collected>();
  for (let at = firstStep(start, step, moment.generation); at <= end; at += step)
    collect(collected, evaluateAt({ ...moment, at }), at);
  return { windows: [...collected.values()], start, end };
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
