// HTTP listener: opens and closes the port of an app, and names the holder of a port that is taken.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server as HttpServer,
} from 'node:http';
import type { Server, Socket } from 'node:net';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import type { RequestOrigin } from '../../core/base/request-origin.ts';
import type { Clock } from '../time/clock.ts';
import { createTlsServer, type TlsSource } from './tls-server.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Key of the config that holds host and port, for hints. */
  readonly setting: string;
  readonly clock: Clock;
  /** Left out: plain HTTP. */
  readonly tls?: TlsSource;
  /** Called when a connection could not be taken, for instance for want of descriptors; listening goes on. */
  readonly onFault: (error: unknown) => void;
  /** Finds the holder of a taken port, for the error; null when nobody was found. */
  readonly whoListens?: (
    port: number,
    host: string,
  ) => Promise<{ readonly pid: number | null; readonly command: string | null } | null>;
}

export interface HttpListener {
  /** `http://127.0.0.1:9638`, or with https, without a slash at the end. */
  readonly url: string;
  /** Closes every connection; responses under way get half a second to finish. */
  close(): Promise<void>;
}

/** A request is small: a client that needs longer is slow on purpose. */
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  // How often those two are checked; Node's own 30 s would be their real length.
  connectionsCheckingInterval: 2000,
  // Longer than the usual scrape interval of 15 s, so that a scraper keeps its connection.
  keepAliveTimeout: 20_000,
  maxHeaderSize: 16_384,
};

/** Scrapers, some browser tabs and a few scripts; for one more the longest idle connection is closed. */
const MAX_CONNECTIONS = 200;

const GRACE = 500;

/**
 * Listens for requests.
 *
 * @throws WatchdogError LISTEN_FAILED
 */
export async function listenHttp(app: RequestListener, options: ListenOptions): Promise<HttpListener> {
  const { tls } = options;
  const server = tls === undefined ? createServer(LIMITS, app) : createTlsServer(app, LIMITS, tls);
  const sockets = trackSockets(server);
  closeIdleWhenFull(server, sockets);
  // Refuses a connection only where so many requests are really under way.
  server.maxConnections = 2 * MAX_CONNECTIONS;
  try {
    await bind(server, options);
  } catch (error) {
    throw await explain(error, options);
  }
  server.on('error', options.onFault);
  return { url: urlOf(server, options), close: () => close(server, sockets, options.clock) };
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

/** Makes room for a new connection: whoever holds idle ones open must not keep a scraper out. */
function closeIdleWhenFull(server: HttpServer, sockets: ReadonlySet<Socket>): void {
  const busy = new Map<string, number>();
  server.prependListener('request', ({ socket }, response) => {
    const peer = peerOf(socket);
    busy.set(peer, (busy.get(peer) ?? 0) + 1);
    response.once('close', () => {
      const left = (busy.get(peer) ?? 1) - 1;
      if (left > 0) busy.set(peer, left);
      else busy.delete(peer);
    });
  });
  server.on('connection', (latest: Socket) => {
    if (sockets.size <= MAX_CONNECTIONS) return;
    // In the order in which they came: the oldest first.
    for (const socket of sockets) {
      if (socket === latest || socket.destroyed || busy.has(peerOf(socket))) continue;
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
    // Node keeps the first of several and says nothing.
    hosts: rawHeaders.filter(
      (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host',
    ),
    target: url,
    origin: headers.origin,
    site: first(headers['sec-fetch-site']),
    mode: first(headers['sec-fetch-mode']),
    address: socket.localAddress ?? '',
    port: socket.localPort ?? 0,
  };
}

function first(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}
