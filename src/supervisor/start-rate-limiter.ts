// How starts are spread: ten servers that crash together do not come back in one instant.
import { withJitter } from '../core/lifecycle/restart-policy.ts';
import type { Clock } from '../system/time/clock.ts';

/** The mean distance of two starts, in milliseconds: a Node server keeps a core busy for about twice that. */
const START_SPACING = 150;

export interface StartRateLimiter {
  /** Calls `enter` when it is this one's turn; at once when nobody started lately. The result gives the turn up. */
  wait(enter: () => void): () => void;
}

export function createStartRateLimiter({
  clock,
  chance,
}: {
  clock: Clock;
  chance: () => number;
}): StartRateLimiter {
  let nextFree = -Infinity;
  return {
    wait(enter) {
      const now = clock.monotonic();
      const turn = Math.max(now, nextFree);
      nextFree = turn + withJitter(START_SPACING, 0.3, chance());
      // A lone crash does not wait for a timer: its server is back as fast as it can start.
      if (turn === now) {
        enter();
        return () => {};
      }
      return clock.after(turn - now, enter);
    },
  };
}
