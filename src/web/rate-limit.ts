// How many requests are answered: a bucket that gains one token each interval, and never holds more than a burst.
import type { RateLimit } from '../core/model/web-config.ts';

export interface TokenBucket {
  /** Takes a token; false when there is none. */
  take(limit: RateLimit): boolean;
}

/** @param now monotonic ms */
export function createTokenBucket(now: () => number): TokenBucket {
  let tokens = Number.POSITIVE_INFINITY;
  let countedAt = now();
  return {
    take({ interval, burst }) {
      const at = now();
      tokens = Math.min(burst, tokens + (at - countedAt) / interval);
      countedAt = at;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
