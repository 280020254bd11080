// Load of the daemon itself: its share of a core over minutes, for what is worth its cost on a busy daemon only, and when its garbage is collected.
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import { ownCpuTime } from '../system/process/process-memory.ts';
import { collectAfterStart, noteLoad, settle } from '../system/v8-flags.ts';

export interface OwnLoadParts {
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Returns the CPU time of this process so far, ms. */
  readonly cpuTime?: () => number;
  /** @param share of one core, over the last minute or longer */
  readonly tell?: (share: number) => void;
  /** Called once, when what only the start needed is garbage. */
  readonly onSettled?: () => void;
}

/** Ms. The first such time is left out: a start is work that does not come again. */
const WINDOW = 60_000;
/** Ms until servers are probed, rules evaluated and clients back. */
const SETTLING = 25_000;

/** Measures with the daemon's ticks, so that no timer is needed. */
export function watchOwnLoad({
  bus,
  clock,
  cpuTime = ownCpuTime,
  tell = noteLoad,
  onSettled = settle,
}: OwnLoadParts): void {
  let since = { at: clock.monotonic(), cpu: cpuTime() };
  let isStart = true;
  let isSettled = false;
  bus.subscribe((event) => {
    if (event.kind !== 'ticked') return;
    const at = clock.monotonic();
    if (!isSettled && at - since.at >= SETTLING) {
      isSettled = true;
      onSettled();
    }
    if (at - since.at < WINDOW) return;
    const cpu = cpuTime();
    if (!isStart) tell((cpu - since.cpu) / (at - since.at));
    isStart = false;
    since = { at, cpu };
  });
}

/** Ms between two collections, for somebody who goes from tab to tab. */
const PAUSE = 60_000;

/**
 * Returns a function to call when work was done that does not come again: the heap is collected once what it left is garbage. The
 * first opening of the page leaves 2 MB, each later one half of that, which would stay for hours in a daemon that does little.
 */
export function collectLater({
  bus,
  clock,
  collect = collectAfterStart,
}: Pick<OwnLoadParts, 'bus' | 'clock'> & { readonly collect?: () => void }): () => void {
  let since: number | null = null;
  let collectedAt = Number.NEGATIVE_INFINITY;
  bus.subscribe((event) => {
    const now = clock.monotonic();
    if (event.kind !== 'ticked' || since === null) return;
    if (now - since < SETTLING || now - collectedAt < PAUSE) return;
    since = null;
    collectedAt = now;
    collect();
  });
  return () => {
    since = clock.monotonic();
  };
}
