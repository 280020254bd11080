// How a long evaluation lets others have their turn.
import type { Clock } from '../system/time/clock.ts';

/** Ms: with hundreds of servers all rules together take several times as long. */
const LONGEST_TURN = 8;

/** Waits for a moment when the last such moment is too long ago. */
export function createYield(clock: Clock): () => Promise<void> {
  let since = clock.monotonic();
  return async () => {
    if (clock.monotonic() - since < LONGEST_TURN) return;
    await new Promise<void>((resolve) => void clock.after(0, resolve));
    since = clock.monotonic();
  };
}
