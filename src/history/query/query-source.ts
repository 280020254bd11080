// Series source of one query: what its selectors need, and the values of its subqueries, ready before the evaluation begins.
import { type Moment, readingTime } from '../../promql/evaluate/select-series.ts';
import { momentOf } from '../../promql/evaluate/evaluate.ts';
import { subqueryMoments } from '../../promql/evaluate/subquery.ts';
import { sampleReadersIn } from '../../promql/model/sample-readers.ts';
import type {
  ColumnSeries,
  ColumnSource,
  EvaluationOptions,
  Selection,
} from '../../promql/model/series-source.ts';
import type { Expression, RangeSelector, Selector, Subquery } from '../../promql/model/syntax-tree.ts';
import type { Numbers } from '../../promql/model/value.ts';
import { HistorySeries, SampleTimes } from '../store/history-series.ts';
import type { HistoryStore } from '../store/history-store.ts';
import { asQueryErrors, QueryError } from './query-error.ts';
import { evaluateAll, type ResultSeries } from './run-query.ts';
import type { WorkBudget } from './work-budget.ts';

const MOST_SAMPLES_READ = 5_000_000;

export interface SourceOptions {
  /** At which the query is evaluated, growing, ms since the epoch; at least one. */
  readonly moments: Numbers;
  readonly budget: WorkBudget;
  readonly options: EvaluationOptions;
}

/** @throws QueryError execution when the selectors and subqueries read too much */
export async function openQuerySource(
  store: HistoryStore,
  expression: Expression,
  { moments, budget, options }: SourceOptions,
): Promise<ColumnSource> {
  const source = new QuerySource(store, budget, options);
  const readers = sampleReadersIn(expression);
  const momentsOf = new Map<Subquery | null, Numbers>([[null, moments]]);
  // The outermost come first: the moments of what is inside follow from theirs.
  for (const { node, within } of readers.toReversed())
    if (node.kind === 'subquery') {
      const outside = momentsOf.get(within.at(-1) ?? null) ?? [];
      momentsOf.set(
        node,
        asQueryErrors(() => subqueryMoments(node, outside, source.defaults)),
      );
    }
  for (const { node, within } of readers) {
    const needed = momentsOf.get(within.at(-1) ?? null) ?? [];
    if (node.kind === 'subquery') await source.evaluate(node, momentsOf.get(node) ?? []);
    else await source.read(node, needed);
  }
  return source;
}

class QuerySource implements ColumnSource {
  /** Options of the query, with their defaults. */
  readonly defaults: Moment;
  readonly #store: HistoryStore;
  readonly #budget: WorkBudget;
  readonly #options: EvaluationOptions;
  readonly #selected = new Map<Selection, readonly ColumnSeries[]>();
  readonly #evaluated = new Map<Subquery, readonly ColumnSeries[]>();
  #samples = 0;

  constructor(store: HistoryStore, budget: WorkBudget, options: EvaluationOptions) {
    this.#store = store;
    this.#budget = budget;
    this.#options = options;
    this.defaults = momentOf(0, this, options);
  }

  select(selection: Selection): readonly ColumnSeries[] {
    return this.#selected.get(selection) ?? [];
  }

  subquery(subquery: Subquery): readonly ColumnSeries[] {
    return this.#evaluated.get(subquery) ?? [];
  }

  /** Reads what a selector needs at the moments of its surroundings. */
  async read(node: Selector | RangeSelector, moments: Numbers): Promise<void> {
    const selector = node.kind === 'range' ? node.selector : node;
    const [first, last] = [moments[0], moments[moments.length - 1]];
    if (first === undefined || last === undefined) return;
    const { lookback, rangeQuery } = this.defaults;
    const from = readingTime(selector, { at: first, rangeQuery });
    const back = node.kind === 'range' ? node.range : lookback;
    const times = this.#store.times(
      this.#store.ticksBetween(from - back, readingTime(selector, { at: last, rangeQuery })),
    );
    const found: ColumnSeries[] = [];
    for (const series of this.#store.find(selector)) {
      const rest = this.#budget.spend();
      if (rest !== undefined) await rest;
      if (series.isGone) continue;
      const one = this.#store.read(series, times);
      this.#count(one.length);
      if (one.length > 0) found.push(one);
    }
    this.#selected.set(selector, found);
  }

  async evaluate(subquery: Subquery, moments: Numbers): Promise<void> {
    const options = { ...this.#options, rangeQuery: this.defaults.rangeQuery };
    const values = await evaluateAll(subquery.operand, moments, {
      source: this,
      budget: this.#budget,
      options,
      onSamples: (count) => this.#count(count),
    });
    const shared = new SampleTimes(Float64Array.from(moments));
    this.#evaluated.set(
      subquery,
      values.map((one) => seriesOf(one, shared)),
    );
  }

  #count(samples: number): void {
    this.#samples += samples;
    if (this.#samples > MOST_SAMPLES_READ)
      throw new QueryError(
        'execution',
        'query processing would load too many samples into memory in query execution',
      );
  }
}

function seriesOf({ labels, times, values }: ResultSeries, shared: SampleTimes): ColumnSeries {
  const isWhole = times.length === shared.all.length;
  return new HistorySeries(labels, {
    times: isWhole ? shared : new SampleTimes(Float64Array.from(times)),
    values: Float64Array.from(values),
    ends: null,
  });
}
