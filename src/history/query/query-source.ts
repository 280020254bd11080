// Series source of one query: what its selectors need, read from the history before the evaluation begins.
import { LOOKBACK } from '../../promql/evaluate/evaluate.ts';
import type { Selection, Series, SeriesSource } from '../../promql/model/series-source.ts';
import type { HistoryStore } from '../store/history-store.ts';
import { QueryError } from './query-error.ts';
import { type RequiredRange, requiredRanges, type TimeRange } from './required-ranges.ts';
import type { Expression } from '../../promql/model/syntax-tree.ts';
import type { WorkBudget } from './work-budget.ts';

const MOST_SAMPLES_READ = 5_000_000;

/** @throws QueryError execution when the selectors read too much */
export async function openQuerySource(
  store: HistoryStore,
  expression: Expression,
  { range, budget, lookback = LOOKBACK }: { range: TimeRange; budget: WorkBudget; lookback?: number },
): Promise<SeriesSource> {
  const read = new Map<Selection, readonly Series[]>();
  let samples = 0;

  async function readAll({ selector, from, to }: RequiredRange): Promise<Series[]> {
    const times = store.times(store.ticksBetween(from, to));
    const found: Series[] = [];
    for (const series of store.find(selector)) {
      const rest = budget.spend();
      if (rest !== undefined) await rest;
      if (series.isGone) continue;
      const one = store.read(series, times);
      samples += one.length;
      if (samples > MOST_SAMPLES_READ)
        throw new QueryError(
          'execution',
          'query processing would load too many samples into memory in query execution',
        );
      if (one.length > 0) found.push(one);
    }
    return found;
  }

  for (const required of requiredRanges(expression, range, lookback))
    if (!read.has(required.selector)) read.set(required.selector, await readAll(required));
  return {
    select(selection) {
      // A subquery selects again for each of its steps.
      budget.check();
      return read.get(selection) ?? [];
    },
  };
}
