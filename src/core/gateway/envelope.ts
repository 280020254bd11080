// Checks of a client's message before a router sees it: JSON-RPC, era, and the agreement of headers and body that 2026-07-28 asks for.
import { isObject } from '../base/guards.ts';
import { RPC_CODES, isTooDeep, type JsonObject } from '../base/json-rpc.ts';
import { isId, metaOf, paramsOf } from './messages.ts';
import {
  CLIENT_CAPABILITIES,
  type Era,
  type RequestId,
  type SessionFacts,
  type ToolHeader,
} from './model.ts';
import { META, MODERN_VERSION, VERSIONS, agreedVersion } from './translate.ts';

/** First version whose streams begin with an event that only has an id. */
export const PRIMING_SINCE = '2025-11-25';

/** Parameter that the header `Mcp-Name` repeats, by method. */
const NAMED_BY: ReadonlyMap<unknown, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

/** A message that is not passed on, and what its client is told. */
export interface MessageRefusal {
  /** Of HTTP; a line of a shim has none. */
  readonly status: 400 | 404;
  readonly code: number;
  readonly message: string;
  readonly data?: JsonObject;
  readonly id: RequestId | null;
}

/** Value of a header, by its name in lower case. */
export type HeaderReader = (name: string) => string | undefined;

const PARSE_ERROR = -32_700;

/** Parses one message. A batch, another version of JSON-RPC and what nests too deep are refused. */
export function readMessage(
  text: string,
): { readonly message: JsonObject } | { readonly refusal: MessageRefusal } {
  if (isTooDeep(text)) return { refusal: refuse(RPC_CODES.invalidRequest, 'The message is nested too deep') };
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { refusal: refuse(PARSE_ERROR, 'Parse error: the body is not JSON') };
  }
  if (Array.isArray(message))
    return {
      refusal: refuse(RPC_CODES.invalidRequest, 'Batches are not supported: send one message at a time'),
    };
  if (isObject(message) && isRpc(message)) return { message };
  return {
    refusal: refuse(RPC_CODES.invalidRequest, 'Invalid request: one JSON-RPC 2.0 message is expected', {
      id: isObject(message) ? idOf(message) : null,
    }),
  };
}

function isRpc({ jsonrpc, id, method, params, result, error }: JsonObject): boolean {
  if (jsonrpc !== '2.0' || (params !== undefined && !isObject(params))) return false;
  if (typeof method === 'string') return id === undefined || isId(id);
  return method === undefined && isId(id) && (result !== undefined || isObject(error));
}

/** True for a message that is to be answered. */
export function isRequest({ id, method }: JsonObject): boolean {
  return typeof method === 'string' && isId(id);
}

/** Returns the id to answer with; null for what has none. */
export function idOf({ id }: JsonObject): RequestId | null {
  return isId(id) ? id : null;
}

/** Tells the era by the body; where that does not say, by the header `MCP-Protocol-Version`. */
export function eraOf(message: JsonObject, version?: string): Era {
  if (metaOf(message)[META.version] !== undefined) return 'modern';
  return isModern(version) && message['method'] !== 'initialize' ? 'modern' : 'legacy';
}

/** True for 2026-07-28 and what will follow. */
export function isModern(version: string | undefined): boolean {
  // Compared first: nearly all clients name an earlier version.
  return version !== undefined && version >= MODERN_VERSION && /^\d{4}-\d{2}-\d{2}$/u.test(version);
}

/** Returns what `initialize` settles: the version that was asked for if we know it, else the newest with a handshake. */
export function sessionFacts(message: JsonObject): SessionFacts {
  const { protocolVersion, capabilities } = paramsOf(message);
  const declared = isObject(capabilities) ? capabilities : {};
  return {
    version: agreedVersion(protocolVersion),
    capabilities: CLIENT_CAPABILITIES.filter((name) => isObject(declared[name])),
  };
}

/** Checks what a modern message says of itself; null when it is complete. */
function checkEnvelope(message: JsonObject): MessageRefusal | null {
  const id = idOf(message);
  const claimed = metaOf(message)[META.version];
  if (typeof claimed !== 'string') return missing(META.version, id);
  if (claimed !== MODERN_VERSION)
    return refuse(RPC_CODES.unsupportedProtocolVersion, 'Unsupported protocol version', {
      id,
      data: { supported: VERSIONS, requested: claimed },
    });
  return isObject(metaOf(message)[META.capabilities]) ? null : missing(META.capabilities, id);
}

/**
 * Checks a modern message and its headers; null when they agree.
 *
 * @param toolHeaders of the tool that is called
 */
export function checkHeaders(
  message: JsonObject,
  header: HeaderReader,
  toolHeaders: (tool: string) => readonly ToolHeader[],
): MessageRefusal | null {
  const id = idOf(message);
  const mismatch = (what: string): MessageRefusal =>
    refuse(RPC_CODES.headerMismatch, `Header mismatch: ${what}`, { id });
  const version = header('mcp-protocol-version');
  const claimed = metaOf(message)[META.version];
  if (version === undefined) return mismatch('MCP-Protocol-Version is missing');
  if (typeof claimed === 'string' && version !== claimed)
    return mismatch(`MCP-Protocol-Version is ${version}, the body says ${short(claimed)}`);
  // Some SDKs send notifications without an envelope, and give the server up that refuses one.
  const isBareNotification = !('id' in message) && claimed === undefined;
  const refusal = isBareNotification ? null : checkEnvelope(message);
  if (refusal !== null) return refusal;
  const { method } = message;
  if (header('mcp-method') !== method)
    return mismatch(`Mcp-Method is ${header('mcp-method') ?? 'missing'}, the body says ${short(method)}`);
  const wrong = wrongName(message, header) ?? wrongArgument(message, header, toolHeaders);
  return wrong === null ? null : mismatch(wrong);
}

function wrongName(message: JsonObject, header: HeaderReader): string | null {
  const key = NAMED_BY.get(message['method']);
  if (key === undefined) return null;
  const name = decodeHeader(header('mcp-name'));
  const said = paramsOf(message)[key];
  if (name !== undefined && name === said) return null;
  return `Mcp-Name is ${short(name ?? 'missing or cannot be decoded')}, the body says ${short(said)}`;
}

/** Says which `Mcp-Param-*` header does not repeat its argument; null for none. An argument that is not given needs no header. */
function wrongArgument(
  message: JsonObject,
  header: HeaderReader,
  toolHeaders: (tool: string) => readonly ToolHeader[],
): string | null {
  const { name: tool, arguments: given } = paramsOf(message);
  if (message['method'] !== 'tools/call' || typeof tool !== 'string') return null;
  for (const { header: name, path } of toolHeaders(tool)) {
    const value = valueAt(given, path);
    const expected = primitiveText(value);
    if (expected === null) continue;
    const text = decodeHeader(header(`mcp-param-${name.toLowerCase()}`));
    if (text === undefined)
      return `Mcp-Param-${name} is missing or cannot be decoded, the body has ${path.join('.')}`;
    // 42.0 and 42 are the same number.
    const isEqual =
      typeof value === 'number' && DECIMAL.test(text) ? Number(text) === value : text === expected;
    if (!isEqual) return `Mcp-Param-${name} differs from ${path.join('.')} in the body`;
  }
  return null;
}

const DECIMAL = /^-?\d{1,32}(?:\.\d{1,32})?$/u;

function valueAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    root,
  );
}

/** Null for what no header can carry: objects, lists, and numbers without an exact text. */
function primitiveText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? null : String(value);
}

const ENCODED = /^=\?base64\?((?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?)\?=$/u;

/** Decodes `=?base64?…?=`; undefined for a header that is missing, and for one that cannot be decoded. */
function decodeHeader(value: string | undefined): string | undefined {
  if (value?.startsWith('=?base64?') !== true || !value.endsWith('?=')) return value;
  const inner = ENCODED.exec(value)?.[1];
  if (inner === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(inner), (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function missing(key: string, id: RequestId | null): MessageRefusal {
  return refuse(RPC_CODES.invalidParams, `params._meta["${key}"] is required`, { id });
}

/** Quotes a value of a message: clients show errors, and a name may have any length. */
function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (text ?? 'nothing').slice(0, 200);
}

function refuse(
  code: number,
  message: string,
  { id = null, data }: { readonly id?: RequestId | null; readonly data?: JsonObject } = {},
): MessageRefusal {
  return { status: 400, code, message, id, ...(data !== undefined && { data }) };
}

/** Writes an answer that says why a message was refused. */
export function errorText(
  id: RequestId | null,
  { code, message, data }: { readonly code: number; readonly message: string; readonly data?: JsonObject },
): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data !== undefined && { data }) },
  });
}
