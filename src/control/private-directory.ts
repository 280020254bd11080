// Whether a folder is ours alone, so that what lies in it can be trusted.
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { WatchdogError } from '../core/base/errors.ts';
import { codeOf, messageOf } from '../core/base/guards.ts';

/**
 * Makes `path` a folder that only its owner can enter; one of ours that is too open is closed.
 *
 * @throws WatchdogError HOME_UNUSABLE when it is a symbolic link, not a folder, someone else's, or cannot be made
 */
export function ensurePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(path, messageOf(error), error);
  }
  checkPrivateDirectory(path);
  if ((lstatSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
}

/** @throws WatchdogError HOME_UNUSABLE when it is there and is a symbolic link, not a folder or someone else's, or out of reach */
export function checkPrivateDirectory(path: string): void {
  const found = lookAt(path);
  if (found === undefined) return;
  if (found.isSymbolicLink()) throw unusable(path, 'it is a symbolic link');
  if (!found.isDirectory()) throw unusable(path, 'it is not a folder');
  const self = process.getuid?.();
  if (self !== undefined && found.uid !== self)
    throw unusable(path, `it belongs to user ${found.uid}, not to ${self}`);
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unusable(path, messageOf(error), error);
  }
}

/** The one error for a folder of the home that cannot be used as it is. */
export function unusable(path: string, reason: string, cause?: unknown): WatchdogError {
  const isFull = ['ENOSPC', 'EDQUOT'].includes(codeOf(cause) ?? '');
  return new WatchdogError('HOME_UNUSABLE', `Cannot use the folder "${path}": ${reason}`, {
    hint: isFull
      ? 'The disk is full: make room, then start it again'
      : 'Remove it or make it yours, or choose another home with --home DIR',
    ...(cause === undefined ? {} : { cause }),
  });
}
