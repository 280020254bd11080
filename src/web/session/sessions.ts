// Sessions of the page: one-time codes, and pairs of a cookie and a key; hashed, in memory, few and not for long.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../system/time/clock.ts';

export interface Sessions {
  /** Makes a code that begins one session, once, within a minute. */
  createCode(): { readonly code: string; readonly until: number };
  /** Begins a session; null for a code that is wrong, old or used. */
  begin(code: string): Session | null;
  /** True when cookie and key are of the same session, which goes on. */
  isValid(cookie: string, key: string): boolean;
  /** Ends one session. */
  end(cookie: string): void;
  /** Ends all sessions and codes; returns how many sessions there were. */
  endAll(): number;
  /** Calls the listener when a code was used. */
  onUsed(listener: () => void): void;
}

/** What the browser gets. `until` in ms since the epoch. */
interface Session {
  readonly cookie: string;
  readonly key: string;
  readonly until: number;
}

/** ms. */
export const CODE_AGE = 60_000;
export const SESSION_AGE = 8 * 60 * 60_000;
/** Beyond these, the oldest ends. */
const MAX_SESSIONS = 5;
const MAX_CODES = 5;
/** 256 bits. */
const SECRET_BYTES = 32;

interface Kept {
  readonly begun: number;
  readonly begunMonotonic: number;
  readonly hash: Buffer;
}

interface KeptSession extends Kept {
  readonly key: Buffer;
}

/** @param clock the time of day: a session that slept with the machine is as old as it is */
export function createSessions(clock: Clock): Sessions {
  let codes: readonly Kept[] = [];
  let sessions: readonly KeptSession[] = [];
  let onUsed = (): void => {};

  const kept = (secret: string): Kept => ({
    begun: clock.now(),
    begunMonotonic: clock.monotonic(),
    hash: hashOf(secret),
  });
  // Whichever clock says so: one that was set back must not keep a session.
  const isFresh = (one: Kept, age: number): boolean =>
    clock.now() - one.begun < age && clock.monotonic() - one.begunMonotonic < age;

  function tidy(): void {
    codes = codes.filter((one) => isFresh(one, CODE_AGE)).slice(-MAX_CODES);
    sessions = sessions.filter((one) => isFresh(one, SESSION_AGE)).slice(-MAX_SESSIONS);
  }

  return {
    createCode() {
      const code = newSecret();
      codes = [...codes, kept(code)];
      tidy();
      return { code, until: clock.now() + CODE_AGE };
    },
    begin(code) {
      tidy();
      const used = find(codes, hashOf(code));
      if (used === null) return null;
      codes = codes.filter((one) => one !== used);
      const [cookie, key] = [newSecret(), newSecret()];
      sessions = [...sessions, { ...kept(cookie), key: hashOf(key) }];
      tidy();
      onUsed();
      return { cookie, key, until: clock.now() + SESSION_AGE };
    },
    isValid(cookie, key) {
      tidy();
      const session = find(sessions, hashOf(cookie));
      // Compared in any case: the time must not tell whether the cookie was right.
      const isKey = timingSafeEqual(session?.key ?? hashOf(''), hashOf(key));
      return session !== null && isKey;
    },
    end(cookie) {
      const session = find(sessions, hashOf(cookie));
      sessions = sessions.filter((one) => one !== session);
    },
    endAll() {
      tidy();
      const { length } = sessions;
      codes = [];
      sessions = [];
      return length;
    },
    onUsed(listener) {
      onUsed = listener;
    },
  };
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Compares with all of them, so that the time tells nothing. */
function find<One extends Kept>(all: readonly One[], hash: Buffer): One | null {
  return all.reduce<One | null>((found, one) => (timingSafeEqual(one.hash, hash) ? one : found), null);
}
