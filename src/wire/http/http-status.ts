// Verdict on the status of an HTTP response: refused credentials, refused Host, redirects, failures of the server.
import { stripUrlSecrets } from '../../core/base/text.ts';
import { failed, type CallFailure } from '../call.ts';

/** Response to a request, without its JSON-RPC. */
export interface AnsweredRequest {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The URL that answered. */
  readonly url: URL;
  /** First line of what the body says; null for nothing. */
  readonly text: string | null;
}

/** Judges an HTTP status by itself, whatever the body; null when the body decides. */
export function failureOfStatus(answered: AnsweredRequest, what: string): CallFailure | null {
  const { status } = answered;
  if (status === 421 || (status === 403 && isAboutHost(answered))) return wrongHost(answered);
  if (status === 401)
    return failed('unauthorized', `${told(answered, what)}, it wants credentials`, said(answered));
  if (status === 403) return failed('unauthorized', told(answered, what), said(answered));
  // We are told to ask less often, which says nothing about the server's health.
  if (status === 429) return { kind: 'inconclusive', detail: `${what} was answered with HTTP 429` };
  if (isRedirect(status)) return redirected(answered, what);
  return status >= 500 ? failed('http_status', told(answered, what), said(answered)) : null;
}

/** Makes the failure of a status that no JSON-RPC response explains. */
export function unexpectedStatus(answered: AnsweredRequest, what: string): CallFailure {
  return failed('http_status', told(answered, what), said(answered));
}

function told({ status }: AnsweredRequest, what: string): string {
  return `${what} was answered with HTTP ${status}`;
}

function said({ text }: AnsweredRequest): string | undefined {
  return text ?? undefined;
}

/** Returns where a response redirects to; null when it does not. Relative locations are resolved. */
export function locationOf({ headers, status }: AnsweredHead, url: URL): URL | null {
  const { location } = headers;
  return isRedirect(status) && location !== undefined && URL.canParse(location, url.href)
    ? new URL(location, url)
    : null;
}

type AnsweredHead = Pick<AnsweredRequest, 'status' | 'headers'>;

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

// To another origin our headers, which may hold a secret, must not go; and a client's SDK would lose them there.
function redirected(answered: AnsweredRequest, what: string): CallFailure {
  const target = locationOf(answered, answered.url);
  if (target === null) return failed('http_status', `${told(answered, what)}, a redirect to nowhere`);
  const there = stripUrlSecrets(target.href) ?? target.origin;
  return failed('http_status', `${told(answered, what)}: write its url as ${there}`);
}

// "Invalid Host header", "Access is only allowed at localhost:8931", "Invalid Origin header", "DNS rebinding protection"
function isAboutHost({ text }: AnsweredRequest): boolean {
  return text !== null && /\bhosts?\b|\borigins?\b|only allowed at|rebinding/iu.test(text);
}

function wrongHost(answered: AnsweredRequest): CallFailure {
  const { status, text, url } = answered;
  if (text !== null && /\borigins?\b/iu.test(text) && !/\bhosts?\b/iu.test(text)) {
    const detail = `It refuses our Origin (HTTP ${status}): set headers.Origin to one that it accepts`;
    return failed('wrong_host', detail, text);
  }
  const host = acceptedHost(text ?? '', url);
  const cure = host === null ? 'with a name that it accepts' : `as ${urlWith(url, host)}`;
  return failed(
    'wrong_host',
    `It refuses the Host ${url.host} (HTTP ${status}): write its url ${cure}`,
    said(answered),
  );
}

/** Finds the host that a refusal names, else guesses the other name of this machine; null when neither helps. */
function acceptedHost(text: string, url: URL): string | null {
  const named = [...text.matchAll(/(\[[0-9a-f:]+\]|[a-z0-9][a-z0-9.-]*):\d{1,5}\b/giu)]
    .map(([host]) => host)
    .find((host) => host !== url.host && URL.canParse(`http://${host}`));
  if (named !== undefined) return named;
  const port = url.port === '' ? '' : `:${url.port}`;
  if (url.hostname === 'localhost') return `127.0.0.1${port}`;
  return url.hostname === '[::1]' || url.hostname.startsWith('127.') ? `localhost${port}` : null;
}

function urlWith({ protocol, pathname }: URL, host: string): string {
  return `${protocol}//${host}${pathname}`;
}
