// Outcome of one request to a server: its response, a failure of the server, or a fault of ours.
import type { ProbeFailure } from '../core/model/vocabulary.ts';
import type { JsonObject, RpcResponse } from '../core/base/json-rpc.ts';
import { truncate, neutralise } from '../core/base/text.ts';
import { codeOf, messageOf } from '../core/base/guards.ts';
import { endOfWait } from './deadline.ts';

export type CallFailure =
  | {
      readonly kind: 'failed';
      readonly reason: ProbeFailure;
      readonly detail: string;
      /** The server's own words within `detail`. */
      readonly quote?: string | undefined;
      /** True when it answered, with more than is read. */
      readonly isUnread?: true;
    }
  | { readonly kind: 'inconclusive'; readonly detail: string };

export type CallOutcome = { readonly kind: 'response'; readonly response: RpcResponse } | CallFailure;

/** Sends one request over whatever transport; never rejects for what a server does. */
export type Call = (
  method: string,
  params: JsonObject | undefined,
  signal: AbortSignal,
) => Promise<CallOutcome>;

const DETAIL_LENGTH = 300;
/** No more of a text is looked at: escape sequences, which are left out, may be longer than what they colour. */
const MAX_QUOTED = 10 * DETAIL_LENGTH;

/** Makes text that quotes the server safe to show: one line, control characters visible, at most 300 characters. */
export function quote(text: string): string {
  // Cut before it is looked at: the text may have some MiB, and each of its characters may need replacing.
  return truncate(neutralise(text.slice(0, MAX_QUOTED)), DETAIL_LENGTH);
}

/** @param said the server's own words, if any: they are added to `detail`, and shown only to those who may read them */
export function failed(reason: ProbeFailure, detail: string, said?: string): CallFailure {
  if (said === undefined || said.trim() === '') return { kind: 'failed', reason, detail: quote(detail) };
  const words = quote(said.trim());
  return { kind: 'failed', reason, detail: `${quote(detail)}: ${words}`, quote: words };
}

/** Makes the failure of an answer that exceeds what is read of one. */
export function unread(detail: string): CallFailure {
  return { kind: 'failed', reason: 'protocol', detail: quote(detail), isUnread: true };
}

/**
 * Tells whose fault it is that a request was aborted.
 *
 * @param what for people: `ping`, `GET /health`
 */
export function abortedCall(signal: AbortSignal, what: string): CallFailure {
  const end = endOfWait(signal, what);
  return end.outcome === 'failed'
    ? { kind: 'failed', reason: end.reason, detail: end.detail }
    : { kind: 'inconclusive', detail: end.detail };
}

// What the other side did, by the code of the system, of Node or of undici. Everything else (EMFILE, ENOTFOUND, ENETDOWN, a bug)
// is not the server's doing and never counts against it.
const REASONS: Readonly<Record<string, ProbeFailure>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  // A neighbour that does not answer, in BSD's words.
  EHOSTDOWN: 'refused',
  ENOENT: 'refused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  UND_ERR_SOCKET: 'closed',
  ERR_STREAM_PREMATURE_CLOSE: 'closed',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  // What undici's parser cannot read comes without a code, what Node's cannot with one of HPE_.
  HTTPParserError: 'protocol',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_RESPONSE_EXCEEDED_MAX_SIZE: 'protocol',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'protocol',
  SELF_SIGNED_CERT_IN_CHAIN: 'protocol',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'protocol',
  CERT_HAS_EXPIRED: 'protocol',
  ERR_TLS_CERT_ALTNAME_INVALID: 'protocol',
};

/** Explains why an HTTP request did not get through. */
export function failureOf(error: unknown, signal: AbortSignal, what: string): CallFailure {
  if (signal.aborted) return abortedCall(signal, what);
  const code = nameOf(error);
  const message = error instanceof Error && error.message !== '' ? messageOf(error) : code;
  const reason = REASONS[code] ?? (/^(?:ERR_SSL|HPE_)/u.test(code) ? 'protocol' : undefined);
  if (reason === undefined) return { kind: 'inconclusive', detail: quote(`${what}: ${message}`) };
  if (code === 'UND_ERR_RESPONSE_EXCEEDED_MAX_SIZE') return unread(`${what}: ${message}`);
  return failed(reason, `${what}: ${message}`);
}

function nameOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return nameOf(error.errors[0]);
  if (!(error instanceof Error)) return 'unknown error';
  return codeOf(error) ?? error.name;
}
