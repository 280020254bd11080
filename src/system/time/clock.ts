// Clock, the only source of time: everything that waits or reads the time takes one.

export interface Clock {
  /** Milliseconds since the epoch: for people and metrics, never for measuring a wait. */
  now(): number;
  /** Milliseconds that never go back; a change of the wall clock does not affect them. */
  monotonic(): number;
  /** Calls `wake` once, `delay` ms from now; the returned function cancels it. */
  after(delay: number, wake: () => void): () => void;
}

const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(delay, wake) {
    // Beyond 2^31 - 1 ms Node would fire after 1 ms. Waking early is allowed: users check the time again.
    const timer = setTimeout(wake, Math.min(Math.max(0, delay), LONGEST_TIMER));
    return () => clearTimeout(timer);
  },
};
