// JSON-RPC messages of the gateway: what is read from them, and those that it builds itself.
import { isObject } from '../base/guards.ts';
import { RPC_CODES, type JsonObject } from '../base/json-rpc.ts';
import type { ExchangeError, RequestId } from './model.ts';

const NOTHING: JsonObject = {};

export function isId(value: unknown): value is RequestId {
  return typeof value === 'string' || typeof value === 'number';
}

export function paramsOf({ params }: JsonObject): JsonObject {
  return isObject(params) ? params : NOTHING;
}

export function metaOf(message: JsonObject): JsonObject {
  const { _meta } = paramsOf(message);
  return isObject(_meta) ? _meta : NOTHING;
}

/** Reads what a request is about: the name of a tool or prompt, or a uri; null for none. */
export function subjectOf(message: JsonObject): string | null {
  const { name, uri } = paramsOf(message);
  if (typeof name === 'string') return name;
  return typeof uri === 'string' ? uri : null;
}

export function resultText(id: RequestId, result: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

export function noticeText(method: string, params?: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
}

export function requestText(id: string, method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

/** A refusal of ours: an error that a client gets, and the word for it in metrics. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonObject;
  readonly error: ExchangeError;
}

export function refusalText(id: RequestId | null, { code, message, data }: Refusal): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data !== undefined && { data }) },
  });
}

const { serverError, methodNotFound, invalidParams, invalidRequest, sessionNotFound } = RPC_CODES;

/** Reason in the refusal of a session that had a process of its own: nobody can open it again. */
export const PROCESS_ENDED = 'process_ended';

/** Refusals of requests; clients look for the codes, people read the texts. */
export const REFUSALS = {
  unknownMethod: { code: methodNotFound, message: 'Method not found', error: `${methodNotFound}` },
  unknownTool: (tool: string) => ({
    code: invalidParams,
    message: `Unknown tool: ${tool.slice(0, 200)}`,
    error: `${invalidParams}` as const,
  }),
  idUnderWay: {
    code: invalidRequest,
    message: 'A request with this id is under way in this session',
    error: `${invalidRequest}`,
  },
  busy: (what: string) => ({
    code: serverError,
    message: what,
    data: { reason: 'busy' },
    error: 'busy' as const,
  }),
  restarted: {
    code: serverError,
    message: 'The server ended while it worked on this request, which may have taken effect',
    data: { reason: 'server_restarted', mayHaveRun: true },
    error: 'server_restarted',
  },
  unavailable: (message: string, data: JsonObject) => ({
    code: serverError,
    message,
    data: { reason: 'server_unavailable', ...data },
    error: 'server_unavailable' as const,
  }),
  timeout: {
    code: sessionNotFound,
    message: 'The server did not answer in time',
    data: { reason: 'timeout' },
    error: 'timeout',
  },
  cancelled: {
    code: serverError,
    message: 'The request was cancelled',
    data: { reason: 'cancelled' },
    error: 'cancelled',
  },
  wantsInput: {
    code: RPC_CODES.internalError,
    message: 'The server asks for input that clients of this protocol version cannot give',
    error: `${RPC_CODES.internalError}`,
  },
} satisfies Readonly<Record<string, Refusal | ((...given: never[]) => Refusal)>>;

/** Names the outcome of a response of a server. */
export function errorOf({ result, error }: JsonObject): ExchangeError {
  if (isObject(error)) return typeof error['code'] === 'number' ? `${error['code']}` : '-32603';
  return isObject(result) && result['isError'] === true ? 'tool_error' : '';
}

/** Returns the JSON-RPC error code of an outcome; null for success and for reasons of ours. */
export function codeIn(error: ExchangeError): number | null {
  return error !== '' && /^-?\d/.test(error) ? Number(error) : null;
}

/** Reads the name in a client's `clientInfo`; null for none. */
export function nameOf(client: unknown): string | null {
  const name = isObject(client) ? client['name'] : undefined;
  return typeof name === 'string' ? name.slice(0, MAX_CLIENT_NAME) : null;
}

const MAX_CLIENT_NAME = 100;
