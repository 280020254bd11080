// Virtual time for tests: nothing waits, `advance` runs what is due in order.
import type { Clock } from '../../src/system/time/clock.ts';

export class FakeClock implements Clock {
  /** Start of virtual time; moved alone, it is a wall-clock step. */
  wall = Date.UTC(2026, 0, 1);
  elapsed = 0;
  #alarms: { due: number; order: number; wake: () => void }[] = [];
  #order = 0;

  now(): number {
    return this.wall + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  after(delay: number, wake: () => void): () => void {
    const alarm = { due: this.elapsed + Math.max(0, delay), order: (this.#order += 1), wake };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** Runs everything due within `ms`, letting promise callbacks run between two alarms. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    await settle();
    for (;;) {
      const [next] = this.#alarms
        .filter((alarm) => alarm.due <= end)
        .sort((a, b) => a.due - b.due || a.order - b.order);
      if (next === undefined) break;
      this.#alarms = this.#alarms.filter((alarm) => alarm !== next);
      this.elapsed = Math.max(this.elapsed, next.due);
      next.wake();
      await settle();
    }
    this.elapsed = end;
  }

  /** Time passes with nobody awake: alarms that fell due ring late, all at once, as after a sleep. */
  async sleep(ms: number): Promise<void> {
    this.elapsed += ms;
    await this.advance(0);
  }

  get pending(): number {
    return this.#alarms.length;
  }
}

/** Lets everything that is already resolved run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}
