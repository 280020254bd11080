// Work budget of one query: short slices with a turn of the event loop between them, and a limit on all of them together.
import { QueryError } from './query-error.ts';

/** Milliseconds. */
export const SLICE = 8;
const MOST_WORK = 2000;

export interface WorkBudget {
  /** To be called between small pieces of work; yields when the slice is used up. @throws QueryError timeout */
  spend(): Promise<void> | undefined;
  /** Ms of work so far. */
  readonly spent: number;
}

export interface BudgetOptions {
  /** Monotonic ms. */
  readonly now: () => number;
  /** Lets the event loop take a turn. */
  readonly turn: () => Promise<void>;
  readonly mostWork?: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

export function createWorkBudget({ now, turn, mostWork = MOST_WORK, signal }: BudgetOptions): WorkBudget {
  let spent = 0;
  let since = now();

  async function rest(): Promise<void> {
    await turn();
    since = now();
  }

  return {
    spend() {
      const slice = now() - since;
      if (spent + slice > mostWork)
        throw new QueryError('timeout', 'query timed out in expression evaluation');
      if (signal?.aborted === true)
        throw new QueryError('timeout', 'query was canceled: nobody waits for it');
      if (slice < SLICE) return undefined;
      spent += slice;
      return rest();
    },
    get spent() {
      return spent + (now() - since);
    },
  };
}
