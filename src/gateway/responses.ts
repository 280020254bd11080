// HTTP responses of the gateway: JSON with a length, errors as JSON-RPC, event streams. None has a CORS header.
import type { ServerResponse } from 'node:http';
import { errorText } from '../core/gateway/envelope.ts';
import type { JsonObject } from '../core/base/json-rpc.ts';
import type { RequestId } from '../core/gateway/model.ts';

/** Why a request gets no answer of a server. Clients look for the code in the body, whatever the status is. */
export interface HttpRefusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data?: JsonObject;
  readonly id?: RequestId | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the requests that were refused are counted by. */
export type { RefusalReason } from '../core/model/gateway-policy.ts';

const NOTHING = {};

export function sendJson(
  response: ServerResponse,
  {
    status,
    text,
    headers = NOTHING,
  }: { status: number; text: string; headers?: Readonly<Record<string, string>> },
): void {
  if (response.headersSent || response.destroyed) return;
  const fixed = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  response.writeHead(status, headers === NOTHING ? fixed : { ...fixed, ...headers });
  // Head and text leave as one string. `end(text)` alone would add an empty piece, and both would be gathered by writev.
  const { socket } = response;
  socket?.cork();
  response.write(text);
  socket?.uncork();
  response.end();
}

export function sendRefusal(response: ServerResponse, refusal: HttpRefusal): void {
  const { status, id = null, headers = NOTHING } = refusal;
  sendJson(response, { status, text: errorText(id, refusal), headers });
}

/** Sends a refusal whole, but for the end of the response; the returned function adds that. The connection is closed then. */
export function sendRefusalAndWait(response: ServerResponse, refusal: HttpRefusal): () => void {
  const text = errorText(refusal.id ?? null, refusal);
  response.writeHead(refusal.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...refusal.headers,
    connection: 'close',
  });
  response.write(text);
  return () => void response.end();
}

export function startEventStream(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    // Proxies that collect a response before they pass it on are asked not to.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
}

/** Writes an event. JSON has line breaks only between its parts, where a space does as well. */
export function eventText(text: string, id: string | null): string {
  const data = /[\r\n]/u.test(text) ? text.replaceAll(/[\r\n]+/gu, ' ') : text;
  return id === null ? `data: ${data}\n\n` : `id: ${id}\ndata: ${data}\n\n`;
}
