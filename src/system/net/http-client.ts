// HTTP client: a few pooled sockets per server, all dropped together when they may be stale.
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

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or destroyed: it holds a socket. */
  readonly body: Readable;
}

export interface HttpClient {
  /** Resolves when the head of the answer is there. Redirects are answers like others. @throws the system's error */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Breaks off what is under way and forgets every socket; the next request opens new ones. */
  dropSockets(): void;
}

/** Two sockets per origin: one may be held by a stream that the server does not end. */
const CONNECTIONS = 2;
/** Many servers close an idle socket after 5 s; ours is closed before, so that none is found dead by a probe. */
const KEEP_ALIVE = 4_000;

/** The sockets to one origin, and how many requests use them. */
interface Lane {
  readonly pool: Pool;
  open: number;
}

/** One client per watched server. Timeouts are the caller's: by signal, so that one clock rules them all. */
export function createHttpClient(): HttpClient {
  const lanes = new Map<string, Lane>();

  function laneTo(origin: string): Lane {
    const known = lanes.get(origin);
    if (known !== undefined) return known;
    const lane = { pool: openPool(origin), open: 0 };
    lanes.set(origin, lane);
    return lane;
  }

  function drop(origin: string, lane: Lane): void {
    if (lanes.get(origin) === lane) lanes.delete(origin);
    void lane.pool.destroy().catch(() => undefined);
  }

  return {
    send(request) {
      const { origin } = request.url;
      const lane = laneTo(origin);
      lane.open += 1;
      const onEnd = (isClean: boolean) => {
        lane.open -= 1;
        // Left alone, undici connects once more for a request that was broken off, only to throw it away.
        if (!isClean) queueMicrotask(() => lane.open === 0 && drop(origin, lane));
      };
      return dispatch(lane.pool, request, onEnd);
    },
    dropSockets() {
      for (const [origin, lane] of lanes) drop(origin, lane);
    },
  };
}

function openPool(origin: string): Pool {
  return new (loadPool())(origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE,
    keepAliveMaxTimeout: KEEP_ALIVE,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
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

/** @param onEnd told once when the request needs no socket any more, and whether it came to its proper end */
function dispatch(
  pool: Pool,
  { method, url, headers, body, signal }: HttpRequest,
  onEnd: (isClean: boolean) => void,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      onEnd(true);
      reject(abortError());
      return;
    }
    pool.dispatch(
      { method, path: `${url.pathname}${url.search}`, headers, body: body ?? null },
      receiver(signal, { resolve, reject, onEnd }),
    );
  });
}

interface Receiving {
  readonly resolve: (answer: HttpResponse) => void;
  readonly reject: (error: Error) => void;
  readonly onEnd: (isClean: boolean) => void;
}

function receiver(signal: AbortSignal, { resolve, reject, onEnd }: Receiving): Dispatcher.DispatchHandler {
  let control: Dispatcher.DispatchController | null = null;
  let body: Readable | null = null;

  function abort(): void {
    control?.abort(abortError());
    // A request still waiting for a socket has no controller yet: it is broken off when it gets one.
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
      // 1xx: the answer itself follows.
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
