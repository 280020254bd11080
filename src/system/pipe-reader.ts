// Watch on the reader of a pipe that this process writes: a command that has nothing to print learns that nobody reads it.
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isLinux } from './platform.ts';
import type { Clock } from './time/clock.ts';

/** ms. */
const INTERVAL = 500;

/**
 * Calls `onGone` once when the last reader of a pipe has closed it; the returned function ends the watch.
 *
 * The kernel tells a writer only when it writes, and Node polls a pipe only while something is to be written. So this looks
 * for the readers below `/proc`: all processes once, then only those that were found. Elsewhere than on Linux, for other
 * kinds of files, and for readers of other users it never calls. On macOS kqueue would tell, but Node gives no way to ask it
 * about a descriptor that only writes, an empty write succeeds, and `lsof` would be a process each half second.
 */
export function watchPipeReader(fd: number, clock: Clock, onGone: () => void): () => void {
  const pipe = isLinux ? pipeOf(fd) : null;
  return pipe === null ? () => {} : watch(pipe, clock, onGone);
}

function watch(target: string, clock: Clock, onGone: () => void): () => void {
  let readers = findReaders(target);
  if (readers.length === 0) return () => {};
  let cancel = (): void => {};

  function look(): void {
    readers = readers.filter((path) => targetOf(path) === target);
    // One may have handed it on, as a shell does that forks.
    if (readers.length === 0) readers = findReaders(target);
    if (readers.length === 0) onGone();
    else cancel = clock.after(INTERVAL, look);
  }

  cancel = clock.after(INTERVAL, look);
  return () => cancel();
}

/** Returns what links to this pipe look like; null for what is no pipe. */
function pipeOf(fd: number): string | null {
  try {
    const { ino } = fstatSync(fd);
    const target = `pipe:[${ino}]`;
    return targetOf(`/proc/self/fd/${fd}`) === target ? target : null;
  } catch {
    return null;
  }
}

/** Lists descriptors that read the pipe, as paths below `/proc`. */
function findReaders(target: string): string[] {
  return namesIn('/proc').flatMap((pid) =>
    /^\d+$/u.test(pid)
      ? namesIn(`/proc/${pid}/fd`)
          .filter((fd) => targetOf(`/proc/${pid}/fd/${fd}`) === target && isReading(pid, fd))
          .map((fd) => `/proc/${pid}/fd/${fd}`)
      : [],
  );
}

/** The last octal digit of the flags is the access mode: 0 reads, 1 writes, 2 does both. */
function isReading(pid: string, fd: string): boolean {
  try {
    return /^flags:\s*\d*[02]$/mu.test(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'));
  } catch {
    return false;
  }
}

/** Null for what is gone, and for what belongs to others. */
function targetOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
