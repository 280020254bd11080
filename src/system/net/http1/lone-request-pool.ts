// Pool for requests that are far apart: each has a connection of its own, which is closed with its response. Plain HTTP/1.1.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { codeOf } from '../../../core/base/guards.ts';
import {
  abortError,
  closedByPeer,
  createPool,
  type Exchange,
  type ExchangeCallbacks,
  type HttpRequest,
  type OriginPool,
} from '../origin-pool.ts';
import { HeadReader, ResponseReader, type ResponseHead, type ResponseTaker } from './response-reader.ts';

/**
 * Opens the pool. Node's own client makes for each request an agent's entry, a table of headers, two streams and a parser: for a
 * probe, in code that nothing optimises, that is as much as everything else that it does.
 *
 * @param connections at a time
 */
export function openLonePool(connections: number): OriginPool {
  const heads = new HeadReader();
  return createPool(connections, (request, callbacks) => new LoneExchange(request, callbacks, heads));
}

/** What comes is copied before the next comes, from whichever connection. */
const READ_BUFFER_SIZE = 16 * 1024;
let readBuffer: Buffer | null = null;

class LoneExchange implements Exchange, ResponseTaker {
  readonly #request: HttpRequest;
  readonly #callbacks: ExchangeCallbacks;
  readonly #reader: ResponseReader;
  readonly #onAbort = (): void => this.breakOff(abortError());
  #socket: Socket | null = null;
  #body: ResponseBody | null = null;
  #error: Error | null = null;
  #isFull = false;
  #isOver = false;

  constructor(request: HttpRequest, callbacks: ExchangeCallbacks, heads: HeadReader) {
    this.#request = request;
    this.#callbacks = callbacks;
    this.#reader = new ResponseReader(heads);
    request.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  begin(): void {
    let message: Buffer;
    try {
      message = messageOf(this.#request);
    } catch (error) {
      // A header that cannot be sent.
      return this.#finish(asError(error));
    }
    const { hostname, port } = this.#request.url;
    this.#socket = connect({
      // Without brackets: that is how the system knows an IPv6 address.
      host: hostname.replaceAll(/[[\]]/gu, ''),
      port: port === '' ? 80 : Number(port),
      onread: {
        buffer: (readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_SIZE)),
        callback: (length) => this.#read(length),
      },
    });
    this.#socket.on('error', (error) => (this.#error ??= error));
    this.#socket.once('close', () => this.#closed());
    this.#reader.begin(this);
    this.#socket.write(message);
  }

  breakOff(error: Error): void {
    this.#finish(error);
  }

  // The response, from the reader.

  head({ status, headers }: ResponseHead): void {
    this.#body = new ResponseBody({
      onWanted: () => this.#resume(),
      onLeft: (error) => this.#finish(error ?? abortError()),
    });
    this.#callbacks.resolve({ status, headers, body: this.#body });
  }

  chunk(bytes: Buffer): void {
    if (this.#body?.push(Buffer.from(bytes)) === false) this.#isFull = true;
  }

  end(): void {
    this.#finish(null);
  }

  /** Returns false for a body that is read more slowly than it comes: the socket waits then. */
  #read(length: number): boolean {
    if (readBuffer === null || this.#isOver) return true;
    this.#isFull = false;
    const error = this.#reader.take(readBuffer.subarray(0, length));
    if (error !== null) this.#finish(error);
    return this.#isOver || !this.#isFull;
  }

  #resume(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#socket?.resume();
  }

  #closed(): void {
    const isReset = this.#body !== null && codeOf(this.#error) === 'ECONNRESET';
    if (this.#error === null && this.#reader.endsWithConnection) this.#finish(null);
    else this.#finish(isReset ? closedByPeer() : (this.#error ?? closedByPeer()));
  }

  /** @param error null for a response that is complete */
  #finish(error: Error | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.abandon();
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    if (error === null) this.#body?.push(null);
    else if (this.#body === null) this.#callbacks.reject(error);
    else this.#body.destroy(error);
    // A response that came before the whole request was sent: its rest still is.
    if (error === null && this.#socket !== null && this.#socket.writableLength > 0)
      this.#socket.destroySoon();
    else this.#socket?.destroy();
    this.#callbacks.onEnd(error === null);
  }
}

interface ReaderOfBody {
  /** Called when more of it is wanted. */
  readonly onWanted: () => void;
  /** Called when it is not wanted any more, or was broken off with this error. */
  readonly onLeft: (error: Error | null) => void;
}

class ResponseBody extends Readable {
  readonly #reader: ReaderOfBody;

  constructor(reader: ReaderOfBody) {
    super();
    this.#reader = reader;
    // The first to hear of it: a reader that has left does not need the error.
    this.on('error', () => undefined);
  }

  override _read(): void {
    this.#reader.onWanted();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#reader.onLeft(error);
    callback(error);
  }
}

/** Headers that say how long the connection and the message are: whatever the config says. */
const FRAMING: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding']);

/** Writes the request as it goes out. @throws for a header that cannot be sent */
function messageOf({ method, url, headers, body }: HttpRequest): Buffer {
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`];
  for (const [name, value] of Object.entries({ host: url.host, ...headers })) {
    if (FRAMING.has(name)) continue;
    validateHeaderName(name);
    validateHeaderValue(name, value);
    lines.push(`${name}: ${value}`);
  }
  lines.push('connection: close');
  if (body !== undefined) lines.push(`content-length: ${Buffer.byteLength(body)}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, Buffer.from(body)]);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
