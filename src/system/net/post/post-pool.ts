// Pool of the connections on which messages are posted to one origin: plain HTTP/1.1, one request at a time on each.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { connect, type Socket } from 'node:net';
import { closedByPeer, droppedError, KEEP_ALIVE } from '../origin-pool.ts';
import {
  HeadReader,
  ResponseReader,
  type ResponseHead,
  type ResponseTaker,
} from '../http1/response-reader.ts';

interface PostRequest {
  /** Of the origin of the client. */
  readonly url: URL;
  /** Names in lower case. The same object as last time: nothing in it has changed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Takes a response, or learns that none comes whole: `end` or `failed` is the last that it hears. */
export interface PostTaker extends Pick<ResponseTaker, 'chunk' | 'end'> {
  head(head: Pick<ResponseHead, 'status' | 'headers'>): void;
  failed(error: Error): void;
}

/** Sends messages, each of which is answered with one response. */
export interface PostClient {
  /**
   * Never throws, and tells nothing before it returns.
   *
   * @returns a function that breaks the request off: nothing is told of it from then on
   */
  post(request: PostRequest, taker: PostTaker): () => void;
  /** Breaks off everything and closes all connections; a later request opens new ones. */
  close(): void;
}

/**
 * Opens the pool. Node's own client makes for each request a table of headers, two streams with their listeners and a parser:
 * half of what passing it on costs. Here head and body leave in one write, and a response is read where it lies.
 *
 * @param origin a URL of it; plain HTTP
 */
export function openPostPool(origin: URL): PostClient {
  const heads = new HeadReader();
  const connections = new Set<Connection>();
  /** The longest unused is first. */
  const idle: Connection[] = [];
  let sweep: NodeJS.Timeout | null = null;

  function open(): Connection {
    const connection = new Connection(origin, new ResponseReader(heads), {
      onFree(free) {
        idle.push(free);
        sweep ??= setTimeout(closeUnused, KEEP_ALIVE).unref();
      },
      onClosed(closed) {
        connections.delete(closed);
        const at = idle.indexOf(closed);
        if (at !== -1) idle.splice(at, 1);
      },
    });
    connections.add(connection);
    return connection;
  }

  /** One timer for all, and none while none is unused. */
  function closeUnused(): void {
    const now = performance.now();
    for (const one of idle.filter(({ unusableAt }) => unusableAt <= now)) one.close();
    const next = Math.min(...idle.map(({ unusableAt }) => unusableAt));
    sweep = idle.length === 0 ? null : setTimeout(closeUnused, next - now).unref();
  }

  /** The last one that was used: those that are not needed grow old. */
  function take(): Connection {
    const now = performance.now();
    for (let one = idle.pop(); one !== undefined; one = idle.pop()) {
      if (one.isUsable && one.unusableAt > now) return one;
      one.close();
    }
    return open();
  }

  const headOf = createHeadWriter();
  return {
    post(request, taker) {
      let text: string;
      try {
        text = `${headOf(request)}${Buffer.byteLength(request.body)}\r\n\r\n${request.body}`;
      } catch (error) {
        // A header that cannot be sent.
        let isWanted = true;
        queueMicrotask(() => isWanted && taker.failed(asError(error)));
        return () => void (isWanted = false);
      }
      return take().send(text, taker);
    },
    close() {
      if (sweep !== null) clearTimeout(sweep);
      sweep = null;
      for (const one of connections) one.close(droppedError());
    },
  };
}

/** @returns a function that writes the head of a request up to the length of its body */
function createHeadWriter(): (request: PostRequest) => string {
  let lastUrl: URL | null = null;
  let lastHeaders: PostRequest['headers'] | null = null;
  let head = '';
  return ({ url, headers }) => {
    if (url === lastUrl && headers === lastHeaders) return head;
    const lines = [`POST ${url.pathname}${url.search} HTTP/1.1`];
    for (const [name, value] of Object.entries({ host: url.host, connection: 'keep-alive', ...headers })) {
      // Whatever the config says: they tell where the body ends.
      if (name === 'content-length' || name === 'transfer-encoding') continue;
      validateHeaderName(name);
      validateHeaderValue(name, value);
      lines.push(`${name}: ${value}`);
    }
    head = `${lines.join('\r\n')}\r\ncontent-length: `;
    lastUrl = url;
    lastHeaders = headers;
    return head;
  };
}

interface ConnectionEvents {
  readonly onFree: (connection: Connection) => void;
  readonly onClosed: (connection: Connection) => void;
}

/** What comes is read before the next comes, from whichever connection. */
const READ_BUFFER_SIZE = 64 * 1024;
let readBuffer: Buffer | null = null;

class Connection implements ResponseTaker {
  readonly #reader: ResponseReader;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  #taker: PostTaker | null = null;
  #error: Error | null = null;
  /** How long the server keeps it unused, ms. */
  #patience = KEEP_ALIVE;
  /** Ms of `performance.now()` at which it is not used any more. */
  unusableAt = Number.POSITIVE_INFINITY;

  constructor({ hostname, port }: URL, reader: ResponseReader, events: ConnectionEvents) {
    this.#reader = reader;
    this.#events = events;
    this.#socket = connect({
      // Without brackets: that is how the system knows an IPv6 address.
      host: hostname.replaceAll(/[[\]]/gu, ''),
      port: port === '' ? 80 : Number(port),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 1_000,
      onread: {
        buffer: (readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_SIZE)),
        callback: (length) => this.#read(length),
      },
    });
    this.#socket.on('error', (error) => (this.#error = error));
    this.#socket.once('close', () => this.#closed());
  }

  get isUsable(): boolean {
    return this.#socket.writable && this.#socket.readable;
  }

  send(text: string, taker: PostTaker): () => void {
    this.#taker = taker;
    this.unusableAt = Number.POSITIVE_INFINITY;
    this.#reader.begin(this);
    this.#socket.write(text);
    return () => {
      if (this.#taker !== taker) return;
      this.#taker = null;
      this.close();
    };
  }

  /** @param error why a request under way fails */
  close(error: Error = closedByPeer()): void {
    this.#error ??= error;
    this.#reader.abandon();
    this.#socket.destroy();
    this.#fail(this.#error);
    this.#events.onClosed(this);
  }

  // The response, from the reader.

  head(head: ResponseHead): void {
    this.#patience = patienceOf(head);
    this.#taker?.head(head);
  }

  chunk(bytes: Buffer): void {
    this.#taker?.chunk(bytes);
  }

  end(): void {
    const taker = this.#taker;
    this.#taker = null;
    taker?.end();
  }

  #read(length: number): boolean {
    if (readBuffer === null || this.#socket.destroyed) return true;
    try {
      const error = this.#reader.take(readBuffer.subarray(0, length));
      if (error !== null) this.close(error);
      else if (this.#taker === null && !this.#socket.destroyed) this.#release();
    } catch (error) {
      // Nothing that a taker throws may reach the process.
      this.close(asError(error));
    }
    return true;
  }

  #release(): void {
    // A response that came before the whole request was sent: nobody knows what the server makes of its rest.
    if (!this.#reader.isReusable || this.#socket.writableLength > 0 || this.#patience <= 0)
      return this.close();
    this.unusableAt = performance.now() + this.#patience;
    this.#events.onFree(this);
  }

  #closed(): void {
    if (this.#error === null && this.#reader.endsWithConnection) this.end();
    this.#fail(this.#error ?? closedByPeer());
    this.#events.onClosed(this);
  }

  #fail(error: Error): void {
    const taker = this.#taker;
    this.#taker = null;
    taker?.failed(error);
  }
}

/** Returns how long the server keeps the connection unused, with a second for what is under way; ms. */
function patienceOf({ headers }: ResponseHead): number {
  const hint = headers['keep-alive'];
  if (hint === undefined) return KEEP_ALIVE;
  const seconds = /^timeout=(\d+)/iu.exec(hint)?.[1];
  return seconds === undefined ? KEEP_ALIVE : Math.min(KEEP_ALIVE, (Number(seconds) - 1) * 1_000);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
