// How the service file is put in place: whole, readable by its manager, and never through somebody else's link.
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';

// launchd refuses what others may write, and on some releases what others may not read. No secret is ever in it.
const MODE = 0o644;

/** @throws WatchdogError SERVICE_FAILED when there is one that cannot be read */
export function readServiceFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw refused('read', path, messageOf(error));
  }
}

/** Whether the file that is there is a regular one of ours with the mode that it must have. */
export function isServiceFileIntact(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && isOwn(found.uid) && (found.mode & 0o777) === MODE;
}

export interface StagedFile {
  /** From now on it is there. */
  commit(): void;
  /** As if nothing had been; harmless after `commit`. */
  discard(): void;
}

/**
 * Writes the text beside `path`; a full disk shows here, before a running service was touched.
 *
 * @throws WatchdogError SERVICE_FAILED when it cannot be written, or when what is there is a link or not ours
 */
export function stageServiceFile(path: string, text: string): StagedFile {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  attempt(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    refuseForeign(path);
    writeFileSync(temporary, text, { flag: 'wx', mode: MODE });
    // The umask has its say in the line above, and not here.
    chmodSync(temporary, MODE);
  });
  return {
    commit: () => attempt(path, () => renameSync(temporary, path)),
    discard: () => rmSync(temporary, { force: true }),
  };
}

/**
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
      ? `Remove it, and see that the folder is yours: ls -ld "${dirname(path)}"`
      : `See whose it is: ls -l "${path}"`;
  return new WatchdogError('SERVICE_FAILED', `Cannot ${action} the service file ${path}: ${reason}`, {
    hint,
  });
}
