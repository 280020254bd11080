// How HTTP requests leave the daemon: a few pooled sockets per server, dropped as one when they may be stale.
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request at any time, the reading of the body included. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or destroyed: it holds a socket. */
  readonly body: Readable;
}

export interface HttpClient {
  /** Resolves when the head of the answer is there. Redirects are answers like others. @throws the system's error */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Breaks off what is under way and forgets every socket; the next request opens new ones. */
  dropSockets(): void;
}

/** Two sockets per origin: one may be held by a stream that the server does not end. */
const CONNECTIONS = 2;
/** Many servers close an idle socket after 5 s; ours is closed before, so that none is found dead by a probe. */
const KEEP_ALIVE = 4_000;

/** One client per watched server. Timeouts are the caller's: by signal, so that one clock rules them all. */
export function createHttpClient(): HttpClient {
  const pools = new Map<string, Pool>();

  function poolOf(origin: string): Pool {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new (loadPool())(origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE,
      keepAliveMaxTimeout: KEEP_ALIVE,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    pools.set(origin, pool);
    return pool;
  }

  return {
    send: (request) => dispatch(poolOf(request.url.origin), request),
    dropSockets() {
      const stale = [...pools.values()];
      pools.clear();
      for (const pool of stale) void pool.destroy().catch(() => undefined);
    },
  };
}

let loaded: typeof Pool | null = null;

// The pool alone costs 8 MB of resident memory in use, the whole of undici (fetch, WebSocket, cache) 20 MB,
// and a daemon that watches only stdio servers needs neither.
function loadPool(): typeof Pool {
  if (loaded !== null) return loaded;
  const found: unknown = createRequire(import.meta.url)('undici/lib/dispatcher/pool.js');
  if (!isPool(found)) throw new TypeError('undici no longer has its Pool where it was');
  loaded = found;
  return found;
}

function isPool(value: unknown): value is typeof Pool {
  return typeof value === 'function' && value.name === 'Pool';
}

function dispatch(pool: Pool, { method, url, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(abortError());
      return;
    }
    pool.dispatch(
      { method, path: `${url.pathname}${url.search}`, headers, body: body ?? null },
      receiver(signal, resolve, reject),
    );
  });
}

function receiver(
  signal: AbortSignal,
  resolve: (answer: HttpAnswer) => void,
  reject: (error: Error) => void,
): Dispatcher.DispatchHandler {
  let control: Dispatcher.DispatchController | null = null;
  let body: Readable | null = null;
  let isAborted = false;

  function abort(): void {
    isAborted = true;
    control?.abort(abortError());
    // A request still waiting for a socket has no controller yet: it is broken off when it gets one.
    if (control === null) reject(abortError());
  }
  const finish = () => signal.removeEventListener('abort', abort);
  signal.addEventListener('abort', abort, { once: true });

  return {
    onRequestStart(controller) {
      control = controller;
      if (isAborted) controller.abort(abortError());
    },
    onResponseStart(controller, status, headers) {
      // 1xx: the answer itself follows.
      if (status < 200) return;
      body = bodyOf(controller);
      resolve({ status, headers: firstValues(headers), body });
    },
    onResponseData(controller, chunk) {
      if (body?.push(chunk) === false) controller.pause();
    },
    onResponseEnd() {
      finish();
      body?.push(null);
    },
    onResponseError(_controller, error) {
      finish();
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
  // A reader that has left does not want to hear how the stream ended.
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

function abortError(): Error {
  return Object.assign(new Error('The request was broken off'), { code: 'ABORT_ERR' });
}
