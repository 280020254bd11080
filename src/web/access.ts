// Access control by the current web config: the rate limit first, then name and password.
import type { RateLimit } from '../core/model/web-config.ts';
import type { Clock } from '../system/time/clock.ts';
import { type ComparePassword, createPasswordCheck } from './password.ts';
import type { WebConfigWatcher } from './web-config-watcher.ts';

interface Denial {
  readonly status: 401 | 429 | 503;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface AccessControl {
  /** Judges a request by its Authorization header; null when it may go on. */
  check(authorization: string | undefined): Promise<Denial | null>;
  /** Headers for every response. */
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

export interface TokenBucket {
  /** Takes a token; false when there is none. */
  take(limit: RateLimit): boolean;
}

/**
 * Creates a bucket that gains one token each interval, and never holds more than a burst.
 *
 * @param now monotonic ms
 */
export function createTokenBucket(now: () => number): TokenBucket {
  let tokens = Number.POSITIVE_INFINITY;
  let countedAt = now();
  return {
    take({ interval, burst }) {
      const at = now();
      tokens = Math.min(burst, tokens + (at - countedAt) / interval);
      countedAt = at;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
