// Reader of the HTTP/1.1 responses of one connection: their heads, and their bodies by length, in chunks or until the end.

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string>>;
  /** Length of the body in bytes, or how its end is found. */
  readonly body: number | 'chunked' | 'until-close';
  /** Whether the connection serves another request after this one. */
  readonly keepsOpen: boolean;
}

/** Takes one response. Its bytes belong to the reader: what is kept of them has to be copied. */
export interface ResponseTaker {
  head(head: ResponseHead): void;
  chunk(bytes: Buffer): void;
  end(): void;
}

/** Longest head, and longest line between chunks, bytes; as Node's own client has it. */
const MAX_HEAD = 16_384;

/** Error of a response that is no HTTP, or one that is framed in two ways. */
function malformed(what: string): Error {
  return Object.assign(new Error(`The server answered with what is no HTTP response: ${what}`), {
    code: 'HPE_INVALID_RESPONSE',
  });
}

type State = 'idle' | 'head' | 'counted' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close';

/** A connection has one, which reads response after response. */
export class ResponseReader {
  readonly #heads: HeadReader;
  #taker: ResponseTaker | null = null;
  #state: State = 'idle';
  #held: Buffer | null = null;
  #left = 0;
  #keepsOpen = false;

  constructor(heads: HeadReader) {
    this.#heads = heads;
  }

  /** Whether the end of the connection is the end of the response. */
  get endsWithConnection(): boolean {
    return this.#state === 'until-close';
  }

  /** Whether the connection may be used again: the last response said so, and nothing came after it. */
  get isReusable(): boolean {
    return this.#state === 'idle' && this.#keepsOpen;
  }

  /** Expects a response. */
  begin(taker: ResponseTaker): void {
    this.#taker = taker;
    this.#state = 'head';
  }

  /** The response is wanted no more: nobody is told of the rest. */
  abandon(): void {
    this.#taker = null;
  }

  /** Reads what came. @returns what is wrong with it; the connection is of no use then */
  take(bytes: Buffer): Error | null {
    let rest = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = null;
    while (rest.length > 0) {
      const used = this.#step(rest);
      if (typeof used !== 'number') return used;
      if (used === 0) {
        if (rest.length > MAX_HEAD) return malformed('its head is too long');
        this.#held = Buffer.from(rest);
        return null;
      }
      rest = used === rest.length ? NOTHING : rest.subarray(used);
    }
    return null;
  }

  /** @returns how many bytes were used, 0 where more are needed; or what is wrong */
  #step(bytes: Buffer): number | Error {
    switch (this.#state) {
      case 'head':
        // Empty lines before it mean nothing.
        return bytes[0] === CARRIAGE_RETURN || bytes[0] === NEWLINE ? 1 : this.#readHead(bytes);
      case 'counted':
      case 'chunk':
        return this.#readCounted(bytes);
      case 'until-close':
        this.#taker?.chunk(bytes);
        return bytes.length;
      case 'size':
      case 'chunk-end':
      case 'trailer':
        return this.#readLine(bytes);
      case 'idle':
        this.#keepsOpen = false;
        return malformed('more than was asked for');
      default:
        return this.#state satisfies never;
    }
  }

  #readHead(bytes: Buffer): number | Error {
    const end = bytes.indexOf(END_OF_HEAD);
    if (end === -1) return wrongStart(bytes) ?? 0;
    const used = end + END_OF_HEAD.length;
    if (used > MAX_HEAD) return malformed('its head is too long');
    const head = this.#heads.read(bytes.toString('latin1', 0, end));
    if (head === null) return malformed('its head cannot be read');
    // Another response follows, but for a change of protocol, which nobody asked for.
    if (head.status < 200) return head.status === 101 ? malformed('another protocol') : used;
    this.#keepsOpen = head.keepsOpen;
    this.#taker?.head(head);
    if (head.body === 0) this.#finish();
    else if (head.body === 'chunked') this.#state = 'size';
    else if (head.body === 'until-close') this.#state = 'until-close';
    else {
      this.#left = head.body;
      this.#state = 'counted';
    }
    return used;
  }

  #readCounted(bytes: Buffer): number {
    const isAll = bytes.length >= this.#left;
    const used = isAll ? this.#left : bytes.length;
    this.#taker?.chunk(used === bytes.length ? bytes : bytes.subarray(0, used));
    this.#left -= used;
    if (isAll && this.#state === 'chunk') this.#state = 'chunk-end';
    else if (isAll) this.#finish();
    return used;
  }

  /** Reads what stands between chunks: the size of the next, the end of the last, and what comes after all of them. */
  #readLine(bytes: Buffer): number | Error {
    const end = bytes.indexOf(NEWLINE);
    if (end === -1) return 0;
    if (end === 0 || bytes[end - 1] !== CARRIAGE_RETURN) return malformed('a line between chunks');
    const line = bytes.toString('latin1', 0, end - 1);
    if (this.#state === 'size') {
      const size = CHUNK_SIZE.exec(line)?.[1];
      if (size === undefined) return malformed('the size of a chunk');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'chunk';
    } else if (this.#state === 'chunk-end') {
      if (line !== '') return malformed('a chunk that is longer than its size');
      this.#state = 'size';
    } else if (line === '') this.#finish();
    return end + 1;
  }

  #finish(): void {
    const taker = this.#taker;
    this.#taker = null;
    this.#state = 'idle';
    taker?.end();
  }
}

const NOTHING = Buffer.alloc(0);
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Extensions are allowed, and mean nothing. */
const CHUNK_SIZE = /^([\da-f]{1,12})[ \t]*(?:;.*)?$/iu;

/** Says at once what is wrong with a head that has no end yet, by its first line: whoever sent that may wait for more. */
function wrongStart(bytes: Buffer): Error | null {
  if (bytes.length > 4 && bytes.toString('latin1', 0, 5) !== 'HTTP/')
    return malformed('it does not begin as one');
  const end = bytes.indexOf(NEWLINE);
  return end !== -1 && bytes[end - 1] !== CARRIAGE_RETURN ? malformed('a line that ends in LF') : null;
}

/** Reader of heads that remembers the last one: a server writes the same ones again, but for the time and the length. */
export class HeadReader {
  #text = '';
  #head: ResponseHead | null = null;

  /** Returns null for what is no head, or frames its body in two ways. */
  read(text: string): ResponseHead | null {
    if (text === this.#text) return this.#head;
    this.#text = text;
    this.#head = readHead(text);
    return this.#head;
  }
}

const STATUS_LINE = /^HTTP\/(?:1|2(?=\.0))\.([01]) (\d{3})(?: .*)?$/u;
const HEADER = /^([!#$%&'*+.^_`|~\dA-Za-z-]+):[ \t]*(.*?)[ \t]*$/u;
/** Headers that say where a body ends: a repeated one must not be overlooked. */
const FRAMING = ['connection', 'content-length', 'transfer-encoding'];

function readHead(text: string): ResponseHead | null {
  // A value may go on in the next line, as it did in the last century.
  const [first = '', ...lines] = text.replaceAll(/\r\n[ \t]+/gu, ' ').split('\r\n');
  const [, minor, status] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined || BARE.test(first)) return null;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, written, value] = HEADER.exec(line) ?? [];
    if (written === undefined || value === undefined || CONTROL.test(line)) return null;
    const name = written.toLowerCase();
    if (!Object.hasOwn(headers, name)) headers[name] = value;
    else if (FRAMING.includes(name)) headers[name] += `, ${value}`;
  }
  const body = bodyOf(Number(status), headers);
  if (body === null) return null;
  const keepsOpen = body !== 'until-close' && isKept(headers['connection'], minor === '1');
  return { status: Number(status), headers, body, keepsOpen };
}

/** What the first line must not hold. */
const BARE = /[\r\n\0]/u;
/** What a header must not hold: control characters other than a tab. */
const CONTROL = /[^\t\P{Cc}\u0080-\u009f]/u;

function bodyOf(status: number, headers: Readonly<Record<string, string>>): ResponseHead['body'] | null {
  const coding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== undefined) {
    const isChunked = /(?:^|,)[ \t]*chunked$/iu.test(coding);
    return length === undefined ? (isChunked ? 'chunked' : 'until-close') : null;
  }
  if (length === undefined) return 'until-close';
  // A repeated one stands here with a comma.
  return /^\d{1,15}$/u.test(length) ? Number(length) : null;
}

function isKept(connection: string | undefined, isByDefault: boolean): boolean {
  const words = (connection ?? '').toLowerCase().split(/[ \t]*,[ \t]*/u);
  return isByDefault ? !words.includes('close') : words.includes('keep-alive');
}
