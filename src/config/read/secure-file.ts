// Reader of files that decide what is executed or who gets access: only when nobody else can have written them.
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf } from '../../core/base/guards.ts';

/** A config of a thousand servers takes a third of it. */
const LARGEST = 1024 * 1024;

export interface SecureFile {
  readonly text: string;
  /** Whether the group or anybody may read it. */
  readonly isReadableByOthers: boolean;
  /** Whether anybody at all may read it. */
  readonly isReadableByAll: boolean;
  /** The folder in which its group could replace the file; null when nobody can. */
  readonly replaceableIn: string | null;
}

const CODE = 'it decides what is executed';

/**
 * Checks and reads a file through one descriptor, so that what was checked is what is read.
 *
 * @param why reason for the check, as a half sentence
 * @throws WatchdogError CONFIG_UNREADABLE or CONFIG_UNSAFE
 */
export function readSecureFile(path: string, why = CODE): SecureFile {
  // Without O_NONBLOCK a named pipe would hold the daemon for ever.
  const descriptor = openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    refuseUnsafe(path, stats, why);
    return {
      replaceableIn: refuseOpenFolders(path, why),
      text: decode(path, readAll(descriptor, path)),
      isReadableByOthers: (stats.mode & 0o044) !== 0,
      isReadableByAll: (stats.mode & 0o004) !== 0,
    };
  } finally {
    closeSync(descriptor);
  }
}

function openFile(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (cause) {
    const code = codeOf(cause) ?? String(cause);
    throw unreadable(path, REASONS[code] ?? `the system says ${code}`, { cause, ...HINTS[code] });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  ENOTDIR: 'its path leads through something that is not a folder',
  ELOOP: 'its path is a circle of symbolic links',
};

const HINTS: Readonly<Record<string, { hint: string }>> = {
  ENOENT: { hint: 'run `mcp-watchdog init` to write a first one' },
  EACCES: { hint: 'make yourself its owner, with mode 600' },
  ENOTDIR: { hint: 'correct the path' },
  ELOOP: { hint: 'remove the link, and put a file in its place' },
};

const REPLACE = 'put a file of text in its place';

function refuseUnsafe(path: string, stats: Stats, why: string): void {
  if (!stats.isFile()) throw unreadable(path, 'it is not a regular file', { hint: REPLACE });
  const user = process.getuid?.() ?? stats.uid;
  // A file of root is trusted: root can do anything anyway.
  if (stats.uid !== user && stats.uid !== 0) {
    throw new WatchdogError(
      'CONFIG_UNSAFE',
      `Cannot trust ${path}: ${why} and belongs to user ${stats.uid}, not to you (${user})`,
      {
        hint: `make a copy of your own, or run: sudo chown ${user} ${quoted(path)}`,
      },
    );
  }
  if ((stats.mode & 0o022) !== 0) {
    throw new WatchdogError(
      'CONFIG_UNSAFE',
      `Cannot trust ${path}: ${why} and others may write it, its mode is ${modeOf(stats)}`,
      {
        hint: `chmod go-w ${quoted(path)}`,
      },
    );
  }
  if (stats.size > LARGEST) throw tooLarge(path);
}

const STICKY = 0o1000;

/**
 * Refuses a file in a folder that anybody may write: they could replace the file. In a sticky folder only owners can.
 * Where each user has a group alone, a folder that the group may write is usual and harmless: that is only a warning.
 */
function refuseOpenFolders(path: string, why: string): string | null {
  const folders = [...new Set([dirname(path), dirname(realpathSync(path))])];
  const open = folders.map((folder) => ({ folder, stats: statSync(folder) }));
  for (const { folder, stats } of open) {
    if ((stats.mode & 0o002) === 0 || (stats.mode & STICKY) !== 0) continue;
    throw new WatchdogError(
      'CONFIG_UNSAFE',
      `Cannot trust ${path}: ${why} and anybody may replace it, the mode of ${folder} is ${modeOf(stats)}`,
      { hint: `chmod o-w ${quoted(folder)}` },
    );
  }
  const shared = open.find(({ stats }) => (stats.mode & 0o020) !== 0 && (stats.mode & STICKY) === 0);
  return shared?.folder ?? null;
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o777).toString(8);
}

function readAll(descriptor: number, path: string): Buffer {
  const buffer = Buffer.alloc(LARGEST + 1);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (read === 0) return buffer.subarray(0, length);
    length += read;
    if (length > LARGEST) throw tooLarge(path);
  }
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(path, 'it is not UTF-8 text', { cause, hint: 'save it as UTF-8' });
  }
}

function tooLarge(path: string): WatchdogError {
  return unreadable(path, `it is larger than ${LARGEST} bytes`, { hint: REPLACE });
}

function unreadable(
  path: string,
  reason: string,
  options: { hint?: string; cause?: unknown },
): WatchdogError {
  return new WatchdogError('CONFIG_UNREADABLE', `Cannot read ${path}: ${reason}`, options);
}

function quoted(path: string): string {
  return /^[\w./@-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
