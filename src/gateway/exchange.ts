// One POST of a client: its headers and body are checked, then its message goes to the server's router.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RPC_CODES, type JsonObject } from '../core/base/json-rpc.ts';
import {
  PRIMING_SINCE,
  checkHeaders,
  eraOf,
  idOf,
  isRequest,
  readMessage,
  sessionFacts,
} from '../core/gateway/envelope.ts';
import type { Channel, Era, GatewayServer } from '../core/gateway/model.ts';
import { LEGACY_VERSIONS, VERSIONS } from '../core/gateway/translate.ts';
import type { Clock } from '../system/time/clock.ts';
import type { BodyBudget } from './bounds/body-budget.ts';
import type { GatewayRequest } from './gateway-request.ts';
import { readBody, type BodyOptions } from './request-body.ts';
import type { HttpRefusal, RefusalReason } from './responses.ts';
import type { Sessions } from './sessions.ts';
import type { Streams } from './streams.ts';

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly channel: Channel;
  readonly sessions: Sessions;
  readonly streams: Streams;
  readonly bodies: BodyBudget;
  readonly nextPort: () => number;
  /** Longest body, bytes. */
  readonly maxBody: () => number;
  readonly refuse: (exchange: HttpExchange, refusal: HttpRefusal, reason?: RefusalReason) => void;
  /** Ends an exchange that threw; others go on. */
  readonly onFault: (exchange: HttpExchange, error: unknown) => void;
}

export interface HttpExchange {
  readonly server: GatewayServer;
  readonly request: GatewayRequest;
  readonly response: ServerResponse;
}

/** @returns a function that takes a POST */
export function createPostReceiver(options: ExchangeOptions): (exchange: HttpExchange) => void {
  const { bodies, maxBody, refuse, onFault } = options;
  const reading: BodyOptions<HttpExchange> = {
    budget: bodies,
    limit: maxBody,
    onText(exchange, text) {
      try {
        takeText(exchange, text, options);
      } catch (error) {
        onFault(exchange, error);
      }
    },
    onRefused: (exchange, why) => refuse(exchange, why === 'busy' ? BUSY : tooLarge(maxBody()), 'body'),
  };
  return (exchange) => {
    const refusal = refuseHeaders(exchange.request, maxBody());
    if (refusal === null) readBody(exchange, reading);
    else refuse(exchange, refusal, 'header');
  };
}

function refuseHeaders({ headers }: IncomingMessage, maxBody: number): HttpRefusal | null {
  const { 'content-type': type = '', accept = '' } = headers;
  if (mediaTypeOf(type) !== 'application/json') return refused(415, 'Content-Type must be application/json');
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity')
    return refused(415, 'Content-Encoding is not supported: send the body as it is');
  const isUsual = accept === USUAL_ACCEPT;
  if (!isUsual && (!accepts(accept, 'application/json') || !accepts(accept, 'text/event-stream')))
    return refused(406, 'Accept must name application/json and text/event-stream');
  return Number(headers['content-length'] ?? 0) > maxBody ? tooLarge(maxBody) : null;
}

function mediaTypeOf(type: string): string {
  if (type === 'application/json') return type;
  return type.includes(';') ? (type.split(';')[0] ?? '').trim().toLowerCase() : type.trim().toLowerCase();
}

/** What the SDKs of clients write. */
const USUAL_ACCEPT = 'application/json, text/event-stream';

/** Tells whether an Accept header names a media type, or all of its kind. */
export function accepts(accept: string, type: string): boolean {
  const kinds = new Set(['*/*', `${type.split('/')[0]}/*`, type]);
  return accept
    .toLowerCase()
    .split(',')
    .some((range) => kinds.has((range.split(';')[0] ?? '').trim()));
}

function tooLarge(limit: number): HttpRefusal {
  return {
    status: 413,
    code: RPC_CODES.invalidRequest,
    message: `The message is too large: ${limit} bytes are allowed`,
    data: { limit },
  };
}

function refused(status: number, message: string): HttpRefusal {
  return { status, code: RPC_CODES.serverError, message };
}

const BUSY: HttpRefusal = {
  status: 503,
  code: RPC_CODES.serverError,
  message: 'Too many large requests are being sent at once',
  data: { reason: 'busy' },
  headers: { 'retry-after': '1' },
};

function takeText(exchange: HttpExchange, text: string, options: ExchangeOptions): void {
  const read = readMessage(text);
  if ('refusal' in read) return options.refuse(exchange, read.refusal, 'body');
  const { message } = read;
  const version = exchange.request.headers['mcp-protocol-version'];
  const given = typeof version === 'string' ? version : undefined;
  if (eraOf(message, given) === 'modern') takeModern(exchange, { message, text }, options);
  else takeLegacy(exchange, { message, text, version: given }, options);
}

interface Said {
  readonly message: JsonObject;
  readonly text: string;
  /** As the header says. */
  readonly version?: string | undefined;
}

function takeModern(exchange: HttpExchange, said: Said, options: ExchangeOptions): void {
  const { server, request, response } = exchange;
  if (server.ownProcesses !== undefined) return options.refuse(exchange, onlyLegacy(said));
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  // Who comes by the socket is a shim: its client speaks stdio, where arguments have no headers.
  const isShim = options.channel === 'unix';
  const refusal = checkHeaders(said.message, header, (tool) => (isShim ? [] : server.toolHeaders(tool)));
  if (refusal !== null) return options.refuse(exchange, refusal, 'header');
  if (isRequest(said.message)) return ask(exchange, said, { era: 'modern', session: null }, options);
  if (typeof said.message['method'] !== 'string') {
    const message = 'Clients of this protocol version send no responses';
    return options.refuse(exchange, { status: 400, code: RPC_CODES.invalidRequest, message }, 'body');
  }
  // Nothing that a client of this era could notify a server of: to close the exchange is to cancel it.
  accepted(response);
}

/** A process of one's own needs a session, which this era does not have: clients fall back to a version that has. */
function onlyLegacy({ message, version }: Said): HttpRefusal {
  return {
    status: 400,
    code: RPC_CODES.unsupportedProtocolVersion,
    message: 'Unsupported protocol version: this server has a process for each session',
    data: { supported: LEGACY_VERSIONS, requested: version ?? '' },
    id: idOf(message),
  };
}

function takeLegacy(exchange: HttpExchange, said: Said, options: ExchangeOptions): void {
  const { server, request, response } = exchange;
  const { message, text } = said;
  const { clock, channel, sessions } = options;
  const refusal = refuseVersion(said.version);
  if (refusal !== null) return options.refuse(exchange, { ...refusal, id: idOf(message) }, 'header');
  if (message['method'] === 'initialize' && isRequest(message)) {
    const session = sessions.begin(server, sessionFacts(message));
    if (typeof session !== 'string')
      return options.refuse(exchange, { ...session, id: idOf(message) }, 'session');
    response.setHeader('mcp-session-id', session);
    return ask(exchange, said, { era: 'legacy', session }, options);
  }
  const session = sessions.find(server, request.headers['mcp-session-id']);
  if (typeof session !== 'string')
    return options.refuse(exchange, { ...session, id: idOf(message) }, 'session');
  if (isRequest(message)) return ask(exchange, said, { era: 'legacy', session }, options);
  const port = options.nextPort();
  const at = clock.monotonic();
  server.take({ kind: 'said', at, port, session, era: 'legacy', channel, message, text });
  accepted(response);
}

/** Null for a version that we speak, and for none. */
export function refuseVersion(version: string | undefined): HttpRefusal | null {
  if (version === undefined || LEGACY_VERSIONS.some((known) => known === version)) return null;
  return {
    status: 400,
    code: RPC_CODES.serverError,
    message: `Bad Request: Unsupported protocol version: ${version.slice(0, 64)}`,
    data: { supported: VERSIONS },
  };
}

interface Asker {
  readonly era: Era;
  readonly session: string | null;
}

function ask(
  { server, response }: HttpExchange,
  { message, text, version = '' }: Said,
  { era, session }: Asker,
  options: ExchangeOptions,
): void {
  const { clock, channel, streams } = options;
  const request = idOf(message);
  if (request === null) return;
  const port = options.nextPort();
  const isPrimed = session !== null && version >= PRIMING_SINCE;
  const at = clock.monotonic();
  streams.open({ port, server: server.name, session, era, request, isPrimed, at }, response);
  server.take({ kind: 'said', at, port, session, era, channel, message, text });
}

function accepted(response: ServerResponse): void {
  response.writeHead(202, { 'content-length': 0 });
  response.end();
}
