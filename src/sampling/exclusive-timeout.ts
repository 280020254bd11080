// Timeout for work that may hang, without starting a second piece beside one that does.
import type { Clock } from '../system/time/clock.ts';

export interface ExclusiveTimeout {
  /**
   * Runs `work`; rejects and aborts its signal once the limit has passed. As long as it has not returned, further calls
   * reject at once: hung programs must not pile up.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/**
 * Makes a timeout of `limit` ms.
 */
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
      const controller = new AbortController();
      return new Promise((resolve, reject) => {
        const cancel = clock.after(limit, () => {
          const error = new Error(`no answer within ${limit / 1000} s`);
          reject(error);
          controller.abort(error);
        });
        hold(work(controller.signal)).then(resolve, reject).finally(cancel);
      });
    },
  };
}
