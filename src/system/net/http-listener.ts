// HTTP listener: opens and closes the port or socket of an app, and names the holder of a port that is taken.
import { chmodSync, rmSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Server, Socket } from 'node:net';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import type { RequestOrigin } from '../../core/base/request-origin.ts';
import type { Clock } from '../time/clock.ts';
import { createTlsServer, type TlsSource } from './tls-server.ts';

export interface ListenOptions<Request extends typeof IncomingMessage = typeof IncomingMessage> {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Key of the config that holds host and port, for hints. */
  readonly setting: string;
  readonly clock: Clock;
  /** Left out: plain HTTP. */
  readonly tls?: TlsSource;
  /** Left out: those of a server for scrapers and a page. */
  readonly limits?: ListenLimits;
  /** Class of its requests; left out, Node's own. */
  readonly requestClass?: Request;
  /** Body of the response to what is no request, too slow or too large; left out, such connections get none. */
  readonly faultBody?: (status: number, reason: string) => string;
  /** Called with each connection that was taken. */
  readonly onConnection?: (socket: Socket) => void;
  /** Called when a connection could not be taken, for instance for want of descriptors; listening goes on. */
  readonly onFault: (error: unknown) => void;
  /** Finds the holder of a taken port, for the error; null when nobody was found. */
  readonly whoListens?: (
    port: number,
    host: string,
  ) => Promise<{ readonly pid: number | null; readonly command: string | null } | null>;
}

/** Durations are ms. */
export interface ListenLimits {
  /** Time for all of a request; responses may take as long as they like. */
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  /** Beyond these, the longest idle connection is closed for each that comes. */
  readonly connections: number;
  /** Beyond these, new ones are refused. */
  readonly most: number;
  /** Between two checks of the timeouts, each of which wakes an idle machine; 30 s when left out. */
  readonly checkEvery?: number;
}

export interface HttpListener {
  /** `http://127.0.0.1:9638`, or with https, without a slash at the end; `unix:` and the path of a socket. */
  readonly url: string;
  /** Closes every connection; responses under way get half a second to finish. */
  close(): Promise<void>;
}

/** A client that sends no whole head has 5 to 35 s; those of too many are closed as others come, see `connections`. */
const CHECK_EVERY = 30_000;

/** Limits of all listeners. */
const COMMON = {
  headersTimeout: 5000,
  maxHeaderSize: 16_384,
};

/** Scrapers, some browser tabs and a few scripts, whose requests are small. */
const DEFAULT_LIMITS: ListenLimits = {
  // A client that needs longer is slow on purpose.
  requestTimeout: 10_000,
  // Longer than the usual scrape interval of 15 s, so that a scraper keeps its connection.
  keepAliveTimeout: 20_000,
  connections: 200,
  most: 400,
};

const GRACE = 500;

/**
 * Listens for requests.
 *
 * @throws WatchdogError LISTEN_FAILED
 */
export async function listenHttp<Request extends typeof IncomingMessage = typeof IncomingMessage>(
  app: RequestListener<Request>,
  options: ListenOptions<Request>,
): Promise<HttpListener> {
  const { tls, onFault, onConnection } = options;
  const nodeLimits = nodeOptions(options);
  const latest = trackResponses(tls === undefined ? (socket) => socket : peerOf);
  const listener = latest.noting(app);
  const server =
    tls === undefined ? createServer(nodeLimits, listener) : createTlsServer(listener, nodeLimits, tls);
  const sockets = prepare(server, latest, options);
  try {
    await bind(server, options);
  } catch (error) {
    throw await explain(error, options);
  }
  server.on('error', onFault);
  if (onConnection !== undefined) server.on('connection', onConnection);
  return { url: urlOf(server, options), close: () => close(server, sockets, options.clock) };
}

/**
 * Listens on a unix socket that only its owner can use. A file of that name is removed: whoever made it must be known to be gone.
 *
 * @param path that fits into the system's structure, in a private folder
 * @throws the system's error
 */
export async function listenUnix<Request extends typeof IncomingMessage = typeof IncomingMessage>(
  app: RequestListener<Request>,
  path: string,
  options: Pick<ListenOptions<Request>, 'clock' | 'onFault' | 'limits' | 'requestClass' | 'faultBody'>,
): Promise<HttpListener> {
  const latest = trackResponses((socket) => socket);
  const server = createServer(nodeOptions(options), latest.noting(app));
  const sockets = prepare(server, latest, options);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(path, 0o600);
  server.on('error', options.onFault);
  return { url: `unix:${path}`, close: () => close(server, sockets, options.clock) };
}

function nodeOptions<Request extends typeof IncomingMessage>({
  limits = DEFAULT_LIMITS,
  requestClass,
}: Pick<ListenOptions<Request>, 'limits' | 'requestClass'>): ServerOptions<Request> {
  const { requestTimeout, keepAliveTimeout, checkEvery: connectionsCheckingInterval = CHECK_EVERY } = limits;
  const own = requestClass === undefined ? {} : { IncomingMessage: requestClass };
  return { ...COMMON, requestTimeout, keepAliveTimeout, connectionsCheckingInterval, ...own };
}

/** @returns the sockets that are open, the oldest first */
function prepare(
  server: HttpServer,
  latest: LatestResponses,
  { limits = DEFAULT_LIMITS, faultBody }: Pick<ListenOptions, 'limits' | 'faultBody'>,
): ReadonlySet<Socket> {
  const sockets = trackSockets(server);
  closeIdleWhenFull(server, sockets, { most: limits.connections, latest });
  // Refuses a connection only where so many requests are really under way.
  server.maxConnections = limits.most;
  if (faultBody !== undefined) answerFaults(server, faultBody);
  return sockets;
}

const FAULT_STATUS: ReadonlyMap<string | null, readonly [number, string]> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request Timeout']],
  ['HPE_HEADER_OVERFLOW', [431, 'Request Header Fields Too Large']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'Payload Too Large']],
]);

function answerFaults(server: HttpServer, faultBody: NonNullable<ListenOptions['faultBody']>): void {
  server.on('clientError', (error, socket) => {
    const [status, reason] = FAULT_STATUS.get(codeOf(error)) ?? [400, 'Bad Request'];
    if (!socket.writable || codeOf(error) === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const body = faultBody(status, reason);
    const head = [
      `HTTP/1.1 ${status} ${reason}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  });
}

/** Tracks all sockets: those in a TLS handshake are no HTTP connections yet, and Node does not close them. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.prependListener('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

interface LatestResponses {
  /** Returns the app with a note of each response: one listener for both, since Node copies a list of several for each request. */
  noting<Request extends typeof IncomingMessage>(app: RequestListener<Request>): RequestListener<Request>;
  isBusy(socket: Socket): boolean;
  forgetWithEnd(socket: Socket): void;
}

/** Notes the last response of each connection. Those before it have ended when it has. */
function trackResponses(keyOf: (socket: Socket) => Socket | string): LatestResponses {
  const last = new Map<Socket | string, ServerResponse>();
  return {
    noting: (app) => (request, response) => {
      last.set(keyOf(request.socket), response);
      app(request, response);
    },
    isBusy(socket) {
      const response = last.get(keyOf(socket));
      return response !== undefined && !response.writableFinished && !response.destroyed;
    },
    forgetWithEnd(socket) {
      const key = keyOf(socket);
      socket.once('close', () => last.delete(key));
    },
  };
}

/** Makes room for a new connection: whoever holds idle ones open must not keep a scraper out. */
function closeIdleWhenFull(
  server: HttpServer,
  sockets: ReadonlySet<Socket>,
  { most, latest }: { readonly most: number; readonly latest: LatestResponses },
): void {
  server.on('connection', (newest: Socket) => {
    latest.forgetWithEnd(newest);
    if (sockets.size <= most) return;
    // In the order in which they came: the oldest first.
    for (const socket of sockets) {
      if (socket === newest || socket.destroyed || latest.isBusy(socket)) continue;
      socket.destroy();
      return;
    }
  });
}

/** Names a connection: under TLS the socket of a request is another object than the one that was accepted. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Without brackets: that is how the system knows an IPv6 address.
    server.listen(port, host.replaceAll(/[[\]]/g, ''), () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server, { host, port, tls }: ListenOptions): string {
  const scheme = tls === undefined ? 'http' : 'https';
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return `${scheme}://${host}:${port}`;
  return `${scheme}://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function close(server: HttpServer, sockets: ReadonlySet<Socket>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(GRACE, () => {
      for (const socket of sockets) socket.destroy();
    });
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function explain(cause: unknown, options: ListenOptions): Promise<WatchdogError> {
  const { host, port, setting } = options;
  const where = `Cannot listen on ${host}:${port}`;
  const hint = `Set another ${setting} in the config`;
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return refused(`${where}: ${await holderOf(options)} has that port`, {
        cause,
        hint: `End it, or set another ${setting} in the config`,
      });
    case 'EACCES':
      return refused(`${where}: this user may not use that port`, {
        cause,
        hint: `${hint}; ports from 1024 on are free to use`,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return refused(`${where}: this machine has no such address`, { cause, hint });
    default:
      return refused(`${where}: ${messageOf(cause)}`, { cause, hint });
  }
}

function refused(message: string, options: { cause: unknown; hint: string }): WatchdogError {
  return new WatchdogError('LISTEN_FAILED', message, options);
}

async function holderOf({ host, port, whoListens }: ListenOptions): Promise<string> {
  const owner = await whoListens?.(port, host).catch(() => null);
  if (owner?.pid == null) return 'another process';
  return owner.command === null ? `process ${owner.pid}` : `process ${owner.pid} (${owner.command})`;
}

/** Reads from a request what `refuseForeignOrigin` decides by. */
export function originOf({ headers, rawHeaders, socket, url = '' }: IncomingMessage): RequestOrigin {
  return {
    hosts: hostsIn(rawHeaders),
    target: url,
    origin: headers.origin,
    site: first(headers['sec-fetch-site']),
    mode: first(headers['sec-fetch-mode']),
    address: socket.localAddress ?? '',
    port: socket.localPort ?? 0,
  };
}

/** Returns all of them: Node keeps the first of several and says nothing. */
function hostsIn(rawHeaders: readonly string[]): readonly string[] {
  const hosts: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    // Each request has some ten others.
    if (name.length === 4 && name.toLowerCase() === 'host') hosts.push(rawHeaders[index + 1] ?? '');
  }
  return hosts;
}

function first(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}
