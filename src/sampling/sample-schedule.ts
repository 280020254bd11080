// Sample schedule: every interval, extra samples on request, never two at a time.
import type { Clock } from '../system/time/clock.ts';
import { untilTick } from '../system/time/tick.ts';

export interface SampleSchedule {
  start(): void;
  stop(): void;
  /** Changes the interval, counted from now. */
  changeInterval(interval: number): void;
  /** Schedules one extra run of the work shortly; further calls before it change nothing. */
  soon(): void;
  /** Runs the work at once; a run that is under way is awaited instead. */
  now(): Promise<void>;
}

export interface SampleScheduleOptions {
  /** Ms from one start to the next. */
  readonly interval: number;
  /** Ms from `soon()` to the extra work. */
  readonly shortly: number;
  /** Must not reject. */
  readonly work: () => Promise<void>;
}

export function createSampleSchedule(
  clock: Clock,
  { interval: initial, shortly, work }: SampleScheduleOptions,
): SampleSchedule {
  let interval = initial;
  let underWay: Promise<void> | null = null;
  let cancelTick: (() => void) | null = null;
  let cancelSoon: (() => void) | null = null;

  function now(): Promise<void> {
    underWay ??= work().finally(() => {
      underWay = null;
    });
    return underWay;
  }

  function waitForTick(delay = untilTick(clock, interval)): void {
    cancelTick = clock.after(delay, () => {
      waitForTick();
      void now();
    });
  }

  return {
    now,
    start() {
      if (cancelTick === null) waitForTick();
    },
    stop() {
      cancelTick?.();
      cancelSoon?.();
      cancelTick = cancelSoon = null;
    },
    changeInterval(changed) {
      interval = changed;
      if (cancelTick === null) return;
      cancelTick();
      waitForTick(interval);
    },
    soon() {
      cancelSoon ??= clock.after(shortly, () => {
        cancelSoon = null;
        void now();
      });
    },
  };
}
