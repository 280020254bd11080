// Memory footprint of each process, as of the last reading: a reading is slow, so it is rare.
import { processKey, type ProcessRow } from '../core/lifecycle/process-tree.ts';
import { messageOf } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import type { ReadFootprints } from '../system/process/process-memory.ts';
import { createExclusiveTimeout } from './exclusive-timeout.ts';

export interface Footprints {
  /** Starts a reading when the last one is old enough; does not wait for it. `rows` are all processes, as of now. */
  refresh(rows: readonly ProcessRow[]): void;
  /** Returns the last reading; null where there is none, or it is out of date. */
  latest(): FootprintReading | null;
}

export interface FootprintReading {
  /** Counts the readings. */
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

/** Ms from one reading to the next: one takes about a second of CPU time. */
const INTERVAL = 60_000;

/** What is older is not shown any more, and counts for no limit. */
const MAX_AGE = 3 * INTERVAL;

const TIMEOUT = 25_000;

export function createFootprints({ clock, read, onCollected }: FootprintOptions): Footprints {
  const timeout = createExclusiveTimeout(clock, TIMEOUT);
  let found: (FootprintReading & { readonly at: number }) | null = null;
  let startedAt = Number.NEGATIVE_INFINITY;
  let readings = 0;

  async function readNow(readFootprints: ReadFootprints, rows: readonly ProcessRow[]): Promise<void> {
    startedAt = clock.monotonic();
    let error: string | null = null;
    try {
      const byPid = await timeout.run(readFootprints);
      readings += 1;
      found = { number: readings, bytes: byKey(byPid, rows), at: startedAt };
    } catch (reason) {
      error = messageOf(reason).split('\n', 1)[0] ?? '';
    }
    onCollected(clock.monotonic() - startedAt, error);
  }

  return {
    refresh(rows) {
      if (read !== null && clock.monotonic() - startedAt >= INTERVAL) void readNow(read, rows);
    },
    latest: () => (found !== null && clock.monotonic() - found.at < MAX_AGE ? found : null),
  };
}

/** Keys the bytes by process: a pid alone may be another process by the time that its number is used. */
function byKey(byPid: ReadonlyMap<number, number>, rows: readonly ProcessRow[]): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const row of rows) {
    const own = byPid.get(row.pid);
    if (own !== undefined) bytes.set(processKey(row), own);
  }
  return bytes;
}
