// Service file on disk: written atomically, readable by its manager, never through a foreign symbolic link.
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';

// launchd refuses what others may write, and on some releases what others may not read. No secret is ever in it.
const MODE = 0o644;

/**
 * Reads the service file; null when there is none.
 *
 * @throws WatchdogError SERVICE_FAILED when there is one that cannot be read
 */
export function readServiceFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw refused('read', path, messageOf(error));
  }
}

/** True when the installed file is a regular file of this user with mode 644. */
export function isServiceFileIntact(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && isOwn(found.uid) && (found.mode & 0o777) === MODE;
}

export interface StagedFile {
  /** Moves it to its final path. */
  commit(): void;
  /** Removes the temporary file; harmless after `commit`. */
  discard(): void;
}

/**
 * Writes the text to a temporary file beside `path`, so that a full disk shows before a running service is touched.
 *
 * @throws WatchdogError SERVICE_FAILED when it cannot be written, or when `path` is a link or belongs to another user
 */
export function stageServiceFile(path: string, text: string): StagedFile {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  attempt(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    refuseForeign(path);
    writeFileSync(temporary, text, { flag: 'wx', mode: MODE });
    // writeFileSync applies the umask, chmodSync does not.
    chmodSync(temporary, MODE);
  });
  return {
    commit: () => attempt(path, () => renameSync(temporary, path)),
    discard: () => rmSync(temporary, { force: true }),
  };
}

/**
 * Removes the service file.
 *
 * @returns false when there was none
 * @throws WatchdogError SERVICE_FAILED
 */
export function removeServiceFile(path: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
  try {
    rmSync(path);
    return true;
  } catch (error) {
    throw refused('remove', path, messageOf(error));
  }
}

function refuseForeign(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isSymbolicLink())
    throw refused('write', path, 'it is a symbolic link, which is not read at login');
  if (!found.isFile()) throw refused('write', path, 'it is not a regular file');
  if (!isOwn(found.uid)) throw refused('write', path, `it belongs to user ${found.uid}`);
}

function isOwn(uid: number): boolean {
  const self = process.geteuid?.();
  return self === undefined || uid === self;
}

function attempt(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof WatchdogError) throw error;
    throw refused('write', path, messageOf(error));
  }
}

function refused(action: 'read' | 'write' | 'remove', path: string, reason: string): WatchdogError {
  const hint =
    action === 'write'
      ? `Remove it, and make sure that the folder is yours: ls -ld "${dirname(path)}"`
      : `Check who owns it: ls -l "${path}"`;
  return new WatchdogError('SERVICE_FAILED', `Cannot ${action} the service file ${path}: ${reason}`, {
    hint,
  });
}
