// Result of an HTTP attempt from its response or error, and whether a retry can help.
import type { SendResult } from '../../core/model/notification.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import type { HttpResponse } from '../../system/net/http-client.ts';
import { LOCAL_NETWORK_DENIED } from '../../system/net/local-network.ts';
import { failed } from './channel.ts';

export interface HttpAttempt {
  readonly outcome: SendResult;
  /** Minimum ms before the next attempt; null when a retry would fail the same way. */
  readonly retryAfter: number | null;
}

const MAX_RETRY_AFTER = 60_000;
const TEMPORARY = new Set([408, 425, 429]);

/** Maps a response: 2xx is sent; 408, 425, 429 and 5xx may be retried. */
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
  return isTemporary ? { outcome, retryAfter: retryDelay(headers['retry-after']) } : final(outcome);
}

/** Maps an error; `timeout` is the limit in ms when our own timeout caused it, else null. */
export function outcomeOfError(
  error: unknown,
  { host, timeout }: { host: string; timeout: number | null },
): HttpAttempt {
  if (timeout !== null)
    return retryable(failed('timeout', `${host} did not answer within ${timeout / 1000} s`));
  const code = codeOf(error) ?? '';
  if (code === 'ABORT_ERR') return final(failed('closed', 'the request was aborted'));
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return retryable(failed('timeout', `${host} did not accept the connection in time (${code})`));
  if (isTlsError(code)) return final(failed('tls', `the certificate of ${host} is not trusted (${code})`));
  const wasConnected = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code) || code.startsWith('HPE_');
  const isExplained = code === '' || code.startsWith('PROXY_') || code === LOCAL_NETWORK_DENIED;
  const why = isExplained ? messageOf(error).replace(/ \((\w+)\)/u, ', $1') : code;
  return retryable(
    wasConnected
      ? failed('closed', `${host} closed the connection (${why})`)
      : failed('refused', `${host} cannot be reached (${why})`),
  );
}

function isTlsError(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/u.test(code);
}

/** Reads Retry-After in seconds, as ms; the date form depends on the clock of the server and is ignored. */
function retryDelay(header: string | undefined): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER) : 0;
}

function final(outcome: SendResult): HttpAttempt {
  return { outcome, retryAfter: null };
}

function retryable(outcome: SendResult): HttpAttempt {
  return { outcome, retryAfter: 0 };
}
