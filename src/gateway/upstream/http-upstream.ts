// Upstream over Streamable HTTP: one session of ours behind those of all clients, renewed when the server has forgotten it.
import type { Readable } from 'node:stream';
import { isObject, parseJson } from '../../core/base/guards.ts';
import { isTooDeep, type JsonObject } from '../../core/base/json-rpc.ts';
import { paramsOf, subjectOf } from '../../core/gateway/messages.ts';
import type { ToolHeader } from '../../core/gateway/model.ts';
import { readResponse } from '../../core/gateway/read-response.ts';
import { onOneLine } from '../../core/gateway/splice.ts';
import { TransientMap } from '../../core/gateway/transient-map.ts';
import type { PostClient } from '../../system/net/post/post-pool.ts';
import type { Call } from '../../wire/call.ts';
import { createEventStreamReader } from '../../wire/http/event-stream.ts';
import { headersOf, messageHeaders, sendFollowing } from '../../wire/http/http-endpoint.ts';
import { openHttpSession, type HttpAddress } from '../../wire/http/mcp-http.ts';
import type { McpTarget } from '../../wire/mcp-transport.ts';
import { MAX_MESSAGE, PostedMessage, isEventStream, type PostedMessageWays } from './posted-message.ts';
import { changedList, type Upstream, type UpstreamEvents } from './upstream.ts';

export interface HttpUpstreamParts {
  readonly target: McpTarget;
  /** Posts the messages of clients. */
  readonly posts: PostClient;
  readonly events: UpstreamEvents;
  /** Arguments of a tool that have to be repeated in headers. */
  readonly toolHeaders: (tool: string) => readonly ToolHeader[];
}

export interface HttpUpstream extends Upstream {
  /** Sends requests of our own, on the same session. */
  readonly call: Call;
}

/** Requests under way; each has a socket of its own. */
const MAX_REQUESTS = 256;
/** How long a handshake may take, and how long until the next attempt, ms. */
const HANDSHAKE_TIMEOUT = 10_000;
const RETRY_DELAY = 1_000;
/** How long a broken request waits for the news that its server has ended, ms. */
const BROKEN_DELAY = 150;
const FORGOTTEN: readonly number[] = [404, 410];

/** Greets the server, again and again until it answers; what is written before is refused as `gone`. */
export function openHttpUpstream({ target, posts, events, toolHeaders }: HttpUpstreamParts): HttpUpstream {
  const { clock, http } = target;
  const session = openHttpSession(target);
  const closing = new AbortController();
  const exchanges = new TransientMap<string, PostedMessage>();
  let lastAddress: HttpAddress | null = null;
  let lastHeaders: HttpAddress['headers'] = {};
  let notices = 0;
  let isGreeted = false;
  let renewal: Promise<boolean> | null = null;
  let cancelRetry = (): void => {};
  let listening = new AbortController();

  const isModern = (): boolean => session.peer?.handshake.era === 'modern';

  async function greet(): Promise<boolean> {
    const deadline = { clock, timeout: HANDSHAKE_TIMEOUT, signal: closing.signal };
    const result = await session.connect(deadline).catch(() => null);
    if (closing.signal.aborted || result?.kind !== 'connected') return false;
    const isFirst = !isGreeted;
    isGreeted = true;
    if (isFirst) events.onHandshake(result.peer);
    listening.abort();
    listening = new AbortController();
    if (result.peer.handshake.era === 'legacy')
      void listen(AbortSignal.any([listening.signal, closing.signal]));
    return true;
  }

  async function greetUntilAnswered(): Promise<void> {
    if ((await greet()) || closing.signal.aborted) return;
    cancelRetry = clock.after(RETRY_DELAY, () => void greetUntilAnswered());
  }

  /** One for all requests that found the session gone. */
  function renew(): Promise<boolean> {
    renewal ??= greet().finally(() => (renewal = null));
    return renewal;
  }

  /** Hears what the server says outside of answers. Servers that offer no such stream refuse it. */
  async function listen(signal: AbortSignal): Promise<void> {
    const { url, headers } = session.address('GET');
    try {
      const { response } = await sendFollowing(target, {
        method: 'GET',
        url,
        headers: { ...headersOf(target.spec), accept: 'text/event-stream', ...headers },
        signal,
      });
      if (response.status === 200 && isEventStream(response.headers))
        await readStream(response.body, (text) => deliver(text, null));
      else response.body.destroy();
      if (response.status !== 200) return;
    } catch {
      // Tried again below.
    }
    if (!signal.aborted) cancelRetry = clock.after(RETRY_DELAY, () => void listen(signal));
  }

  /** @param read the message, where somebody has parsed it */
  function deliver(text: string, read: JsonObject | null): JsonObject | null {
    if (isTooDeep(text)) return null;
    const line = onOneLine(text);
    const message = read ?? readResponse(line) ?? parseJson(line);
    if (!isObject(message)) return null;
    const { method } = message;
    const list = typeof method === 'string' ? changedList(method) : null;
    if (list !== null) events.onListChanged(list);
    else events.onMessage(message, line);
    return message;
  }

  /** Built anew only when the address has changed: with each method in the modern era, else with the session. */
  function headersTo(address: HttpAddress): HttpAddress['headers'] {
    if (address === lastAddress) return lastHeaders;
    lastAddress = address;
    lastHeaders = { ...messageHeaders(target.spec), ...address.headers };
    return lastHeaders;
  }

  function send(posted: PostedMessage, to: URL | null): () => void {
    const { message, text } = posted;
    const method = message?.['method'];
    const address = session.address(typeof method === 'string' ? method : '');
    const common = headersTo(address);
    const headers =
      isModern() && message !== null ? { ...common, ...repeatedHeaders(message, toolHeaders) } : common;
    return posts.post({ url: to ?? address.url, headers, body: text }, posted);
  }

  const ways: PostedMessageWays = {
    send,
    address: () => session.address('').url,
    isForgotten: (status) => FORGOTTEN.includes(status) && session.peer?.handshake.era === 'legacy',
    renew,
    deliver,
    onOver({ key, isAwaited }, isAnswered) {
      exchanges.delete(key);
      if (isAnswered || !isAwaited || closing.signal.aborted) return;
      // A server that has ended is known as such by then, and its successor waited for.
      clock.after(BROKEN_DELAY, () => !closing.signal.aborted && events.onBroken(key));
    },
  };

  function cancel(message: JsonObject): boolean {
    if (message['method'] !== 'notifications/cancelled') return false;
    const key = String(paramsOf(message)['requestId']);
    // In the modern era the end of the exchange says so.
    if (!isModern()) return false;
    exchanges.get(key)?.abort();
    return true;
  }

  void greetUntilAnswered();
  return {
    call: (method, params, signal) => session.call(method, params, signal),
    write(text, key) {
      if (!isGreeted || closing.signal.aborted) return 'gone';
      if (exchanges.size >= MAX_REQUESTS) return 'full';
      // Of a request that a client waits for all is known that the legacy era asks for.
      const message = key === null || isModern() ? parseJson(text) : null;
      if (message !== null && (!isObject(message) || cancel(message))) return 'written';
      // Ids of requests begin otherwise.
      const id = key ?? `notice ${(notices += 1)}`;
      const posted = new PostedMessage({ key: id, isAwaited: key !== null, text, message }, ways);
      exchanges.set(id, posted);
      posted.send();
      return 'written';
    },
    close() {
      cancelRetry();
      closing.abort();
      for (const posted of exchanges.values()) posted.abort();
      posts.close();
      http.dropSockets();
      void session.close({ clock, timeout: RETRY_DELAY, signal: new AbortController().signal });
    },
  };
}

function readStream(body: Readable, onText: (text: string) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = createEventStreamReader(MAX_MESSAGE, ({ type, data, isCut }) => {
      if (type === 'message' && isCut !== true) onText(data);
    });
    body.on('data', (chunk: Buffer) => reader.push(chunk));
    body.once('end', resolve);
    body.once('error', reject);
    body.once('close', resolve);
  });
}

/** Headers that repeat what the body says, as the modern era asks for: the subject, and some arguments of tools. */
function repeatedHeaders(
  message: JsonObject,
  toolHeaders: HttpUpstreamParts['toolHeaders'],
): Readonly<Record<string, string>> {
  const subject = subjectOf(message);
  if (subject === null) return {};
  const params = message['method'] === 'tools/call' ? toolHeaders(subject) : [];
  const given = paramsOf(message)['arguments'];
  const repeated = params.flatMap(({ header, path }): [string, string][] => {
    const value = path.reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), given);
    const isScalar = ['string', 'number', 'boolean'].includes(typeof value);
    return isScalar ? [[`mcp-param-${header.toLowerCase()}`, encoded(String(value))]] : [];
  });
  return { 'mcp-name': encoded(subject), ...Object.fromEntries(repeated) };
}

/** Text that a header cannot hold goes as Base64, marked as such. */
function encoded(value: string): string {
  const isPlain =
    /^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?$/.test(value) && !value.startsWith('=?base64?');
  return isPlain ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`;
}
