// How a reading that does not come back is given up, without a second one being started beside it.
import type { Clock } from '../system/time/clock.ts';

export interface ExclusiveTimeout {
  /**
   * The result of `work`, or an error once the limit has passed; `work` is then told by its signal. As long as it
   * has not come back, further calls fail at once: hung programs must not pile up.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/** @param limit ms */
export function createExclusiveTimeout(clock: Clock, limit: number): ExclusiveTimeout {
  let isBusy = false;

  async function hold<T>(work: Promise<T>): Promise<T> {
    isBusy = true;
    try {
      return await work;
    } finally {
      isBusy = false;
    }
  }

  return {
    run(work) {
      if (isBusy) return Promise.reject(new Error('an earlier reading has not come back yet'));
      const giveUp = new AbortController();
      return new Promise((resolve, reject) => {
        const cancel = clock.after(limit, () => {
          const error = new Error(`no answer within ${limit / 1000} s`);
          reject(error);
          giveUp.abort(error);
        });
        hold(work(giveUp.signal)).then(resolve, reject).finally(cancel);
      });
    },
  };
}
