// Messages of a client as the shim reads them, and the HTTP headers that each needs at the gateway.
import { BOOKKEEPING, READS } from '../../core/gateway/methods.ts';
import { isObject, parseJson } from '../../core/base/guards.ts';
import type { JsonObject } from '../../core/base/json-rpc.ts';

export type RequestId = string | number;

export interface ClientMessage {
  readonly text: string;
  /** Null for a notification, for an answer to the server, and for what is no single JSON-RPC message. */
  readonly id: RequestId | null;
  /** Null for an answer, and for what is no single JSON-RPC message. */
  readonly method: string | null;
  readonly params: JsonObject;
  /** Version that a message of the 2026-07-28 era carries; null for the legacy era. */
  readonly version: string | null;
}

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

/** Reads one line; null when it is not JSON. */
export function readMessage(text: string): ClientMessage | null {
  const value = parseJson(text);
  if (value === undefined) return null;
  const { id, method, params } = isObject(value) ? value : {};
  const held = isObject(params) ? params : {};
  const { _meta: meta } = held;
  const version = isObject(meta) ? meta[VERSION_KEY] : undefined;
  const isCall = typeof method === 'string';
  return {
    text,
    id: isCall && (typeof id === 'string' || typeof id === 'number') ? id : null,
    method: isCall ? method : null,
    params: held,
    version: typeof version === 'string' ? version : null,
  };
}

/** Methods that change nothing, so that one which was cut off may be sent again. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  ...READS,
  ...BOOKKEEPING,
]);

export function isRepeatable({ method }: ClientMessage): boolean {
  return method !== null && REPEATABLE.has(method);
}

/** Names what a modern request is about, which HTTP repeats in `Mcp-Name`; null when the method has no such name. */
function nameOf({ method, params }: ClientMessage): string | null {
  const name = method === 'resources/read' ? params['uri'] : params['name'];
  const isNamed = method === 'tools/call' || method === 'prompts/get' || method === 'resources/read';
  return isNamed && typeof name === 'string' ? name : null;
}

/** Headers of a message of the 2026-07-28 era. */
export function modernHeaders(message: ClientMessage): Readonly<Record<string, string>> {
  const { version, method } = message;
  const name = nameOf(message);
  return {
    ...(version === null ? {} : { 'mcp-protocol-version': headerText(version) }),
    ...(method === null ? {} : { 'mcp-method': headerText(method) }),
    ...(name === null ? {} : { 'mcp-name': headerText(name) }),
  };
}

/** Encodes what a header cannot hold as it is, in the form that MCP 2026-07-28 defines. */
function headerText(text: string): string {
  const isPlain =
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/u.test(text) && !/^=\?base64\?.*\?=$/iu.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}

/** Writes an answer of ours to a request. */
export function errorAnswer(
  id: RequestId,
  { code, message, data }: { readonly code: number; readonly message: string; readonly data?: JsonObject },
): string {
  const error = { code, message, ...(data === undefined ? {} : { data }) };
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}

/** Tells whether a message answers a request; a request or notification of the server does not. */
export function isAnswer(text: string): boolean {
  const value = parseJson(text);
  return isObject(value) && value['method'] === undefined && ('result' in value || 'error' in value);
}
