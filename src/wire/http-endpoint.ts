// HTTP endpoint of an MCP server: its URL and headers, POST, DELETE, and the verdict on a status.
import { WatchdogError } from '../core/base/errors.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { failed, failureOf, type CallFailure } from './call.ts';
import { readPostResponse, release, type PostResponse } from './post-response.ts';
import type { McpTarget } from './mcp-transport.ts';

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

/** Sends one message by POST; never rejects for what the server does. */
export async function post(target: McpTarget, request: PostRequest): Promise<PostResponse | CallFailure> {
  const { url, message, id, headers, what, signal } = request;
  try {
    const response = await target.http.send({
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
    return await readPostResponse(response, id, target.clock);
  } catch (error) {
    return failureOf(error, signal, what);
  }
}

/** Ends a session; a server that refuses is left with it. */
export async function sendDelete(
  target: McpTarget,
  url: URL,
  request: Pick<PostRequest, 'headers' | 'signal'>,
): Promise<void> {
  try {
    const headers = { ...headersOf(target.spec), ...request.headers };
    const response = await target.http.send({ method: 'DELETE', url, headers, signal: request.signal });
    release(response.body, target.clock);
  } catch {
    // It is stopping anyway.
  }
}

/** Returns the headers that the config adds to each request, names in lower case. */
export function headersOf({ headers }: ServerSpec): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Judges an HTTP status by itself, whatever the body; null when the body decides. */
export function failureOfStatus(status: number, what: string): CallFailure | null {
  if (status === 401 || status === 403)
    return failed('unauthorized', `${what} was answered with HTTP ${status}`);
  // We are told to ask less often, which says nothing about the server's health.
  if (status === 429) return { kind: 'inconclusive', detail: `${what} was answered with HTTP 429` };
  return status >= 500 ? failed('http_status', `${what} was answered with HTTP ${status}`) : null;
}

/**
 * Parses the URL of the MCP endpoint.
 *
 * @throws WatchdogError CONFIG_INVALID when there is none, which the config prevents
 */
export function endpointOf({ name, url }: ServerSpec): URL {
  const parsed = parseUrl(url ?? '');
  if (parsed !== null) return parsed;
  throw new WatchdogError(
    'CONFIG_INVALID',
    `Cannot probe "${name}": its url must be a URL, got ${url ?? 'nothing'}`,
  );
}

/** Parses `text`; null when it is no URL. */
export function parseUrl(text: string, base?: URL): URL | null {
  return URL.canParse(text, base?.href) ? new URL(text, base) : null;
}
