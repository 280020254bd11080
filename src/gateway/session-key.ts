// Key that signs session ids: a file that only its owner can read, made anew when it is lost.
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { codeOf } from '../core/base/guards.ts';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';

/** Why a key is not the one of the last daemon; its clients greet again, as their sessions end. */
type KeyLoss = 'missing' | 'damaged' | 'readable-by-others' | 'unreadable';

export interface SessionKey {
  readonly key: Buffer;
  /** Null for the key as it was. A home that never had one is `missing` too. */
  readonly loss: KeyLoss | null;
  /** Why the key could not be written: then it, and all sessions, end with this daemon. */
  readonly unsaved: Error | null;
}

const LENGTH = 32;

/** Reads the key, or makes one. Never throws: without a file the key is only in memory. */
export function loadSessionKey(path: string): SessionKey {
  const found = readKey(path);
  if (Buffer.isBuffer(found)) return { key: found, loss: null, unsaved: null };
  const key = randomBytes(LENGTH);
  try {
    writeFileAtomic(path, `${key.toString('hex')}\n`);
    return { key, loss: found, unsaved: null };
  } catch (error) {
    return { key, loss: found, unsaved: error instanceof Error ? error : new Error(String(error)) };
  }
}

function readKey(path: string): Buffer | KeyLoss {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'missing' : 'unreadable';
  }
  try {
    // Whoever has read it can make ids of any session.
    if ((fstatSync(descriptor).mode & 0o077) !== 0) return 'readable-by-others';
    const text = readFileSync(descriptor, 'latin1').trim();
    return /^[\da-f]{64}$/u.test(text) ? Buffer.from(text, 'hex') : 'damaged';
  } catch {
    return 'unreadable';
  } finally {
    closeSync(descriptor);
  }
}
