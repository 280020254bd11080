// What the answer of a webhook means, and whether asking again can help.
import type { SendResult } from '../../core/model/notification.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import type { HttpResponse } from '../../system/net/http-client.ts';
import { failed } from './channel.ts';

export interface HttpAttempt {
  readonly outcome: SendResult;
  /** Least ms before the next attempt; null when another would end alike. */
  readonly retryAfter: number | null;
}

const LONGEST_RETRY_AFTER = 60_000;
const TEMPORARY = new Set([408, 425, 429]);

export function outcomeOfResponse({
  status,
  headers,
}: Pick<HttpResponse, 'status' | 'headers'>): HttpAttempt {
  if (status >= 200 && status < 300) {
    return { outcome: { result: 'sent', detail: `answered ${status}` }, retryAfter: null };
  }
  if (status < 400) return final(failed('http_status', `answered ${status}: redirects are not followed`));
  if (status === 401 || status === 403) return final(failed('unauthorized', `answered ${status}`));
  const outcome = failed('http_status', `answered ${status}`);
  const isTemporary = status >= 500 || TEMPORARY.has(status);
  return isTemporary ? { outcome, retryAfter: waitAskedFor(headers['retry-after']) } : final(outcome);
}

/** @param timeout ms when our own patience ended it, else null */
export function outcomeOfError(
  error: unknown,
  { host, timeout }: { host: string; timeout: number | null },
): HttpAttempt {
  if (timeout !== null) return again(failed('timeout', `${host} did not answer within ${timeout / 1000} s`));
  const code = codeOf(error) ?? '';
  if (code === 'ABORT_ERR') return final(failed('closed', 'the request was broken off'));
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return again(failed('timeout', `${host} took no connection (${code})`));
  if (isAboutTrust(code)) return final(failed('tls', `the certificate of ${host} is not trusted (${code})`));
  const isOpen = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code) || code.startsWith('HPE_');
  const why = code === '' ? messageOf(error) : code;
  return again(
    isOpen
      ? failed('closed', `${host} broke the connection (${why})`)
      : failed('refused', `${host} cannot be reached (${why})`),
  );
}

function isAboutTrust(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/u.test(code);
}

/** Only seconds are understood, the other form being a date by a clock that is not ours. */
function waitAskedFor(header: string | undefined): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, LONGEST_RETRY_AFTER) : 0;
}

function final(outcome: SendResult): HttpAttempt {
  return { outcome, retryAfter: null };
}

function again(outcome: SendResult): HttpAttempt {
  return { outcome, retryAfter: 0 };
}
