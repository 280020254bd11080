// Upstream over Streamable HTTP: one session of ours behind those of all clients, renewed when the server has forgotten it.
import type { Readable } from 'node:stream';
import { isObject, parseJson } from '../../core/base/guards.ts';
import { isTooDeep, type JsonObject } from '../../core/base/json-rpc.ts';
import { isId, paramsOf, subjectOf } from '../../core/gateway/messages.ts';
import type { ToolHeader } from '../../core/gateway/model.ts';
import { readResponse } from '../../core/gateway/read-response.ts';
import { onOneLine } from '../../core/gateway/splice.ts';
import type { HttpResponse } from '../../system/net/http-client.ts';
import type { Call } from '../../wire/call.ts';
import { createEventStreamReader } from '../../wire/http/event-stream.ts';
import { headersOf, sendFollowing, sendMessage } from '../../wire/http/http-endpoint.ts';
import { openHttpSession } from '../../wire/http/mcp-http.ts';
import type { McpTarget } from '../../wire/mcp-transport.ts';
import { changedList, type Upstream, type UpstreamEvents } from './upstream.ts';

export interface HttpUpstreamParts {
  readonly target: McpTarget;
  readonly events: UpstreamEvents;
  /** Arguments of a tool that have to be repeated in headers. */
  readonly toolHeaders: (tool: string) => readonly ToolHeader[];
}

export interface HttpUpstream extends Upstream {
  /** Sends requests of our own, on the same session. */
  readonly call: Call;
}

/** Longest message of a server, bytes. */
const MAX_MESSAGE = 16 * 1024 * 1024;
/** Requests under way; each has a socket of its own. */
const MAX_REQUESTS = 256;
/** How long a handshake may take, and how long until the next attempt, ms. */
const HANDSHAKE_TIMEOUT = 10_000;
const RETRY_DELAY = 1_000;
/** How long a broken request waits for the news that its server has ended, ms. */
const BROKEN_DELAY = 150;
const FORGOTTEN: readonly number[] = [404, 410];

/** Greets the server, again and again until it answers; what is written before is refused as `gone`. */
export function openHttpUpstream({ target, events, toolHeaders }: HttpUpstreamParts): HttpUpstream {
  const { clock, http } = target;
  const session = openHttpSession(target);
  const closing = new AbortController();
  const exchanges = new Map<string, AbortController>();
  let notices = 0;
  let isGreeted = false;
  let renewal: Promise<boolean> | null = null;
  let cancelRetry = (): void => {};
  let listening = new AbortController();

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
      if (response.status === 200 && isStream(response)) await readStream(response.body, deliver);
      else response.body.destroy();
      if (response.status !== 200) return;
    } catch {
      // Tried again below.
    }
    if (!signal.aborted) cancelRetry = clock.after(RETRY_DELAY, () => void listen(signal));
  }

  /** @param read the message, where somebody has parsed it */
  function deliver(text: string, read: JsonObject | null = null): JsonObject | null {
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

  async function send(message: JsonObject, text: string, signal: AbortSignal): Promise<HttpResponse> {
    const { method } = message;
    const { url, headers } = session.address(typeof method === 'string' ? method : '');
    const isModern = session.peer?.handshake.era === 'modern';
    const { response } = await sendMessage(target, {
      url,
      message: text,
      headers: { ...headers, ...(isModern && repeatedHeaders(message, toolHeaders)) },
      signal,
    });
    return response;
  }

  async function exchange(message: JsonObject, text: string, signal: AbortSignal): Promise<void> {
    let response = await send(message, text, signal);
    if (FORGOTTEN.includes(response.status) && session.peer?.handshake.era === 'legacy') {
      // It did not run: the server did not know the session.
      response.body.destroy();
      if (!(await renew())) throw new Error('The session could not be renewed');
      response = await send(message, text, signal);
    }
    const { id, method } = message;
    if (!isId(id) || typeof method !== 'string') return void response.body.resume();
    let isAnswered = false;
    const note = (part: string, read: JsonObject | null = null): void => {
      const told = deliver(part, read);
      if (told !== null && told['method'] === undefined && told['id'] === id) isAnswered = true;
    };
    if (isStream(response)) await readStream(response.body, (part) => note(part));
    else takeBody(await readAll(response.body), { id, status: response.status, note });
    if (!isAnswered && !signal.aborted) throw new Error('The answer ended early');
  }

  function takeBody(
    body: string,
    {
      id,
      status,
      note,
    }: {
      readonly id: string | number;
      readonly status: number;
      readonly note: (text: string, read?: JsonObject) => void;
    },
  ): void {
    const message = readResponse(body);
    // Errors about headers and sessions name no request.
    if (message !== null && message['id'] === id) return note(body, message);
    if (message !== null) return note(JSON.stringify({ ...message, id }));
    if (status < 400) return;
    const error = { code: -32_000, message: `The server answered with HTTP status ${status}` };
    note(JSON.stringify({ jsonrpc: '2.0', id, error }));
  }

  function cancel(message: JsonObject): boolean {
    if (message['method'] !== 'notifications/cancelled') return false;
    const key = String(paramsOf(message)['requestId']);
    // In the modern era the end of the exchange says so.
    if (session.peer?.handshake.era !== 'modern') return false;
    exchanges.get(key)?.abort();
    return true;
  }

  void greetUntilAnswered();
  return {
    call: (method, params, signal) => session.call(method, params, signal),
    write(text, key) {
      if (!isGreeted || closing.signal.aborted) return 'gone';
      if (exchanges.size >= MAX_REQUESTS) return 'full';
      const message = parseJson(text);
      if (!isObject(message) || cancel(message)) return 'written';
      const abort = new AbortController();
      // Ids of requests begin otherwise.
      const id = key ?? `notice ${(notices += 1)}`;
      exchanges.set(id, abort);
      const end = (): void => {
        exchanges.delete(id);
        if (key === null) return;
        // A server that has ended is known as such by then, and its successor waited for.
        clock.after(BROKEN_DELAY, () => !closing.signal.aborted && events.onBroken(key));
      };
      void exchange(message, text, abort.signal).then(() => void exchanges.delete(id), end);
      return 'written';
    },
    close() {
      cancelRetry();
      closing.abort();
      // One by one: a signal that follows two others costs as much as the rest of a request.
      for (const abort of exchanges.values()) abort.abort();
      http.dropSockets();
      void session.close({ clock, timeout: RETRY_DELAY, signal: new AbortController().signal });
    },
  };
}

function isStream({ headers }: HttpResponse): boolean {
  return headers['content-type']?.startsWith('text/event-stream') === true;
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

function readAll(body: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_MESSAGE) body.destroy(new Error('The answer is too long'));
      else chunks.push(chunk);
    });
    body.once('end', () => resolve(Buffer.concat(chunks).toString()));
    body.once('error', reject);
    body.once('close', () => reject(new Error('The answer ended early')));
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
