// Why time jumped between two looks at the clocks: the machine slept, our loop was stuck, or someone set the clock.

/** How far each clock moved between two looks, ms. */
export interface ClockDeltas {
  readonly wall: number;
  readonly monotonic: number;
  /** Time since boot, sleep included (`/proc/uptime`); null where the system has no such clock apart. */
  readonly boot: number | null;
  /** Processor time of this process, all threads together. */
  readonly cpu: number;
  /** What should have passed between the two looks. */
  readonly expected: number;
  /** What is beyond `expected` by less than this is ordinary lateness. */
  readonly threshold: number;
}

/** `duration` is ms beyond the expected; of a clock step it is signed: negative when the clock was set back. */
export type ClockGap = { readonly cause: 'sleep' | 'blocked' | 'clock-step'; readonly duration: number };

/**
 * Linux stops the monotonic clock in suspend, so only the boot clock tells. On macOS the monotonic clock runs on,
 * and so it does for a process that was stopped by a signal: there an idle processor tells a sleep from a stuck loop.
 * A loop stuck in a system call uses no processor either and is taken for a sleep; both are answered alike.
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
