// Paths of a home's control socket and lock: private folders, the place of the socket, and proof that a file is still ours.
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../core/base/guards.ts';
import { checkPrivateDirectory, fitsSocketPath, socketNotePath, unusable } from './find-socket.ts';
import { makeFolder } from '../system/files/make-folder.ts';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';
import { readFileOrNull } from '../system/files/read-file.ts';

/**
 * Makes the folder private and returns the path to listen on: in the run folder, or, when that path is too long, somewhere
 * short and just as private. That other place is noted in the run folder, because the two sides may see different environments.
 *
 * @throws WatchdogError HOME_UNUSABLE
 */
export function prepareSocketPath(wanted: string): string {
  ensurePrivateDirectory(dirname(wanted));
  if (fitsSocketPath(wanted)) {
    rmSync(socketNotePath(wanted), { force: true });
    return wanted;
  }
  const short = shortPath(wanted);
  writeFileAtomic(socketNotePath(wanted), short, { durable: false });
  return short;
}

/** Removes what was made outside the run folder, once nobody listens there any more. */
export function removeSocketPath(wanted: string, path: string): void {
  if (path === wanted) return;
  try {
    rmSync(socketNotePath(wanted), { force: true });
    rmSync(path, { force: true });
    rmdirSync(dirname(path));
  } catch {
    // The next daemon of this home finds the same place.
  }
}

/**
 * Makes a private folder for the socket among the temporary files. The same home gets the same place, so that a crash leaves
 * one stale folder, not one each; only where somebody else has that name is another one chosen.
 */
function shortPath(wanted: string): string {
  const owner = `mcp-watchdog-${process.getuid?.() ?? 0}`;
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const bases = [process.env['XDG_RUNTIME_DIR'], tmpdir(), '/tmp'].filter(
    (base): base is string => base !== undefined && isFolder(base),
  );
  const usual = bases.map((base) => join(base, `${owner}-${hash}`, SOCKET_NAME));
  // The folder in use is noted: a second daemon must find the first one there, and not note a place of its own.
  const noted = readFileOrNull(socketNotePath(wanted));
  const known = [...(noted === null ? [] : [noted]), ...usual].filter(fitsSocketPath);
  const free = known.find((path) => canBePrivate(dirname(path)));
  if (free !== undefined) return free;
  const base = bases.find((one) => fitsSocketPath(join(one, `${owner}-XXXXXX`, SOCKET_NAME)));
  // Fails with the reason of the usual place: there is no other.
  if (base === undefined) ensurePrivateDirectory(dirname(known[0] ?? join('/tmp', owner)));
  return join(mkdtempSync(join(base ?? '/tmp', `${owner}-`)), SOCKET_NAME);
}

const SOCKET_NAME = 'control.sock';

function canBePrivate(folder: string): boolean {
  try {
    ensurePrivateDirectory(folder);
    return true;
  } catch {
    return false;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Makes `path` a folder that only its owner can enter; one of ours that is too open is closed.
 *
 * @throws WatchdogError HOME_UNUSABLE when it is a symbolic link, not a folder, someone else's, or cannot be made
 */
export function ensurePrivateDirectory(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw unusable(path, messageOf(error), error);
  }
  checkPrivateDirectory(path);
  if ((lstatSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
}
