// Where requests to an HTTP server go, and what every one of them carries.
import { WatchdogError } from '../core/base/errors.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { failed, failureOf, type CallFailure } from './call.ts';
import { readPostResponse, release, type PostResponse } from './post-response.ts';
import type { ProbeTarget } from '../probes/probe-kind.ts';

export interface PostRequest {
  readonly url: URL;
  /** One JSON-RPC message. */
  readonly message: string;
  /** The id to wait for; null for a notification. */
  readonly id: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** For people: `ping`. */
  readonly what: string;
  readonly signal: AbortSignal;
}

/** Sends one message; what the server does wrong is a value. */
export async function post(target: ProbeTarget, request: PostRequest): Promise<PostResponse | CallFailure> {
  const { url, message, id, headers, what, signal } = request;
  try {
    const answer = await target.http.send({
      method: 'POST',
      url,
      headers: {
        ...headersOf(target.spec),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: message,
      signal,
    });
    return await readPostResponse(answer, id, target.clock);
  } catch (error) {
    return failureOf(error, signal, what);
  }
}

/** Takes leave of a session; whether that works is the server's affair. */
export async function sendDelete(
  target: ProbeTarget,
  url: URL,
  request: Pick<PostRequest, 'headers' | 'signal'>,
): Promise<void> {
  try {
    const headers = { ...headersOf(target.spec), ...request.headers };
    const answer = await target.http.send({ method: 'DELETE', url, headers, signal: request.signal });
    release(answer.body, target.clock);
  } catch {
    // It is stopping anyway.
  }
}

/** What the config adds to each request, names in lower case. */
export function headersOf({ headers }: ServerSpec): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What an HTTP status says by itself, whatever the body; null when the body decides. */
export function failureOfStatus(status: number, what: string): CallFailure | null {
  if (status === 401 || status === 403)
    return failed('unauthorized', `${what} was answered with HTTP ${status}`);
  // We are told to ask less often, which says nothing about the server's health.
  if (status === 429) return { kind: 'inconclusive', detail: `${what} was answered with HTTP 429` };
  return status >= 500 ? failed('http_status', `${what} was answered with HTTP ${status}`) : null;
}

/** The MCP endpoint. The config sees to it that an HTTP server has one. */
export function endpointOf({ name, url }: ServerSpec): URL {
  const parsed = parseUrl(url ?? '');
  if (parsed !== null) return parsed;
  throw new WatchdogError(
    'CONFIG_INVALID',
    `Cannot probe "${name}": its url must be a URL, got ${url ?? 'nothing'}`,
  );
}

/** Null for what is no URL. */
export function parseUrl(text: string, base?: URL): URL | null {
  return URL.canParse(text, base?.href) ? new URL(text, base) : null;
}
