// Work budget of one query: short slices with a turn of the event loop between them, and a limit on all of them together.
import { QueryError } from './query-error.ts';

/** Milliseconds that a slice may take. */
const SLICE = 3;

export interface WorkBudget {
  /** To be called between small pieces of work; yields when the slice is used up. @throws QueryError timeout */
  spend(): Promise<void> | undefined;
}

export interface BudgetOptions {
  /** Monotonic ms. */
  readonly now: () => number;
  /** Ms of processor time: on a busy machine a slice takes longer than it works. */
  readonly cpu: () => number;
  /** Lets the event loop take a turn. */
  readonly turn: () => Promise<void>;
  /** Ms of processor time for the whole query. */
  readonly mostWork: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Changes each element of a list, with a turn of the event loop between slices. @throws QueryError timeout */
export async function mapInSlices<T, U>(
  all: readonly T[],
  change: (one: T) => U,
  budget: WorkBudget,
): Promise<U[]> {
  const changed: U[] = [];
  for (const one of all) {
    const rest = budget.spend();
    if (rest !== undefined) await rest;
    changed.push(change(one));
  }
  return changed;
}

export function createWorkBudget({ now, cpu, turn, mostWork, signal }: BudgetOptions): WorkBudget {
  let spent = 0;
  let since = { wall: now(), cpu: cpu() };

  async function rest(): Promise<void> {
    await turn();
    if (signal.aborted) throw new QueryError('timeout', 'query was canceled: nobody waits for it');
    since = { wall: now(), cpu: cpu() };
  }

  return {
    spend() {
      if (now() - since.wall < SLICE) return undefined;
      spent += cpu() - since.cpu;
      if (spent > mostWork) throw new QueryError('timeout', 'query timed out in expression evaluation');
      return rest();
    },
  };
}
