// Start rate limiter: ten servers that crash together do not come back in one instant.
import { withJitter } from '../core/lifecycle/restart-policy.ts';
import type { Clock } from '../system/time/clock.ts';

/** Mean distance of two starts, ms: a Node server keeps a core busy for about twice that. */
const START_SPACING = 150;

export interface StartRateLimiter {
  /** Calls `enter` when it is this one's turn; at once when nobody started lately. The returned function cancels. */
  wait(enter: () => void): () => void;
}

export function createStartRateLimiter({
  clock,
  random,
}: {
  clock: Clock;
  random: () => number;
}): StartRateLimiter {
  let nextFree = -Infinity;
  return {
    wait(enter) {
      const now = clock.monotonic();
      const turn = Math.max(now, nextFree);
      nextFree = turn + withJitter(START_SPACING, 0.3, random());
      // A lone crash does not wait for a timer: its server is back as fast as it can start.
      if (turn === now) {
        enter();
        return () => {};
      }
      return clock.after(turn - now, enter);
    },
  };
}
