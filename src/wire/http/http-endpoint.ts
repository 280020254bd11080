// HTTP endpoint of an MCP server: its URL and headers, POST and DELETE, redirects within the same origin.
import { WatchdogError } from '../../core/base/errors.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { HttpRequest, HttpResponse } from '../../system/net/http-client.ts';
import { failureOf, type CallFailure } from '../call.ts';
import { locationOf, type AnsweredRequest } from './http-status.ts';
import { readPostResponse, release, type PostResponse } from './post-response.ts';
import type { McpTarget } from '../mcp-transport.ts';

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

/** What came back for one POST, and the URL that answered. */
export type PostResult = PostResponse & AnsweredRequest;

/** Sends one message by POST, with the headers of the config and of the protocol, and leaves the answer to be read. Rejects as `sendFollowing` does. */
function sendMessage(
  target: McpTarget,
  { url, message, headers, signal }: Pick<PostRequest, 'url' | 'message' | 'headers' | 'signal'>,
): ReturnType<typeof sendFollowing> {
  return sendFollowing(target, {
    method: 'POST',
    url,
    headers: { ...messageHeaders(target.spec), ...headers },
    body: message,
    signal,
  });
}

/** Sends one message by POST; never rejects for what the server does. */
export async function post(target: McpTarget, request: PostRequest): Promise<PostResult | CallFailure> {
  const { url, message, id, headers, what, signal } = request;
  try {
    const { response, url: answering } = await sendMessage(target, { url, message, headers, signal });
    return { ...(await readPostResponse(response, id, target.clock)), url: answering };
  } catch (error) {
    return failureOf(error, signal, what);
  }
}

/**
 * Sends a request, and once more where a redirect within the same origin leads: frameworks send `/mcp` to `/mcp/`.
 * Only 307 and 308, which keep method and body; a GET has nothing to lose, and follows the others too.
 */
export async function sendFollowing(
  { http, clock }: McpTarget,
  request: HttpRequest,
): Promise<{ readonly response: HttpResponse; readonly url: URL }> {
  const response = await http.send(request);
  const target = locationOf(response, request.url);
  const mayFollow = [307, 308].includes(response.status) || request.method === 'GET';
  if (target === null || !mayFollow || target.origin !== request.url.origin)
    return { response, url: request.url };
  release(response.body, clock);
  return { response: await http.send({ ...request, url: target }), url: target };
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

/** Returns the headers of a message but for those of the protocol, names in lower case. */
export function messageHeaders(spec: ServerSpec): Record<string, string> {
  return {
    ...headersOf(spec),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
}

/** Returns the headers that the config adds to each request, names in lower case. */
export function headersOf({ headers }: ServerSpec): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
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
