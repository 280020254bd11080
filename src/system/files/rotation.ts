// Log rotation on disk: open for append, recognise a file by its inode, rename to `.1`, `.2`, ….
import {
  constants,
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { dirname } from 'node:path';

/** A log file open for appending. */
export interface OpenLog {
  readonly descriptor: number;
  /** Device and inode: stays the same when the file is renamed. */
  readonly identity: string;
  /** Bytes. */
  readonly size: number;
  /** The file ends in half a line, as after a crash: the next line must start on a new one. */
  readonly isTorn: boolean;
}

/** Returns the path of the `age`-th rotated file: `a.log.1` is the newest, 0 the current file. */
export function rotatedPath(path: string, age: number): string {
  return age === 0 ? path : `${path}.${age}`;
}

/** Returns the same text for two names of one file, and for a file that was renamed. */
export function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** Returns the identity of what is at `path` now, links not followed; null when nothing is there. */
export function identityAt(path: string): string | null {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : identityOf(stats);
}

/**
 * Opens or creates (0600, folders 0700) the file to append to.
 *
 * @throws the system's error; ELOOP for a symbolic link, so that nobody can redirect our log into another file
 */
export function openForAppend(path: string): OpenLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // NONBLOCK: opening a named pipe that nobody reads would block the daemon.
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const descriptor = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    if (!stats.isFile()) throw new Error(`Cannot log to ${path}: it is not a regular file`);
    const size = Number(stats.size);
    return {
      descriptor,
      identity: identityOf(stats),
      size,
      isTorn: size > 0 && !endsWithNewline(descriptor, size),
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function endsWithNewline(descriptor: number, size: number): boolean {
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}

/** Renames `path` to `path.1`, `path.1` to `path.2` and so on; only `keep` of them remain. */
export function rotate(path: string, keep: number): void {
  removeOlderThan(path, keep);
  // Only up to the first gap: a rotation that is retried after a failure half-way must not push old files out.
  let free = 1;
  while (free < keep && isThere(rotatedPath(path, free))) free += 1;
  for (let age = Math.min(free, keep); age > 0; age -= 1)
    renameSync(rotatedPath(path, age - 1), rotatedPath(path, age));
  if (keep === 0) rmSync(path, { force: true });
}

// They exist after `keep` was lowered.
function removeOlderThan(path: string, keep: number): void {
  for (let age = keep + 1; isThere(rotatedPath(path, age)); age += 1) rmSync(rotatedPath(path, age));
}

function isThere(path: string): boolean {
  return identityAt(path) !== null;
}
