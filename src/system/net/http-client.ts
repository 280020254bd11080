// HTTP client: a few pooled sockets per server, all dropped together when they may be stale.
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import type { Dispatcher, Pool, ProxyAgent } from 'undici';
import { trustedContext } from './certificate-authorities.ts';
import { explainLocalNetwork } from './local-network.ts';
import {
  abortError,
  type HttpRequest,
  type HttpResponse,
  KEEP_ALIVE,
  openPlainPool,
  type OriginPool,
  type PlainPoolOptions,
} from './origin-pool.ts';
import { openLonePool } from './http1/lone-request-pool.ts';
import { explainProxyError, proxyFor } from './proxy.ts';

export type { HttpRequest, HttpResponse } from './origin-pool.ts';

export interface HttpClient {
  /** Resolves with the headers of the response. Redirects are not followed. @throws the system's error */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Aborts all requests and closes every socket; the next request opens new ones. */
  dropSockets(): void;
}

/** Two sockets per origin are enough for probes: one may be held by a stream that the server does not end. */
const CONNECTIONS = 2;

/** The sockets to one origin, or to the proxy on the way to it, and the number of open requests. */
interface Origin {
  readonly pool: OriginPool;
  readonly proxy: URL | null;
  open: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface HttpClientOptions {
  /** Sockets per origin. */
  readonly connections?: number;
  /**
   * False: a plain HTTP socket serves one request and is closed with its response, and none has a timer of its own. For
   * requests so far apart that servers would have closed it.
   */
  readonly keepAlive?: boolean;
  /** Left out: Node's client or connections of our own for plain HTTP without a proxy, undici for everything else. */
  readonly open?: typeof openPool;
}

/**
 * Creates a client for one watched server. Timeouts come from the caller, by signal, so that all use one clock.
 *
 * @param environment names proxies (HTTP_PROXY, …) and further certificate authorities (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE)
 */
export function createHttpClient(
  environment: Environment = process.env,
  { connections = CONNECTIONS, keepAlive = true, open = openPool }: HttpClientOptions = {},
): HttpClient {
  const pools = new Map<string, Origin>();

  function poolFor(url: URL): Origin {
    const known = pools.get(url.origin);
    if (known !== undefined) return known;
    const entry = { ...open(url, environment, { connections, keepAlive }), open: 0 };
    pools.set(url.origin, entry);
    return entry;
  }

  function drop(origin: string, entry: Origin): void {
    if (pools.get(origin) === entry) pools.delete(origin);
    entry.pool.destroy();
  }

  return {
    async send(request) {
      if (request.signal.aborted) throw abortError();
      const { origin, host } = request.url;
      const entry = poolFor(request.url);
      entry.open += 1;
      const onEnd = (isClean: boolean) => {
        entry.open -= 1;
        // Otherwise undici would connect once more for an aborted request, only to discard the socket.
        if (!isClean) queueMicrotask(() => entry.open === 0 && drop(origin, entry));
      };
      return await entry.pool.send(request, onEnd).catch((error: Error) => {
        throw entry.proxy === null ? explainLocalNetwork(error) : explainProxyError(error, entry.proxy, host);
      });
    },
    dropSockets() {
      for (const [origin, entry] of pools) drop(origin, entry);
    },
  };
}

function openPool(
  url: URL,
  environment: Environment,
  { connections, keepAlive }: PlainPoolOptions,
): Pick<Origin, 'pool' | 'proxy'> {
  const proxy = proxyFor(url, environment);
  if (proxy === null && url.protocol === 'http:')
    return { proxy, pool: keepAlive ? openPlainPool(connections) : openLonePool(connections) };
  // Kept alive in any case: a second handshake of TLS would cost the server more than the timers cost us.
  return { proxy, pool: openUndiciPool(url, { environment, connections, proxy }) };
}

/** Opens a pool of undici: for HTTPS, and for what goes through a proxy. */
export function openUndiciPool(
  url: URL,
  {
    environment,
    connections,
    proxy,
  }: { readonly environment: Environment; readonly connections: number; readonly proxy: URL | null },
): OriginPool {
  const context = url.protocol === 'https:' ? trustedContext(environment) : null;
  const tls = context === null ? {} : { secureContext: context };
  const options = {
    connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE,
    keepAliveMaxTimeout: KEEP_ALIVE,
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (proxy === null) return wrap(new (loadPool())(url.origin, { ...options, connect: tls }));
  const trust = proxy.protocol === 'https:' ? trustedContext(environment) : null;
  const agent = new (loadProxyAgent())({
    ...options,
    uri: proxy.href,
    requestTls: tls,
    ...(trust === null ? {} : { proxyTls: { secureContext: trust } }),
    // Many proxies refuse a tunnel to anything but port 443.
    proxyTunnel: false,
  });
  return wrap(agent);
}

function wrap(pool: Pool | ProxyAgent): OriginPool {
  return {
    send: (request, onEnd) => dispatch(pool, request, onEnd),
    destroy: () => void pool.destroy().catch(() => undefined),
  };
}

let loadedPool: typeof Pool | null = null;

// The pool alone costs 8 MB of resident memory, all of undici (fetch, WebSocket, cache) 20 MB, and a daemon that watches
// only stdio servers needs neither.
function loadPool(): typeof Pool {
  if (loadedPool !== null) return loadedPool;
  const found: unknown = createRequire(import.meta.url)('undici/lib/dispatcher/pool.js');
  if (!isPool(found)) throw new TypeError('undici has moved its Pool');
  loadedPool = found;
  return found;
}

function isPool(value: unknown): value is typeof Pool {
  return typeof value === 'function' && value.name === 'Pool';
}

// All of undici, which alone gives the agent its tunnels: for those who have a proxy.
function loadProxyAgent(): typeof ProxyAgent {
  const undici: { readonly ProxyAgent: typeof ProxyAgent } = createRequire(import.meta.url)('undici');
  return undici.ProxyAgent;
}

/** @param onEnd called once when the request no longer needs its socket; `isClean` when the response was complete */
function dispatch(
  pool: Pool | ProxyAgent,
  { method, url, headers, body, signal }: HttpRequest,
  onEnd: (isClean: boolean) => void,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    pool.dispatch(
      // A copy: the agent for proxies adds a header to it.
      {
        origin: url.origin,
        method,
        path: `${url.pathname}${url.search}`,
        headers: { ...headers },
        body: body ?? null,
      },
      dispatchHandler(signal, { resolve, reject, onEnd }),
    );
  });
}

interface DispatchCallbacks {
  readonly resolve: (answer: HttpResponse) => void;
  readonly reject: (error: Error) => void;
  readonly onEnd: (isClean: boolean) => void;
}

function dispatchHandler(
  signal: AbortSignal,
  { resolve, reject, onEnd }: DispatchCallbacks,
): Dispatcher.DispatchHandler {
  let control: Dispatcher.DispatchController | null = null;
  let body: Readable | null = null;

  function abort(): void {
    control?.abort(abortError());
    // A request that waits for a socket has no controller yet: it is aborted when it gets one.
    if (control === null) reject(abortError());
  }
  const finish = (isClean: boolean) => {
    signal.removeEventListener('abort', abort);
    onEnd(isClean);
  };
  signal.addEventListener('abort', abort, { once: true });

  return {
    onRequestStart(controller) {
      control = controller;
      if (signal.aborted) controller.abort(abortError());
    },
    onResponseStart(controller, status, headers) {
      // 1xx: the final response follows.
      if (status < 200) return;
      body = bodyOf(controller);
      resolve({ status, headers: firstValues(headers), body });
    },
    onResponseData(controller, chunk) {
      if (body?.push(chunk) === false) controller.pause();
    },
    onResponseEnd() {
      finish(true);
      body?.push(null);
    },
    onResponseError(_controller, error) {
      finish(false);
      if (body === null) reject(error);
      else body.destroy(error);
    },
  };
}

function bodyOf(controller: Dispatcher.DispatchController): Readable {
  const body = new Readable({
    read: () => controller.resume(),
    destroy(error, done) {
      if (!body.readableEnded && !controller.aborted) controller.abort(error ?? abortError());
      done(error);
    },
  });
  // A reader that has left does not need the error.
  body.on('error', () => undefined);
  return body;
}

function firstValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = Array.isArray(value) ? value[0] : value;
      return first === undefined ? [] : [[name.toLowerCase(), first]];
    }),
  );
}
