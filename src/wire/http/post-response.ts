// Response to one POST of a JSON-RPC message: a JSON body, or a stream of events.
import type { Readable } from 'node:stream';
import { parseMessages, type IncomingMessage, type RpcResponse } from '../../core/base/json-rpc.ts';
import { JsonScanner, shapeOf } from '../../core/base/json-shape.ts';
import { createByteCollector } from '../../system/files/byte-collector.ts';
import { readInSlices } from '../../system/files/read-in-slices.ts';
import type { HttpResponse } from '../../system/net/http-client.ts';
import type { Clock } from '../../system/time/clock.ts';
import { OWN_ANSWER, excessOf, tooLong } from '../message-limits.ts';
import { createEventStreamReader } from './event-stream.ts';

/** What came back for one POST. */
export interface PostResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The response to our id, or an error that names no id. Null: nothing that is JSON-RPC. */
  readonly message: RpcResponse | null;
  /** First line of what the body says to people, as it came; null for none, and for a stream. */
  readonly text: string | null;
  /** Beginning of a body that holds no response to our id; absent for a response, and for a stream. */
  readonly odd?: string;
}

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
  const found = message ?? responseAmong(parseMessages(whole), id);
  const odd = found === null && !isStream ? { odd: whole.slice(0, MAX_TEXT) } : {};
  return { status, headers, message: found, text: textOf(found, whole), ...odd };
}

/** Returns the first line that is for people: the message of an error, or of a body that is no JSON-RPC. */
function textOf(message: RpcResponse | null, body: string): string | null {
  if (message !== null) return message.kind === 'error' ? message.error.message.slice(0, MAX_TEXT) : null;
  // Pages of proxies: their title says what the status says, and their style sheets say nothing.
  const [, title] = /<title>([^<]*)</iu.exec(body) ?? [];
  const text = title?.slice(0, MAX_TEXT) ?? body.slice(0, MAX_TEXT).replaceAll(/<[^>]*>/gu, ' ');
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
    const reader = createEventStreamReader(OWN_ANSWER.bytes, ({ data, isCut }) => {
      const excess = excessOf(shapeOf(Buffer.from(data)), OWN_ANSWER);
      if (isCut === true || excess !== null) return refuse(body, excess);
      const found = responseAmong(parseMessages(data), id);
      if (found !== null) finish(found);
    });
    const stop = readInSlices(body, (chunk) => reader.push(chunk));
    const finish = (found: RpcResponse | null) => {
      stop();
      resolve(found);
    };
    body.once('end', () => finish(null));
    body.once('error', reject);
  });
}

function readText(body: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const held = createByteCollector({ maxBytes: OWN_ANSWER.bytes });
    const shape = new JsonScanner();
    const stop = readInSlices(body, (chunk) => {
      shape.take(chunk);
      held.push(chunk);
      const excess = excessOf(shape, OWN_ANSWER);
      if (excess === null) return;
      stop();
      refuse(body, excess);
    });
    body.once('end', () => resolve(held.take().toString('utf8')));
    body.once('error', reject);
  });
}

/** @param excess how the answer exceeds its limits; null when only its end is missing */
function refuse(body: Readable, excess: string | null): void {
  const message = `The answer ${excess ?? tooLong(OWN_ANSWER)}`;
  body.destroy(Object.assign(new Error(message), { code: 'UND_ERR_RESPONSE_EXCEEDED_MAX_SIZE' }));
}

function responseAmong(messages: readonly IncomingMessage[], id: string): RpcResponse | null {
  for (const message of messages) {
    if (message.kind === 'result' && message.id === id) return message;
    if (message.kind === 'error' && (message.id === id || message.id === null)) return message;
  }
  return null;
}
