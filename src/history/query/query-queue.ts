// Queue of queries: one at a time, a bounded number waits for a bounded time.
import type { Clock } from '../../system/time/clock.ts';
import { QueryError } from './query-error.ts';

const MOST_WAITING = 64;
/** Milliseconds. */
const LONGEST_WAIT = 10_000;

export interface QueryQueue {
  /** Runs `work` when no other runs. @throws QueryError unavailable when too many wait, or for too long */
  run<T>(work: () => Promise<T>): Promise<T>;
}

interface Waiting {
  readonly begin: () => void;
}

export function createQueryQueue(clock: Pick<Clock, 'after'>): QueryQueue {
  const waiting = new Set<Waiting>();
  let isBusy = false;

  function wait(): Promise<void> {
    if (waiting.size >= MOST_WAITING)
      throw new QueryError('unavailable', `too many queries: ${MOST_WAITING} wait already`);
    return new Promise((resolve, reject) => {
      const cancel = clock.after(LONGEST_WAIT, () => {
        waiting.delete(own);
        reject(new QueryError('unavailable', `query waited ${LONGEST_WAIT / 1000} s for its turn`));
      });
      const own = {
        begin(): void {
          cancel();
          waiting.delete(own);
          resolve();
        },
      };
      waiting.add(own);
    });
  }

  return {
    async run(work) {
      if (isBusy) await wait();
      isBusy = true;
      try {
        return await work();
      } finally {
        const [next] = waiting;
        // The turn is handed over: nobody who comes in between can take it.
        if (next === undefined) isBusy = false;
        else next.begin();
      }
    },
  };
}
