// Clock that counts awake time only: after a suspend nothing is overdue.
import { uptime } from 'node:os';
import { classifyGap, type ClockGap } from '../../core/lifecycle/clock-gap.ts';
import type { Clock } from './clock.ts';
import { untilTick } from './tick.ts';
import { isLinux } from '../platform.ts';

export interface AwakeClockOptions {
  /** Called once for every gap, within the call that discovered it and before that call returns. */
  readonly onGap: (gap: ClockGap) => void;
  /** Ms between two checks of our own, so that a gap is found even when nobody asks for the time. */
  readonly heartbeat?: number;
  /** Least lateness, or least step of the wall clock, that counts as a gap, ms. */
  readonly threshold?: number;
  /** Ms since boot, sleep included; null where no clock includes sleep, and under virtual time. */
  readonly bootTime?: () => number | null;
  /** Ms of processor time that this process has used. */
  readonly cpuTime?: () => number;
}

export interface AwakeClock {
  /** `monotonic()` and `after()` count awake time; `now()` stays the wall clock. Valid only once started. */
  readonly clock: Clock;
  start(): void;
  stop(): void;
}

/** Ms. Node's timers fire up to a millisecond early; setting them again for that would only burn time. */
const TIMER_TOLERANCE = 1;

/**
 * Creates a clock of awake time: a gap adds one heartbeat, however long it was. The first call after a gap discovers
 * it, so that no deadline is judged and no overdue timer fires before the gap is known.
 */
export function createAwakeClock(raw: Clock, options: AwakeClockOptions): AwakeClock {
  const { heartbeat = 2000, onGap } = options;
  const gaps = createGapDetector(raw, options);
  let awake = 0;
  let cancel: (() => void) | null = null;

  function monotonic(): number {
    const passed = gaps.check();
    // Counted before `onGap`: the listener may ask for the time.
    awake += passed;
    const gap = gaps.takeGap();
    if (gap !== null) onGap(gap);
    return awake;
  }

  function beat(): void {
    cancel = raw.after(untilTick(raw, heartbeat), beat);
    monotonic();
    gaps.resetCpuTime();
  }

  return {
    clock: {
      now: () => raw.now(),
      monotonic,
      after: (delay, wake) => setTimer(raw, { due: monotonic() + delay, monotonic, wake }),
    },
    start() {
      gaps.check();
      gaps.takeGap();
      if (cancel === null) beat();
    },
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}

interface Timer {
  /** Awake ms. */
  readonly due: number;
  readonly monotonic: () => number;
  readonly wake: () => void;
}

/** Wakes once awake time reaches `due`; a raw timer that fires before that, as after a gap, is set again. */
function setTimer(raw: Clock, { due, monotonic, wake }: Timer): () => void {
  let isCancelled = false;
  let cancelRaw = raw.after(due - monotonic(), fire);

  function fire(): void {
    const left = due - monotonic();
    // A listener of the gap may have cancelled this very timer.
    if (isCancelled) return;
    if (left > TIMER_TOLERANCE) cancelRaw = raw.after(left, fire);
    else wake();
  }

  return () => {
    isCancelled = true;
    cancelRaw();
  };
}

interface GapDetector {
  /** Returns the awake ms since the last check. */
  check(): number;
  /** Returns the gap that the last check found, once; null for none. */
  takeGap(): ClockGap | null;
  /** Excludes the processor time used so far from a later gap. */
  resetCpuTime(): void;
}

function createGapDetector(raw: Clock, options: AwakeClockOptions): GapDetector {
  const {
    heartbeat: expected = 2000,
    threshold = 10_000,
    bootTime = readBootTime,
    cpuTime = readCpuTime,
  } = options;
  // Asked for the time a thousand times a minute: numbers, of which nothing is left behind.
  let lastMonotonic = raw.monotonic();
  let lastWall = raw.now();
  let found: ClockGap | null = null;
  let cpuBefore = cpuTime();
  let lead = bootLead();

  /** Lead of the boot clock over the monotonic one, ms: on Linux it grows with every suspend. */
  function bootLead(): number | null {
    const boot = bootTime();
    return boot === null ? null : boot - raw.monotonic();
  }

  function classify(monotonic: number, wall: number): ClockGap | null {
    const before = lead;
    lead = bootLead();
    const boot = lead === null || before === null ? null : monotonic + lead - before;
    return classifyGap({ wall, monotonic, boot, cpu: cpuTime() - cpuBefore, expected, threshold });
  }

  return {
    check() {
      const nowMonotonic = raw.monotonic();
      const nowWall = raw.now();
      const monotonic = nowMonotonic - lastMonotonic;
      const wall = nowWall - lastWall;
      lastMonotonic = nowMonotonic;
      lastWall = nowWall;
      const isLate = monotonic - expected >= threshold;
      // Most checks end here: the boot clock is a file, and is read only when something is odd.
      if (!isLate && Math.abs(wall - monotonic) < threshold) return monotonic;
      found = classify(monotonic, wall);
      return isLate ? expected : monotonic;
    },
    takeGap() {
      const gap = found;
      found = null;
      return gap;
    },
    resetCpuTime() {
      cpuBefore = cpuTime();
    },
  };
}

/** /proc/uptime includes suspend; elsewhere the uptime is derived from the wall clock and adds nothing. */
function readBootTime(): number | null {
  return isLinux ? uptime() * 1000 : null;
}

function readCpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
