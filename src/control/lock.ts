// Lock of a home: at most one living owner, whatever crashed before and however many start at once.
//
// `lock/<n>` holds the identity of the owner, n counts owners. A file is created whole, by link(2), which fails when it
// exists; the highest one is never removed. So of all who found n abandoned, exactly one gets n + 1, and who was so slow
// that n + 1 is already history finds a higher one after linking and gives way. No time-outs, no removal of another's lock.
import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, isObject, messageOf, parseJson } from '../core/base/guards.ts';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';
import { identifyProcess, checkIdentity } from '../system/process/process-identity.ts';
import type { ProcessIdentity } from '../system/process/process-identity.ts';
import { ensurePrivateDirectory } from './control-paths.ts';
import { trackFileIdentity } from './file-identity.ts';
import { unusable } from './find-socket.ts';
import { readFileOrNull } from '../system/files/read-file.ts';

export type LockAttempt =
  | {
      readonly held: true;
      /** Lets the next one in; the process may live on. */
      readonly release: () => void;
      /** False once somebody has taken the file away. */
      readonly isOurs: () => boolean;
    }
  | { readonly held: false; readonly pid: number };

// A reader of the folder must meet one of these while owners change under it.
const KEPT = 8;

const RELEASED = 'released\n';

/**
 * Tries to become the owner of the home; answers at once, with the pid of the owner when there is one.
 *
 * @param options.isRenewal this process held it before: a lock of its own that comes back, with a volume that was away,
 * is no other owner
 * @throws WatchdogError HOME_UNUSABLE, also when the folder cannot be written
 */
export function acquireLock(
  directory: string,
  { isRenewal = false }: { readonly isRenewal?: boolean } = {},
): LockAttempt {
  ensurePrivateDirectory(directory);
  const draft = join(directory, `draft-${process.pid}-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(draft, JSON.stringify(identifyProcess(process.pid)), { flag: 'wx', mode: 0o600 });
    return climb(directory, draft, isRenewal);
  } catch (error) {
    throw unusable(directory, messageOf(error), error);
  } finally {
    remove(draft);
  }
}

/** Finds the living process that owns the home; null when nobody does. */
export function lockHolder(directory: string): number | null {
  try {
    const highest = generations(directory).at(-1) ?? 0;
    return readOwner(join(directory, String(highest)))?.pid ?? null;
  } catch {
    return null;
  }
}

/** Lists the owners that died without releasing the lock, as far back as that is kept; the own process is not among them. */
export function previousOwners(directory: string): readonly ProcessIdentity[] {
  try {
    return generations(directory)
      .map((generation) => parseIdentity(readFileOrNull(join(directory, String(generation))) ?? ''))
      .filter((owner) => owner !== null)
      .filter((owner) => owner.pid !== process.pid || checkIdentity(owner) === 'recycled');
  } catch {
    return [];
  }
}

/** Lists the files of owners that have released the lock. */
export function releasedLocks(directory: string): readonly string[] {
  return generations(directory)
    .map((generation) => join(directory, String(generation)))
    .filter((path) => readFileOrNull(path) === RELEASED);
}

function climb(directory: string, draft: string, isRenewal: boolean): LockAttempt {
  for (;;) {
    const highest = generations(directory).at(-1) ?? 0;
    const owner = readOwner(join(directory, String(highest)));
    if (owner !== null && !(isRenewal && owner.pid === process.pid)) return { held: false, pid: owner.pid };
    const own = highest + 1;
    if (!tryLink(draft, join(directory, String(own)))) continue;
    const all = generations(directory);
    if (all.at(-1) === own) return hold(directory, own, all);
    rmSync(join(directory, String(own)), { force: true });
  }
}

function hold(directory: string, own: number, all: readonly number[]): LockAttempt {
  const file = join(directory, String(own));
  const isOurs = trackFileIdentity(file);
  for (const old of all) if (old <= own - KEPT) rmSync(join(directory, String(old)), { force: true });
  return {
    held: true,
    isOurs,
    release() {
      // In a home that was created again the same number may be another's.
      if (isOurs()) markReleased(file);
    },
  };
}

/** On a disk without room the file is overwritten in place. One that takes no writes at all stays: its owner is dead soon. */
function markReleased(file: string): void {
  try {
    writeFileAtomic(file, RELEASED, { durable: false });
  } catch {
    try {
      writeFileSync(file, RELEASED);
    } catch {
      // The lock of a dead process is taken over.
    }
  }
}

/** A file that cannot be removed stays behind; that is no reason to fail, nor to hide why we failed before. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The clean-up of the home finds it.
  }
}

function generations(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => /^[1-9]\d*$/u.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The process that wrote the file, when it still lives. */
function readOwner(path: string): ProcessIdentity | null {
  const owner = parseIdentity(readFileOrNull(path) ?? '');
  if (owner === null) return null;
  const verdict = checkIdentity(owner);
  // Where the system does not tell, a living pid has to do: two daemons are worse than a file to remove by hand.
  return verdict === 'same' || (verdict === 'unknown' && isAlive(owner.pid)) ? owner : null;
}

// A file that a power cut left empty names nobody.
function parseIdentity(text: string): ProcessIdentity | null {
  const value = parseJson(text);
  return isIdentity(value) ? value : null;
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (!isObject(value)) return false;
  const { pid, startToken, bootId } = value;
  return (
    typeof pid === 'number' &&
    typeof startToken === 'string' &&
    (bootId === null || typeof bootId === 'string')
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
