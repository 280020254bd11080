// Evaluation schedule: wall-clock multiples of each interval, so that restarts do not shift them, and turns for the event loop.
import { pause } from '../system/time/pause.ts';
import type { Clock } from '../system/time/clock.ts';

/** Returns the next moment (ms since the epoch, after `now`) at which a group with one of these intervals (ms) is due. */
export function nextDue(intervals: readonly number[], now: number): number {
  return Math.min(...intervals.map((interval) => lastDue(interval, now) + interval));
}

/** Whether this interval was due after `before` and not after `now`. Several missed moments count as one. */
export function isDue(interval: number, { before, now }: { before: number; now: number }): boolean {
  return lastDue(interval, now) > before;
}

export function lastDue(interval: number, now: number): number {
  return Math.floor(now / interval) * interval;
}

/** Ms without a turn for the event loop: with hundreds of servers all rules together take several times as long. */
const LONGEST_TURN = 8;

/** Returns a function that yields to the event loop when the last time it did so is too long ago. */
export function createYield(clock: Clock): () => Promise<void> {
  let since = clock.monotonic();
  return async () => {
    if (clock.monotonic() - since < LONGEST_TURN) return;
    await pause(clock, 0);
    since = clock.monotonic();
  };
}
