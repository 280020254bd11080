// Process table that is read again only where it can matter: processes that are new, and those that somebody follows.
import type { ProcessRow } from '../core/lifecycle/process-tree.ts';
import type { Clock } from '../system/time/clock.ts';

/** Parts of the system's table that can be read one by one. */
export interface TableParts {
  /** Lists the pids of all processes. @throws the system's error */
  readonly listPids: () => readonly number[];
  /** Reads these, in the same order; null for what is gone or may not be read. @throws the system's error, and the signal's reason */
  readonly readSome: (
    pids: readonly number[],
    signal?: AbortSignal,
  ) => Promise<readonly (ProcessRow | null)[]>;
  /** Returns the pid that was given to a process last; null where the system does not tell. */
  readonly lastPid: () => number | null;
  /** Opens a reader of the processes that are followed, which are read again and again; left out where it would gain nothing. */
  readonly openFollowed?: () => FollowedReader;
}

/** Reader that may keep something open for each process that it has read. */
interface FollowedReader {
  /** Reads the process that has this pid now; null for what is gone or may not be read. @throws the system's error */
  read(pid: number): ProcessRow | null;
  /** Closes what is kept for all others. */
  keepOnly(pids: ReadonlySet<number>): void;
}

export interface SparingTable {
  /**
   * Reads the table. Of processes that are neither new nor followed, a row is as it was up to 39 readings ago.
   *
   * @param followed pids whose rows must be of now
   * @throws the system's error, and the signal's reason
   */
  read(followed: ReadonlySet<number>, signal?: AbortSignal): Promise<TableReading>;
  /** Closes what is kept open; the next reading opens it again. */
  release(): void;
}

export interface TableReading {
  readonly rows: readonly ProcessRow[];
  /** Whether this row, which must be one of `rows`, is of now. */
  readonly isFresh: (row: ProcessRow) => boolean;
  /** Returns the row with this pid, until the next reading. */
  readonly find: (pid: number) => ProcessRow | null;
}

/**
 * Readings from one of everything to the next: ten minutes of samples at the default interval. Nothing is known that it would
 * find; with 250 processes on the machine and each eighth reading, it was three quarters of all that was read.
 */
const WHOLE_EVERY = 40;

/** Ms after which everything is read: by then the pids may have begun again at the start, and gone by where they were. */
const LONGEST_GAP = 60_000;

/**
 * Remembers the rows of processes that nobody follows. A foreign process does not become one of a server: its parents are
 * foreign, and only processes of its own session can share a group with it. Pids are given in ascending order, beginning again
 * at the end, so a known pid outside of those given since the last reading still is the same process. Where an unknown pid
 * is outside of them, the system gives them in another way, and everything is read each time.
 */
export function createSparingTable(
  { listPids, readSome, lastPid, openFollowed }: TableParts,
  clock: Pick<Clock, 'now'>,
): SparingTable {
  const known = new Map<number, ProcessRow | null>();
  const followedReader = openFollowed?.() ?? null;
  /** The last pid before the last listing. */
  let since: number | null = null;
  let readAt = -Infinity;
  let isInOrder = true;
  let readings = 0;

  /** Pids whose rows are not known to hold; null for all of them. */
  function staleAmong(pids: readonly number[], followed: ReadonlySet<number>): number[] | null {
    const [from, to] = [since, lastPid()];
    const isRecent = Math.abs(clock.now() - readAt) < LONGEST_GAP;
    if (!isInOrder || !isRecent || from === null || to === null || readings % WHOLE_EVERY === 0) return null;
    const stale: number[] = [];
    for (const pid of pids) {
      const isNew = from <= to ? pid > from && pid <= to : pid > from || pid <= to;
      if (!isNew && !known.has(pid)) {
        isInOrder = false;
        return null;
      }
      if (isNew || followed.has(pid)) stale.push(pid);
    }
    return stale;
  }

  /** Reads these, the followed ones by what is kept open for them. */
  async function readStale(
    stale: readonly number[],
    followed: ReadonlySet<number>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const others = followedReader === null ? stale : stale.filter((pid) => !followed.has(pid));
    const found = await readSome(others, signal);
    for (const [index, pid] of others.entries()) known.set(pid, found[index] ?? null);
    if (followedReader === null) return;
    for (const pid of stale) if (followed.has(pid)) known.set(pid, followedReader.read(pid));
    followedReader.keepOnly(followed);
  }

  /** Forgets who is gone. All of `pids` are known. */
  function forgetOthers(pids: readonly number[]): void {
    if (known.size === pids.length) return;
    const living = new Set(pids);
    for (const pid of known.keys()) if (!living.has(pid)) known.delete(pid);
  }

  return {
    async read(followed, signal) {
      const at = clock.now();
      const before = isInOrder ? lastPid() : null;
      const pids = listPids();
      const stale = staleAmong(pids, followed) ?? pids;
      await readStale(stale, followed, signal);
      forgetOthers(pids);
      since = before;
      readAt = at;
      readings += 1;
      const fresh = new Set(stale);
      return {
        rows: [...known.values()].filter((row) => row !== null),
        isFresh: ({ pid }) => fresh.has(pid),
        find: (pid) => known.get(pid) ?? null,
      };
    },
    release: () => followedReader?.keepOnly(new Set()),
  };
}
