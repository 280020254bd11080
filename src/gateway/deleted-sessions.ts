// Sessions that their clients ended, on disk for as long as their ids could be brought back.
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { readFileOrNull } from '../system/files/read-file.ts';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';
import { SESSION_DAYS, dayOfIssue } from './session-id.ts';

export interface DeletedSessions {
  /** @throws the system's error when it could not be written; the session is known as deleted for now all the same */
  add(session: string): void;
  has(session: string): boolean;
}

/** Most that are kept; beyond, the oldest are forgotten, and their ids would be good again until they are too old. */
const MOST = 20_000;

const DAY = 86_400_000;

/**
 * Opens the file: a line for each session, with the day of issue and a hash of the id.
 *
 * @param now ms since the epoch
 * @throws the system's error when the file is there and cannot be written
 */
export function openDeletedSessions(path: string, now: () => number): DeletedSessions {
  const days = new Map<string, number>();
  let lines = 0;

  function prune(): void {
    const oldest = Math.floor(now() / DAY) - SESSION_DAYS;
    for (const [hash, day] of days) if (day < oldest) days.delete(hash);
    for (const hash of days.keys()) {
      if (days.size <= MOST) break;
      days.delete(hash);
    }
  }

  function rewrite(): void {
    prune();
    writeFileAtomic(path, [...days].map(([hash, day]) => `${day} ${hash}\n`).join(''), { durable: false });
    lines = days.size;
  }

  for (const line of (readFileOrNull(path) ?? '').split('\n')) {
    const [, day, hash] = /^(\d{1,6}) ([\w-]{16})$/u.exec(line) ?? [];
    if (day !== undefined && hash !== undefined) days.set(hash, Number(day));
    lines += 1;
  }
  // Also ends a last line that a crash cut off.
  if (lines > 1) rewrite();

  return {
    add(session) {
      const hash = hashOf(session);
      const day = dayOfIssue(session);
      days.set(hash, day);
      if (lines >= 2 * MOST || days.size > MOST + SLACK) return rewrite();
      appendFileSync(path, `${day} ${hash}\n`, { mode: 0o600 });
      lines += 1;
    },
    has: (session) => days.has(hashOf(session)),
  };
}

/** Sessions beyond the most that are taken before the oldest go, so that not each of them rewrites the file. */
const SLACK = 1_000;

function hashOf(session: string): string {
  return createHash('sha256').update(session).digest('base64url').slice(0, 16);
}
