// Who gets an answer at all: the rate limit first, then name and password, as the web config in force says.
import type { Clock } from '../system/time/clock.ts';
import { type ComparePassword, createPasswordCheck } from './password.ts';
import { createTokenBucket } from './rate-limit.ts';
import type { WebConfigWatcher } from './web-config-watcher.ts';

interface Denial {
  readonly status: 401 | 429 | 503;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface AccessControl {
  /** Null for who may go on. */
  check(authorization: string | undefined): Promise<Denial | null>;
  /** To be added to every answer. */
  headers(): Readonly<Record<string, string>>;
}

const DENIALS = {
  wrong: {
    status: 401,
    reason: 'Name and password are needed',
    headers: { 'WWW-Authenticate': 'Basic realm="mcp-watchdog", charset="UTF-8"' },
  },
  busy: { status: 503, reason: 'Too many passwords are being checked', headers: { 'Retry-After': '5' } },
} as const;

export function createAccessControl(
  web: Pick<WebConfigWatcher, 'current' | 'refresh'>,
  { clock, compare }: { readonly clock: Clock; readonly compare: ComparePassword },
): AccessControl {
  const passwords = createPasswordCheck(compare);
  const bucket = createTokenBucket(() => clock.monotonic());
  return {
    async check(authorization) {
      const { users, rateLimit } = await web.refresh();
      if (rateLimit !== null && !bucket.take(rateLimit)) return tooMany(rateLimit.interval);
      if (Object.keys(users).length === 0) return null;
      const verdict = await passwords.verify(authorization, users);
      return verdict === 'right' ? null : DENIALS[verdict];
    },
    headers: () => web.current.headers,
  };
}

function tooMany(interval: number): Denial {
  const headers = { 'Retry-After': String(Math.ceil(interval / 1000)) };
  return { status: 429, reason: 'Too many requests', headers };
}
