// Evaluation schedule: wall-clock multiples of an interval, so that a restart does not move them; and pauses for the event loop.

/** The next moment (ms since the epoch, after `now`) at which a group with one of these intervals (ms) is due. */
export function nextDue(intervals: readonly number[], now: number): number {
  return Math.min(...intervals.map((interval) => lastDue(interval, now) + interval));
}

/** Whether a moment for this interval lies after `before` and not after `now`; of several missed ones only the last counts. */
export function isDue(interval: number, { before, now }: { before: number; now: number }): boolean {
  return lastDue(interval, now) > before;
}

export function lastDue(interval: number, now: number): number {
  return Math.floor(now / interval) * interval;
}
