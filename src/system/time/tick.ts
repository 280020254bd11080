// Common ticks of the wall clock: timers of different parts that fire together wake an idle machine once for all of them.
import type { Clock } from './clock.ts';

/** Ms from one common tick to the next. */
export const TICK = 5000;

/**
 * Returns the delay, ms, after which work of this interval is due: at a multiple of the interval on the wall clock, half an
 * interval from now at the least, so that a timer that fires early is not due twice. Intervals that are no multiple of a tick
 * stay as they are.
 */
export function untilTick(clock: Pick<Clock, 'now'>, interval: number): number {
  if (!isOnTicks(interval)) return interval;
  const left = interval - (clock.now() % interval);
  return left < interval / 2 ? left + interval : left;
}

/** Moves a delay to the nearest of `grid`'s multiples on the wall clock; a shorter one than that stays as it is. */
export function nearestTick(clock: Pick<Clock, 'now'>, delay: number, grid = TICK): number {
  if (delay < grid) return delay;
  const now = clock.now();
  return Math.round((now + delay) / grid) * grid - now;
}

export function isOnTicks(interval: number): boolean {
  return interval > 0 && interval % TICK === 0;
}
