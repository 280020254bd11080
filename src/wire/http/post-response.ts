// Response to one POST of a JSON-RPC message: a JSON body, or a stream of events.
import type { Readable } from 'node:stream';
import { readMessages, type IncomingMessage, type RpcResponse } from '../../core/base/json-rpc.ts';
import type { HttpResponse } from '../../system/net/http-client.ts';
import type { Clock } from '../../system/time/clock.ts';
import { createEventStreamReader } from './event-stream.ts';

/** What came back for one POST. */
export interface PostResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The response to our id, or an error that names no id. Null: nothing that is JSON-RPC. */
  readonly message: RpcResponse | null;
  /** First line of what the body says to people, as it came; null for none, and for a stream. */
  readonly text: string | null;
}

/** The same limit as for a pipe: what is longer is not read. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** A page is not searched further for its first line, UTF-16 units. */
const MAX_TEXT = 4_096;
/** How long the rest of a stream may hold its socket once the response was read, ms. */
const LINGER = 250;

/**
 * Reads the body until the response to `id` was found.
 *
 * @param id of the request; null for a notification, whose body does not matter
 */
export async function readPostResponse(
  response: HttpResponse,
  id: string | null,
  clock: Clock,
): Promise<PostResponse> {
  const { status, headers, body } = response;
  if (id === null) {
    release(body, clock);
    return { status, headers, message: null, text: null };
  }
  const isStream = headers['content-type']?.startsWith('text/event-stream') === true;
  const message = isStream ? await readStream(body, id) : null;
  const whole = isStream ? '' : await readText(body);
  release(body, clock);
  const found = message ?? responseAmong(readMessages(whole), id);
  return { status, headers, message: found, text: textOf(found, whole) };
}

/** Returns the first line that is for people: the message of an error, or of a body that is no JSON-RPC. */
function textOf(message: RpcResponse | null, body: string): string | null {
  if (message !== null) return message.kind === 'error' ? message.error.message : null;
  // Pages of proxies: their title says what the status says, and their style sheets say nothing.
  const [, title] = /<title>([^<]*)</iu.exec(body) ?? [];
  const text = title ?? body.slice(0, MAX_TEXT).replaceAll(/<[^>]*>/gu, ' ');
  return (
    text
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '') ?? null
  );
}

/** Lets a body end by itself within 250 ms, so that its socket can be used again. */
export function release(body: Readable, clock: Clock): void {
  if (body.destroyed || body.readableEnded) return;
  const cancel = clock.after(LINGER, () => body.destroy());
  body.once('close', cancel);
  body.resume();
}

function readStream(body: Readable, id: string): Promise<RpcResponse | null> {
  return new Promise((resolve, reject) => {
    const reader = createEventStreamReader(MAX_BODY_BYTES, ({ data }) => {
      const found = responseAmong(readMessages(data), id);
      if (found !== null) finish(found);
    });
    const push = (chunk: Buffer) => reader.push(chunk);
    const finish = (found: RpcResponse | null) => {
      body.off('data', push);
      resolve(found);
    };
    body.on('data', push);
    body.once('end', () => finish(null));
    body.once('error', reject);
  });
}

function readText(body: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else
        body.destroy(
          Object.assign(new Error('The answer is too long'), { code: 'UND_ERR_RESPONSE_EXCEEDED_MAX_SIZE' }),
        );
    });
    body.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    body.once('error', reject);
  });
}

function responseAmong(messages: readonly IncomingMessage[], id: string): RpcResponse | null {
  for (const message of messages) {
    if (message.kind === 'result' && message.id === id) return message;
    if (message.kind === 'error' && (message.id === id || message.id === null)) return message;
  }
  return null;
}
