// JSON-RPC 2.0 messages: builders for ours, a classifier for those that come in.
import { isObject, parseJson } from './guards.ts';

/** Error codes that we send or act on; the last three came with MCP 2026-07-28. */
export const RPC_CODES = {
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  serverError: -32000,
  /** Used by the SDKs for an unknown session. */
  sessionNotFound: -32001,
  headerMismatch: -32020,
  missingClientCapability: -32021,
  unsupportedProtocolVersion: -32022,
} as const;

/** Deepest nesting of a message that is read. What is much deeper overflows the stack of whoever serialises it again. */
export const MAX_DEPTH = 128;

/** Longest id, in UTF-16 units, of a request that is answered with its own id. */
export const MAX_ID_LENGTH = 256;

export type JsonObject = Readonly<Record<string, unknown>>;

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

/** A server's response to one of our requests. */
export type RpcResponse =
  | { readonly kind: 'result'; readonly id: string; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly id: string | null; readonly error: RpcError };

/**
 * One incoming message. An error's `id` is null when the server could not tell which request it is about;
 * `garbage` is everything that is not JSON-RPC, log lines above all.
 */
export type IncomingMessage =
  | RpcResponse
  | {
      readonly kind: 'request';
      readonly id: string | number;
      readonly method: string;
      readonly params: unknown;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'garbage' };

const GARBAGE: IncomingMessage = { kind: 'garbage' };

/**
 * Builds a request, without `params` when there are none: some servers refuse an empty object, others an absent one
 * only for lists.
 */
export function rpcRequest(id: string, method: string, params?: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) });
}

export function rpcNotification(method: string, params?: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
}

export function rpcResult(id: string | number, result: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

/** @param id null when the request's own id cannot be repeated */
export function rpcErrorResponse(id: string | number | null, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
}

/**
 * Classifies one line or one body. Batches, which only protocol 2025-03-26 allowed, come out one by one. What is nested
 * deeper than `MAX_DEPTH` is garbage.
 */
export function readMessages(text: string): readonly IncomingMessage[] {
  return isTooDeep(text) ? [GARBAGE] : parseMessages(text);
}

/** Does the same without looking at the depth, for a text of which that is known. */
export function parseMessages(text: string): readonly IncomingMessage[] {
  const value = parseJson(text);
  if (Array.isArray(value) && value.length > 0) return value.map(classify);
  return [classify(value)];
}

function classify(value: unknown): IncomingMessage {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return GARBAGE;
  const { id, method, params, result, error } = value;
  if (typeof method === 'string') {
    return isId(id) ? { kind: 'request', id, method, params } : { kind: 'notification', method, params };
  }
  if (isObject(error)) return errorAnswer(id, error);
  // Our ids are strings: an answer to a number is not an answer to us, but it is well-formed.
  return isId(id) && isObject(result) ? { kind: 'result', id: String(id), result } : GARBAGE;
}

function errorAnswer(id: unknown, error: JsonObject): IncomingMessage {
  const { code, message, data } = error;
  if (typeof code !== 'number') return GARBAGE;
  return {
    kind: 'error',
    id: isId(id) ? String(id) : null,
    error: { code, message: typeof message === 'string' ? message : '', data },
  };
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/**
 * Tells whether JSON text nests deeper than `most` levels. Counts brackets before anything is parsed: millions of nested
 * arrays would cost their memory first, and `JSON.stringify` fails on what `JSON.parse` reads. A text that is too short to
 * close so many brackets is not looked at: if it nests deeper, it is not JSON.
 */
export function isTooDeep(text: string, most = MAX_DEPTH): boolean {
  if (text.length < 2 * (most + 1)) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index);
    else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) depth -= 1;
    else if ((code === OPENING_BRACKET || code === OPENING_BRACE) && (depth += 1) > most) return true;
  }
  return false;
}

const QUOTE = 0x22;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text[index - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
