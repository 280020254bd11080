// Lock of a home that may be read-only or full: then lock and socket are among the temporary files.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { WatchdogError } from '../core/base/errors.ts';
import { codeOf } from '../core/base/guards.ts';
import { ensurePrivateDirectory } from './control-paths.ts';
import { fitsSocketPath, unusable } from './find-socket.ts';
import { acquireLock, type LockAttempt, lockHolder, releasedLocks } from './lock.ts';

/** Errors of a disk that takes no writes for now, while what is on it can be read. */
const DISK_TROUBLE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/** Tells whether an error means that the disk takes no writes for now; what else is wrong with a home needs a person. */
export function isDiskTrouble(error: unknown): boolean {
  const cause = error instanceof WatchdogError ? error.cause : error;
  return DISK_TROUBLE.has(codeOf(cause) ?? '');
}

/**
 * Tries to become the owner of the home by the lock in it.
 *
 * @param options.isRenewal this process owns the home already, by either lock
 * @throws WatchdogError HOME_UNUSABLE, also while the disk takes no writes, see `isDiskTrouble`
 */
export function acquireHomeLock(
  socketPath: string,
  { isRenewal = false }: { readonly isRenewal?: boolean } = {},
): LockAttempt {
  const own = acquireLock(homeLock(socketPath), { isRenewal });
  return own.held ? unlessHeld(own, fallbackHolder(socketPath), isRenewal) : own;
}

/** The same by the lock that stands in for it. @throws WatchdogError HOME_UNUSABLE */
export function acquireFallbackLock(
  socketPath: string,
  { isRenewal = false }: { readonly isRenewal?: boolean } = {},
): LockAttempt {
  const place = join(makeFallbackFolder(socketPath), LOCK_NAME);
  const own = acquireLock(place, { isRenewal });
  const others = [homeLock(socketPath), ...fallbackLocks(socketPath).filter((lock) => lock !== place)];
  if (!own.held) return own;
  const release = (): void => {
    own.release();
    tidy(place);
  };
  return unlessHeld({ ...own, release }, firstHolder(others), isRenewal);
}

/** Removes what nobody needs any more. Whoever takes the lock meanwhile has a file of its own, so that the folder stays. */
function tidy(place: string): void {
  try {
    for (const path of releasedLocks(place)) rmSync(path, { force: true });
    rmdirSync(place);
    rmdirSync(dirname(place));
  } catch {
    // In use, or kept for the record of a daemon that died.
  }
}

// Each takes its own lock first and looks at the other then: of two that take different ones at most one gets the home.
function unlessHeld(
  own: Extract<LockAttempt, { held: true }>,
  other: number | null,
  isRenewal: boolean,
): LockAttempt {
  if (other === null || (isRenewal && other === process.pid)) return own;
  own.release();
  return { held: false, pid: other };
}

/**
 * Makes the folder that stands in for the run folder.
 *
 * @param socketPath `Paths.socket`
 * @returns the folder; it is private
 * @throws WatchdogError HOME_UNUSABLE when none of the temporary folders has room for it
 */
function makeFallbackFolder(socketPath: string): string {
  let fault: WatchdogError | null = null;
  for (const folder of fallbackFolders(socketPath)) {
    if (!isFolder(dirname(folder))) continue;
    try {
      ensurePrivateDirectory(folder);
      return folder;
    } catch (error) {
      if (!(error instanceof WatchdogError)) throw error;
      fault ??= error;
    }
  }
  throw fault ?? unusable(dirname(socketPath), 'there is no temporary folder either');
}

/** Makes the path of the socket that stands in for the one in the home. @throws WatchdogError HOME_UNUSABLE */
export function prepareFallbackSocket(socketPath: string): string {
  return join(makeFallbackFolder(socketPath), SOCKET_NAME);
}

/** Lists the sockets that a daemon of this home may have made there. What is not ours alone is left out. */
export function fallbackSockets(socketPath: string): readonly string[] {
  return fallbackFolders(socketPath)
    .filter(isOursAlone)
    .map((folder) => join(folder, SOCKET_NAME))
    .filter((path) => existsSync(path));
}

/** Lists the lock folders that a daemon of this home may have made there. */
export function fallbackLocks(socketPath: string): readonly string[] {
  return fallbackFolders(socketPath)
    .filter(isOursAlone)
    .map((folder) => join(folder, LOCK_NAME));
}

/** Finds the living process that owns the home, by its lock or the one that stands in for it; null when nobody does. */
export function homeHolder(socketPath: string): number | null {
  return lockHolder(homeLock(socketPath)) ?? fallbackHolder(socketPath);
}

function fallbackHolder(socketPath: string): number | null {
  return firstHolder(fallbackLocks(socketPath));
}

function firstHolder(locks: readonly string[]): number | null {
  return locks.reduce<number | null>((pid, lock) => pid ?? lockHolder(lock), null);
}

const SOCKET_NAME = 'control.sock';
const LOCK_NAME = 'lock';

function homeLock(socketPath: string): string {
  return join(dirname(socketPath), LOCK_NAME);
}

/**
 * Lists where the folder may be. Nothing can be noted in the home, so both sides look at all of them: a service and a
 * terminal may have different environments. Named by the real path, since two names of one home must not be two places.
 */
function fallbackFolders(socketPath: string): readonly string[] {
  const uid = process.getuid?.() ?? 0;
  const home = realHome(dirname(dirname(socketPath)));
  const hash = createHash('sha256').update(home).digest('hex').slice(0, 12);
  const bases = [`/run/user/${uid}`, process.env['XDG_RUNTIME_DIR'], tmpdir(), '/tmp'];
  const known = bases.filter((base): base is string => base !== undefined && base !== '');
  return [...new Set(known)]
    .map((base) => join(base, `mcp-watchdog-${uid}-home-${hash}`))
    .filter((folder) => fitsSocketPath(join(folder, SOCKET_NAME)));
}

function realHome(home: string): string {
  try {
    return realpathSync(home);
  } catch {
    return home;
  }
}

function isOursAlone(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  const uid = process.getuid?.();
  return stats?.isDirectory() === true && (uid === undefined || stats.uid === uid);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
