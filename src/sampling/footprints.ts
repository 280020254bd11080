// What memory each process is charged for, as of the last time that somebody looked: looking is slow, so it is rare.
import { processKey, type ProcessRow } from '../core/lifecycle/process-tree.ts';
import { messageOf } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import type { ReadFootprints } from '../system/process/memory-footprint.ts';
import { createExclusiveTimeout } from './exclusive-timeout.ts';

export interface Footprints {
  /** Looks again when the last look is old enough; does not wait for it. `rows` are all processes, as of now. */
  refresh(rows: readonly ProcessRow[]): void;
  /** What was found, null where nobody looked or it is out of date. */
  latest(): FootprintReading | null;
}

export interface FootprintReading {
  /** Counts the looks. */
  readonly number: number;
  /** Bytes, by `processKey()`. */
  readonly bytes: ReadonlyMap<string, number>;
}

export interface FootprintOptions {
  readonly clock: Clock;
  /** Null where the system does not tell. */
  readonly read: ReadFootprints | null;
  readonly onCollected: (took: number, error: string | null) => void;
}

/** Ms from one look to the next: one takes about a second of a processor. */
const EVERY = 60_000;

/** What is older is not shown any more, and no limit counts it. */
const KEEP = 3 * EVERY;

const TIMEOUT = 25_000;

export function createFootprints({ clock, read, onCollected }: FootprintOptions): Footprints {
  const deadline = createExclusiveTimeout(clock, TIMEOUT);
  let found: (FootprintReading & { readonly at: number }) | null = null;
  let startedAt = Number.NEGATIVE_INFINITY;
  let looks = 0;

  async function look(reading: ReadFootprints, rows: readonly ProcessRow[]): Promise<void> {
    startedAt = clock.monotonic();
    let error: string | null = null;
    try {
      const byPid = await deadline.run(reading);
      looks += 1;
      found = { number: looks, bytes: byKey(byPid, rows), at: startedAt };
    } catch (reason) {
      error = messageOf(reason).split('\n', 1)[0] ?? '';
    }
    onCollected(clock.monotonic() - startedAt, error);
  }

  return {
    refresh(rows) {
      if (read !== null && clock.monotonic() - startedAt >= EVERY) void look(read, rows);
    },
    latest: () => (found !== null && clock.monotonic() - found.at < KEEP ? found : null),
  };
}

/** A pid alone may be another process by the time that its number is used. */
function byKey(byPid: ReadonlyMap<number, number>, rows: readonly ProcessRow[]): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const row of rows) {
    const own = byPid.get(row.pid);
    if (own !== undefined) bytes.set(processKey(row), own);
  }
  return bytes;
}
