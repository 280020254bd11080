// Place of a home's control socket, for the side that connects. Apart from what makes it, which a command need not load.
import { lstatSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { WatchdogError } from '../core/base/errors.ts';
import { codeOf, messageOf } from '../core/base/guards.ts';
import { readFileOrNull } from '../system/files/read-file.ts';

/** `sun_path` holds 104 bytes on macOS, the final 0 included; longer paths are cut silently by some systems. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Tells whether the system can bind a socket at `path`. */
export function fitsSocketPath(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
}

/** Names the file that says where the socket is when it is not in the run folder. */
export function socketNotePath(wanted: string): string {
  return `${wanted}.path`;
}

/**
 * Finds the socket, for the side that connects; null when there can be none.
 *
 * @throws WatchdogError HOME_UNUSABLE when a folder on the way is not ours alone
 */
export function findSocket(wanted: string): string | null {
  checkPrivateDirectory(dirname(wanted));
  const path = fitsSocketPath(wanted) ? wanted : readFileOrNull(socketNotePath(wanted));
  if (path !== null) checkPrivateDirectory(dirname(path));
  return path;
}

/** @throws WatchdogError HOME_UNUSABLE when it is there and is a symbolic link, not a folder, someone else's, or out of reach */
export function checkPrivateDirectory(path: string): void {
  const found = statsOf(path);
  if (found === undefined) return;
  if (found.isSymbolicLink()) throw unusable(path, 'it is a symbolic link');
  if (!found.isDirectory()) throw unusable(path, 'it is not a folder');
  const self = process.getuid?.();
  if (self !== undefined && found.uid !== self)
    throw unusable(path, `it belongs to user ${found.uid}, not to ${self}`);
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unusable(path, messageOf(error), error);
  }
}

/** Makes the one error for a folder of the home that cannot be used as it is. */
export function unusable(path: string, reason: string, cause?: unknown): WatchdogError {
  const code = codeOf(cause) ?? '';
  return new WatchdogError('HOME_UNUSABLE', `Cannot use the folder "${path}": ${reason}`, {
    hint: CURES[code] ?? 'Remove it or make it yours, or choose another home with --home DIR',
    ...(cause === undefined ? {} : { cause }),
  });
}

const FULL = 'The disk is full: make room, then start it again';
/** Cures by the code of the system's error. */
const CURES: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  // What is in the way may be anything: nobody is told to remove it.
  ENOTDIR: 'A part of this path is a file: choose a folder with --home DIR',
};
