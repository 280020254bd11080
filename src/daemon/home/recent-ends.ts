// Recent unplanned ends of servers: what the next daemon needs to go on with their restart budgets after this one was killed.
import { isObject } from '../../core/base/guards.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';

export interface RecentEnds {
  /** Returns the ends of a server that its budget still remembers, oldest first, ms since the epoch. */
  list(server: string): readonly number[];
  /**
   * Takes in what a killed daemon saved of a server, and returns it as times of `clock.monotonic()`. A time in the future,
   * from before the clock was set back, is left out.
   *
   * @param saved JSON of any age and shape
   */
  restore(server: string, saved: unknown): readonly number[];
  /** Forgets all: a daemon that ends in an orderly way leaves each server a fresh budget. */
  clear(): void;
}

/** As many as a budget can count. */
const MOST = 10_000;

/** @param clock that of the lifecycles, whose times are those of its `monotonic()` */
export function followEnds(bus: Pick<Bus, 'subscribe'>, clock: Pick<Clock, 'now' | 'monotonic'>): RecentEnds {
  const failures = new Map<string, readonly number[]>();
  const epoch = (): number => clock.now() - clock.monotonic();
  bus.subscribe((event) => {
    if (event.kind === 'transition') failures.set(event.server, event.to.failures);
    if (event.kind === 'server-removed') failures.delete(event.server);
  });
  return {
    list: (server) => (failures.get(server) ?? []).map((at) => Math.round(epoch() + at)),
    restore(server, saved) {
      const ends = isObject(saved) && Array.isArray(saved['ends']) ? saved['ends'].slice(-MOST) : [];
      const restored = ends.filter((at) => isPast(at, clock.now())).map((at) => at - epoch());
      failures.set(server, restored);
      return restored;
    },
    clear: () => failures.clear(),
  };
}

function isPast(at: unknown, now: number): at is number {
  return typeof at === 'number' && Number.isFinite(at) && at <= now;
}
