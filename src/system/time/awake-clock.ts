// Clock that counts awake time only: after a suspend nothing is overdue.
import { uptime } from 'node:os';
import { classifyGap, type ClockGap } from '../../core/lifecycle/clock-gap.ts';
import type { Clock } from './clock.ts';

export interface AwakeClockOptions {
  /** Told once of every gap, within the call that discovered it and before that call returns. */
  readonly onGap: (gap: ClockGap) => void;
  /** Ms between two looks of our own, so that a gap is seen even when nobody asks for the time. */
  readonly heartbeat?: number;
  /** Ms of lateness, or of a wall-clock step, from which on it is a gap. */
  readonly threshold?: number;
  /** Ms since boot, sleep included; null where no clock tells that apart, and under virtual time. */
  readonly bootTime?: () => number | null;
  /** Ms of processor time that this process has used. */
  readonly cpuTime?: () => number;
}

export interface AwakeClock {
  /** `monotonic()` and `after()` are in awake time; `now()` stays the wall clock. Right only once started. */
  readonly clock: Clock;
  start(): void;
  stop(): void;
}

/** Timers ring up to a millisecond early; setting them again for that would only burn time. */
const EARLY = 1;

/**
 * Counts awake time: a gap adds one heartbeat, whatever it lasted. Whoever asks for the time first after a gap
 * discovers it, so that no deadline is judged, and no overdue alarm rings, before the gap is known.
 */
export function createAwakeClock(raw: Clock, options: AwakeClockOptions): AwakeClock {
  const { heartbeat = 2000, onGap } = options;
  const gaps = createGapDetector(raw, options);
  let awake = 0;
  let cancel: (() => void) | null = null;

  function monotonic(): number {
    const { passed, gap } = gaps.look();
    // Counted before it is told: whoever is told may ask for the time.
    awake += passed;
    if (gap !== null) onGap(gap);
    return awake;
  }

  function beat(): void {
    cancel = raw.after(heartbeat, beat);
    monotonic();
    gaps.settle();
  }

  return {
    clock: {
      now: () => raw.now(),
      monotonic,
      after: (delay, wake) => setAlarm(raw, { due: monotonic() + delay, monotonic, wake }),
    },
    start() {
      gaps.look();
      if (cancel === null) beat();
    },
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}

interface Alarm {
  /** Awake ms. */
  readonly due: number;
  readonly monotonic: () => number;
  readonly wake: () => void;
}

/** Rings once awake time has come to `due`; a raw timer that rings before, as after a gap, is set again. */
function setAlarm(raw: Clock, { due, monotonic, wake }: Alarm): () => void {
  let isCancelled = false;
  let cancelRaw = raw.after(due - monotonic(), ring);

  function ring(): void {
    const left = due - monotonic();
    // Whoever was just told of a gap may have cancelled this very alarm.
    if (isCancelled) return;
    if (left > EARLY) cancelRaw = raw.after(left, ring);
    else wake();
  }

  return () => {
    isCancelled = true;
    cancelRaw();
  };
}

interface GapDetector {
  /** Ms that passed awake since the last look, and the gap among them if there was one. */
  look(): { readonly passed: number; readonly gap: ClockGap | null };
  /** Processor time used so far is no part of a gap that comes later. */
  settle(): void;
}

function createGapDetector(raw: Clock, options: AwakeClockOptions): GapDetector {
  const {
    heartbeat: expected = 2000,
    threshold = 10_000,
    bootTime = readBootTime,
    cpuTime = readCpuTime,
  } = options;
  let last = { monotonic: raw.monotonic(), wall: raw.now() };
  let cpuBefore = cpuTime();
  let lead = bootLead();

  /** How far the boot clock is ahead of the monotonic one: on Linux it grows by every suspend. */
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
    look() {
      const monotonic = raw.monotonic() - last.monotonic;
      const wall = raw.now() - last.wall;
      last = { monotonic: last.monotonic + monotonic, wall: last.wall + wall };
      const isLate = monotonic - expected >= threshold;
      // Most looks end here: the boot clock is a file, and is read only when something is odd.
      if (!isLate && Math.abs(wall - monotonic) < threshold) return { passed: monotonic, gap: null };
      return { passed: isLate ? expected : monotonic, gap: classify(monotonic, wall) };
    },
    settle() {
      cpuBefore = cpuTime();
    },
  };
}

/** /proc/uptime counts suspend in; elsewhere the uptime is made from the wall clock and tells nothing new. */
function readBootTime(): number | null {
  return process.platform === 'linux' ? uptime() * 1000 : null;
}

function readCpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
