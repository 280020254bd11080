// Pool of the sockets to one origin, on Node's own HTTP client: for plain HTTP without a proxy, as to servers on this machine.
import { Agent, type ClientRequest, type IncomingMessage, request as openRequest } from 'node:http';
import type { Readable } from 'node:stream';
import { codeOf } from '../../core/base/guards.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Aborts the request at any time, also while the body is read. */
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or destroyed: it occupies a socket. */
  readonly body: Readable;
}

export interface OriginPool {
  /**
   * Resolves with the headers of the response.
   *
   * @param onEnd called once when the request no longer needs its socket; `isClean` when the response was complete
   * @throws the system's error
   */
  send(request: HttpRequest, onEnd: (isClean: boolean) => void): Promise<HttpResponse>;
  /** Aborts all requests and closes every socket; not to be used afterwards. */
  destroy(): void;
}

export interface PlainPoolOptions {
  /** Sockets at a time. */
  readonly connections: number;
  /** False: each serves one request. */
  readonly keepAlive: boolean;
}

/** Ms. Many servers close an idle socket after 5 s; ours close before, so that no probe finds one dead. */
export const KEEP_ALIVE = 4_000;

/** One request and its response. */
export interface Exchange {
  /** Sends the request. */
  begin(): void;
  breakOff(error: Error): void;
}

export interface ExchangeCallbacks {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: Error) => void;
  /** As in `OriginPool.send`. */
  readonly onEnd: (isClean: boolean) => void;
}

/**
 * Creates a pool of exchanges of one kind.
 *
 * @param connections exchanges at a time; further ones wait
 * @param end called once all exchanges are broken off
 */
export function createPool(
  connections: number,
  open: (request: HttpRequest, callbacks: ExchangeCallbacks) => Exchange,
  end: () => void = () => undefined,
): OriginPool {
  const underWay = new Set<Exchange>();
  const waiting = new Set<Exchange>();
  // Node's agent has a queue too, but would open a socket for a request that was aborted in it.
  const advance = (): void => {
    for (const exchange of waiting) {
      if (underWay.size >= connections) return;
      waiting.delete(exchange);
      underWay.add(exchange);
      exchange.begin();
    }
  };
  return {
    send(request, onEnd) {
      return new Promise((resolve, reject) => {
        const exchange = open(request, {
          resolve,
          reject,
          onEnd(isClean) {
            waiting.delete(exchange);
            // Not yet: the socket is given back after this event.
            if (underWay.delete(exchange)) process.nextTick(advance);
            onEnd(isClean);
          },
        });
        waiting.add(exchange);
        advance();
      });
    },
    destroy() {
      for (const exchange of [...waiting, ...underWay]) exchange.breakOff(droppedError());
      end();
    },
  };
}

/**
 * Opens a pool of kept sockets. undici has one too, at the price of 8 to 10 MiB of resident memory for a request in ten seconds, half of
 * it because V8 loads its compiler for the parser, a WebAssembly program.
 */
export function openPlainPool(connections: number): OriginPool {
  // The timeout is that of idle sockets: a request does not listen for it.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: connections, timeout: KEEP_ALIVE });
  return createPool(
    connections,
    (request, callbacks) => new AgentExchange(request, callbacks, agent),
    () => agent.destroy(),
  );
}

class AgentExchange implements Exchange {
  readonly #request: HttpRequest;
  readonly #callbacks: ExchangeCallbacks;
  readonly #agent: Agent;
  readonly #onAbort = (): void => this.breakOff(abortError());
  #sent: ClientRequest | null = null;
  #response: IncomingMessage | null = null;
  #hasEnded = false;

  constructor(request: HttpRequest, callbacks: ExchangeCallbacks, agent: Agent) {
    this.#request = request;
    this.#callbacks = callbacks;
    this.#agent = agent;
    request.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  begin(): void {
    const { url, method, headers, body } = this.#request;
    try {
      this.#sent = openRequest({
        agent: this.#agent,
        method,
        // Without brackets: that is how the system knows an IPv6 address.
        hostname: url.hostname.replaceAll(/[[\]]/gu, ''),
        port: url.port === '' ? 80 : url.port,
        path: `${url.pathname}${url.search}`,
        headers: { host: url.host, ...headers },
      });
    } catch (error) {
      // A header that cannot be sent.
      this.#callbacks.reject(error instanceof Error ? error : new Error(String(error)));
      return this.#end(false);
    }
    this.#sent.on('error', (error) => this.#callbacks.reject(told(error)));
    this.#sent.once('response', (response) => this.#answer(response));
    this.#sent.once('close', () => {
      // As after a change of protocols, which nobody asked for.
      if (this.#response === null) this.#callbacks.reject(told(hungUp()));
      this.#end(this.#response?.complete === true);
    });
    this.#sent.end(body);
  }

  breakOff(error: Error): void {
    if (this.#response === null) this.#callbacks.reject(error);
    else this.#response.destroy(error);
    this.#sent?.destroy(error);
    if (this.#sent === null) this.#end(true);
  }

  #answer(response: IncomingMessage): void {
    this.#response = response;
    // The first to hear of it; and a reader that has left does not need the error.
    response.on('error', told);
    this.#callbacks.resolve({
      status: response.statusCode ?? 0,
      headers: firstOfEach(response.rawHeaders),
      body: response,
    });
  }

  #end(isClean: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#callbacks.onEnd(isClean);
  }
}

/** Returns headers by their names in lower case; of a repeated one the first value. Node's own tables hold all of them. */
function firstOfEach(raw: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (!Object.hasOwn(headers, name)) headers[name] = raw[index + 1] ?? '';
  }
  return headers;
}

export function closedByPeer(): Error {
  return Object.assign(new Error('other side closed'), { code: 'ECONNRESET' });
}

export function droppedError(): Error {
  return Object.assign(new Error('The sockets were dropped'), { code: 'SOCKETS_DROPPED' });
}

export function abortError(): Error {
  return Object.assign(new Error('The request was aborted'), { code: 'ABORT_ERR' });
}

function hungUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

/** Says in one way that the server closed the connection: Node says "aborted" of a response, and "socket hang up" of a request. */
function told(error: Error): Error {
  const isClosed = codeOf(error) === 'ECONNRESET' && /^(?:aborted|socket hang up)$/u.test(error.message);
  if (isClosed) error.message = 'other side closed';
  return error;
}
