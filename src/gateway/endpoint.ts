// HTTP endpoint of the gateway: who may ask, which server is meant, and what each method does there.
import type { RequestListener, ServerResponse } from 'node:http';
import { messageOf } from '../core/base/guards.ts';
import { RPC_CODES } from '../core/base/json-rpc.ts';
import { refuseForeignOrigin } from '../core/base/request-origin.ts';
import { unknownServer } from '../core/base/unknown-server.ts';
import { PRIMING_SINCE, isModern } from '../core/gateway/envelope.ts';
import type { Channel, GatewayServer, GatewayServers } from '../core/gateway/model.ts';
import { originOf } from '../system/net/http-listener.ts';
import type { Clock } from '../system/time/clock.ts';
import type { AccessRule } from './access.ts';
import { createBodyBudget } from './bounds/body-budget.ts';
import { readEventId } from './event-id.ts';
import {
  accepts,
  createPostReceiver,
  refuseVersion,
  type ExchangeOptions,
  type HttpExchange,
} from './exchange.ts';
import type { GatewayRequest } from './gateway-request.ts';
import {
  sendJson,
  sendRefusal,
  sendRefusalAndWait,
  type HttpRefusal,
  type RefusalReason,
} from './responses.ts';
import type { Sessions } from './sessions.ts';
import type { Streams } from './streams.ts';

export interface EndpointSettings {
  /** Further names and origins, in lower case. */
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Longest body of a request, bytes. */
  readonly maxBody: number;
}

export interface EndpointOptions {
  readonly servers: GatewayServers;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly streams: Streams;
  readonly channel: Channel;
  readonly access: AccessRule;
  readonly nextPort: () => number;
  /** Asked for each request: a reload changes them. */
  readonly settings: () => EndpointSettings;
  readonly isClosing: () => boolean;
  readonly onRefused: (reason: RefusalReason, server: string | null) => void;
  readonly log: { warn(facts: object, sentence: string): void };
}

/** How long the rest of a body that was refused is read, so that its client gets to read the refusal, ms. */
const LINGER = 2_000;

/** A request of which the server may not be known yet. */
interface Visitor {
  readonly request: GatewayRequest;
  readonly response: ServerResponse;
  readonly server: GatewayServer | null;
}

/** What the methods of a server are answered by. */
interface Methods extends ExchangeOptions {
  readonly post: (exchange: HttpExchange) => void;
}

export function createEndpoint(options: EndpointOptions): RequestListener<typeof GatewayRequest> {
  const { isClosing, settings } = options;
  const exchanges: ExchangeOptions = {
    ...options,
    bodies: createBodyBudget(),
    maxBody: () => settings().maxBody,
    refuse: (exchange, refusal, reason) => refuse(exchange, { refusal, reason }, options),
    onFault: (exchange, error) => fail(exchange, error, options),
  };
  const methods = { ...exchanges, post: createPostReceiver(exchanges) };
  return (request, response) => {
    if (isClosing()) response.shouldKeepAlive = false;
    // A client that leaves while it is written to: nothing to do about it.
    response.on('error', ignore);
    const visitor = { request, response, server: null };
    // Nothing that an exchange throws may reach the process, whose end all servers share.
    try {
      admit(visitor, options, methods);
    } catch (error) {
      fail(visitor, error, options);
    }
  };
}

const ignore = (): void => undefined;

/** Lets a request in that may ask: by its Host and Origin, then by its token or user. */
function admit(visitor: Visitor, options: EndpointOptions, methods: Methods): void {
  const { request } = visitor;
  const foreign = refuseForeignOrigin(originOf(request), options.settings());
  if (foreign !== null) {
    const refusal = { status: foreign.status, code: RPC_CODES.serverError, message: foreign.reason };
    return refuse(visitor, { refusal, reason: foreign.part }, options);
  }
  const path = pathOf(request.url ?? '');
  // Says nothing about this machine, and monitors have no token.
  if (path === '/-/healthy') return answerGet(visitor, () => '{"status":"healthy"}', options);
  const denied = options.access(request);
  if (denied !== null) return refuse(visitor, denied, options);
  if (path === '/') return answerGet(visitor, () => indexOf(request, options.servers), options);
  const name = serverNameIn(path);
  const server = name === null ? undefined : options.servers.find(name);
  if (server === undefined) return refuse(visitor, { refusal: notFound(name, options.servers) }, options);
  takeMethod({ request, response: visitor.response, server }, options, methods);
}

interface Refused {
  readonly refusal: HttpRefusal;
  /** Left out for what is not counted. */
  readonly reason?: RefusalReason | undefined;
}

function refuse(visitor: Visitor, { refusal, reason }: Refused, { onRefused, clock }: EndpointOptions): void {
  const { request, response, server } = visitor;
  if (reason !== undefined) onRefused(reason, server?.name ?? null);
  if (response.headersSent) return;
  if (request.complete || request.method === 'GET' || request.method === 'HEAD')
    return sendRefusal(response, refusal);
  // The rest of the body is read for a while: a connection that is closed with unread bytes takes the answer with it.
  const end = sendRefusalAndWait(response, refusal);
  const cancel = clock.after(LINGER, end);
  request.once('close', () => {
    cancel();
    end();
  });
  request.once('end', end);
  request.on('error', ignore);
  request.resume();
}

/** Ends an exchange that threw. */
function fail({ response, server }: Visitor, error: unknown, { log }: EndpointOptions): void {
  log.warn({ server: server?.name ?? null, error: messageOf(error) }, 'A request to the gateway failed');
  if (response.headersSent) response.destroy();
  else sendRefusal(response, FAILED);
}

const FAILED: HttpRefusal = {
  status: 500,
  code: RPC_CODES.internalError,
  message: 'Internal error of the gateway',
};

function takeMethod(exchange: HttpExchange, options: EndpointOptions, methods: Methods): void {
  switch (exchange.request.method) {
    case 'POST':
      return methods.post(exchange);
    case 'GET':
      return openStream(exchange, options, methods);
    case 'DELETE':
      return endSession(exchange, options, methods);
    default:
      return methods.refuse(exchange, wrongMethod('GET, POST, DELETE'));
  }
}

function openStream(
  exchange: HttpExchange,
  { sessions, streams }: EndpointOptions,
  { refuse }: ExchangeOptions,
): void {
  const { server, request, response } = exchange;
  const version = single(request.headers['mcp-protocol-version']);
  // Clients try this to find out whether there are such streams: only a session has one.
  if (request.headers['mcp-session-id'] === undefined || isModern(version))
    return refuse(exchange, wrongMethod('POST'));
  const refusal = refuseVersion(version);
  if (refusal !== null) return refuse(exchange, refusal, 'header');
  if (!accepts(request.headers.accept ?? '', 'text/event-stream'))
    return refuse(
      exchange,
      { status: 406, code: RPC_CODES.serverError, message: 'Accept must name text/event-stream' },
      'header',
    );
  const session = sessions.find(server, request.headers['mcp-session-id']);
  if (typeof session !== 'string') return refuse(exchange, session, 'session');
  const isPrimed = (version ?? '') >= PRIMING_SINCE;
  const last = readEventId(single(request.headers['last-event-id']));
  streams.attach({ server: server.name, session, isPrimed, last }, response);
}

function endSession(
  exchange: HttpExchange,
  { sessions, streams }: EndpointOptions,
  { refuse }: ExchangeOptions,
): void {
  const { server, request, response } = exchange;
  if (isModern(single(request.headers['mcp-protocol-version']))) return refuse(exchange, wrongMethod('POST'));
  const session = sessions.find(server, request.headers['mcp-session-id']);
  if (typeof session !== 'string') return refuse(exchange, session, 'session');
  sessions.end(server, session);
  streams.forget(session);
  response.writeHead(204);
  response.end();
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

/** The path of a target, which may be in absolute form. */
function pathOf(target: string): string {
  if (target.startsWith('/') && !target.includes('?') && !target.includes('#')) return target;
  return target.replace(/^https?:\/\/[^/?#]*/iu, '').replace(/[?#].*$/su, '');
}

const ENDPOINT = '/mcp';

/** Null for a path that is no server's. */
function serverNameIn(path: string): string | null {
  const end = path.length - ENDPOINT.length;
  // One part between the two: neither empty nor with a slash.
  if (end < 2 || !path.endsWith(ENDPOINT) || path.indexOf('/', 1) !== end) return null;
  const written = path.slice(1, end);
  if (!written.includes('%')) return written;
  try {
    return decodeURIComponent(written);
  } catch {
    return null;
  }
}

function indexOf({ headers }: GatewayRequest, servers: GatewayServers): string {
  const found = servers.list().map(({ name, state }) => {
    return { name, url: `http://${headers.host}/${encodeURIComponent(name)}/mcp`, state };
  });
  return JSON.stringify({ name: 'mcp-watchdog', servers: found });
}

function answerGet(visitor: Visitor, text: () => string, options: EndpointOptions): void {
  const { request, response } = visitor;
  if (!['GET', 'HEAD'].includes(request.method ?? ''))
    return refuse(visitor, { refusal: wrongMethod('GET, HEAD') }, options);
  sendJson(response, { status: 200, text: text(), headers: { 'x-content-type-options': 'nosniff' } });
}

function notFound(name: string | null, servers: GatewayServers): HttpRefusal {
  const status = 404;
  const code = RPC_CODES.serverError;
  if (name === null) return { status, code, message: 'Nothing is here: servers are at /NAME/mcp' };
  const known = servers.list().map((server) => server.name);
  const { message, hint } = unknownServer(name.slice(0, 100), known);
  return { status, code, message: hint === null ? message : `${message}. ${hint}` };
}

function wrongMethod(allow: string): HttpRefusal {
  return { status: 405, code: RPC_CODES.serverError, message: 'Method not allowed', headers: { allow } };
}
