// Context of the query API: the parts that its endpoints answer from.
import type { PrometheusMajor } from '../../promql/model/series-source.ts';
import type { BudgetOptions } from '../query/work-budget.ts';
import type { HistoryStore } from '../store/history-store.ts';

export interface ApiContext {
  readonly store: HistoryStore;
  /** Ms since the epoch. */
  readonly now: () => number;
  readonly generation: () => PrometheusMajor;
  readonly loop: Pick<BudgetOptions, 'now' | 'cpu' | 'turn'>;
  /** Ms of work that one query may take. */
  readonly mostWork: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Data of a successful answer. */
export interface ApiData {
  /** JSON text, in pieces. */
  readonly pieces: readonly string[];
  readonly warnings?: readonly string[];
}

export function dataOf(value: unknown): ApiData {
  return { pieces: [JSON.stringify(value)] };
}
