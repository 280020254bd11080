// Causes of a jump between two clock readings: sleep, a blocked event loop, or a clock that was set.

/** Progress of each clock between two readings, ms. */
export interface ClockDeltas {
  readonly wall: number;
  readonly monotonic: number;
  /** Time since boot, sleep included (`/proc/uptime`); null where the system has no such clock apart. */
  readonly boot: number | null;
  /** Processor time of this process, all threads together. */
  readonly cpu: number;
  /** Time that should have passed. */
  readonly expected: number;
  /** Deviations below this are ordinary lateness. */
  readonly threshold: number;
}

/** `duration` is ms beyond the expected; of a clock step it is signed: negative when the clock was set back. */
export type ClockGap = { readonly cause: 'sleep' | 'blocked' | 'clock-step'; readonly duration: number };

/**
 * Classifies the jump; null for none.
 *
 * Linux stops the monotonic clock in suspend, so only the boot clock tells. On macOS the monotonic clock runs on,
 * and so it does for a process that was stopped by a signal: there an idle processor tells a sleep from a blocked loop.
 * A loop blocked in a system call uses no processor either and is taken for a sleep; the reaction is the same.
 */
export function classifyGap(deltas: ClockDeltas): ClockGap | null {
  return findSuspend(deltas) ?? findPause(deltas) ?? findStep(deltas);
}

function findSuspend({ boot, monotonic, threshold }: ClockDeltas): ClockGap | null {
  const asleep = (boot ?? monotonic) - monotonic;
  return asleep >= threshold ? { cause: 'sleep', duration: asleep } : null;
}

function findPause({ monotonic, cpu, expected, threshold }: ClockDeltas): ClockGap | null {
  const late = monotonic - expected;
  if (late < threshold) return null;
  return { cause: cpu >= late / 2 ? 'blocked' : 'sleep', duration: late };
}

function findStep({ wall, boot, monotonic, threshold }: ClockDeltas): ClockGap | null {
  const step = wall - (boot ?? monotonic);
  return Math.abs(step) >= threshold ? { cause: 'clock-step', duration: step } : null;
}
