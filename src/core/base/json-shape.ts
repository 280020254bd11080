// Scanner of JSON bytes as they arrive: depth, number of values, and what a JSON-RPC message says of itself, before anything is parsed.

/** What is known of a text whose last byte may still be missing. */
export interface JsonShape {
  /** Deepest nesting so far. */
  readonly depth: number;
  /** Commas and opening brackets, which is about the number of values. */
  readonly values: number;
  readonly bytes: number;
  /** True for an array, which is a batch where it is a message. */
  readonly isArray: boolean;
  /** The id as it stands in the text, quotes included; null for none, and for one longer than 300 bytes. */
  readonly id: string | null;
  /** Those members that the outermost object has, each once. */
  readonly members: readonly string[];
}

/** Members of a JSON-RPC message that are looked for, but for the id. */
const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'params', 'result', 'error']);
/** Names that matter, as they stand in the text. */
const NAMES = [...MEMBERS, 'id'].map((name) => ({
  name,
  bytes: Array.from(`${name}"`, (char) => char.charCodeAt(0)),
}));

/** Longest name and longest value of the outermost object that are looked at, bytes. */
const MAX_COLLECTED = 300;

/** Bytes of a string that are looked at one by one, before the rest is searched. */
const SHORT = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const SPACE = 0x20;

/**
 * Scans without parsing: a million nested arrays, or keys, cost their memory and seconds of time in `JSON.parse`. What is
 * no JSON gives a shape without meaning; the parser refuses it.
 */
export class JsonScanner implements JsonShape {
  depth = 0;
  values = 0;
  bytes = 0;
  isArray = false;
  id: string | null = null;
  readonly members: string[] = [];
  #level = 0;
  #isInString = false;
  #isEscaped = false;
  /** Name of the member whose value is being read, at the outermost level. */
  #name: string | null = null;
  #isAtName = false;
  /** Bytes of a name, or of the id, as they come; null while nothing is collected. */
  #collected: string | null = null;

  take(piece: Uint8Array): void {
    this.bytes += piece.length;
    let index = 0;
    while (index < piece.length)
      index = this.#isInString ? this.#readString(piece, index) : this.#readTokens(piece, index);
  }

  /** Reads to the end of the string, or of the piece. */
  #readString(piece: Uint8Array, start: number): number {
    let index = start;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      index += 1;
    }
    // Most strings are short: a search of the whole piece pays from some length on.
    const near = Math.min(piece.length, index + SHORT);
    while (index < piece.length) {
      if (index >= near) {
        index = this.#seekEnd(piece, index);
        break;
      }
      const byte = piece[index];
      index += 1;
      if (byte === QUOTE) {
        this.#isInString = false;
        break;
      }
      if (byte === BACKSLASH && (index += 1) > piece.length) this.#isEscaped = true;
    }
    const end = Math.min(index, piece.length);
    if (this.#collected === null) return end;
    const isWhole = this.#isAtName && !this.#isInString && this.#collected === '"';
    if (isWhole) {
      // Without making a text of each name.
      this.#collected = null;
      this.#takeName(nameAt(piece, start, end));
      return end;
    }
    this.#collect(piece, start, end);
    if (!this.#isInString) this.#finish();
    return end;
  }

  /** Finds the quote that ends a string, of which `start` is no escaped byte; returns where the search ended. */
  #seekEnd(piece: Uint8Array, start: number): number {
    let quote = piece.indexOf(QUOTE, start);
    while (quote !== -1 && isEscaped(piece, quote, start)) quote = piece.indexOf(QUOTE, quote + 1);
    if (quote !== -1) {
      this.#isInString = false;
      return quote + 1;
    }
    this.#isEscaped = isEscaped(piece, piece.length, start);
    return piece.length;
  }

  /** Reads to the beginning of the next string, or to the end of the piece. */
  #readTokens(piece: Uint8Array, start: number): number {
    for (let index = start; index < piece.length; index += 1) {
      const byte = piece[index] ?? SPACE;
      if (byte === QUOTE) {
        this.#beginString();
        return index + 1;
      }
      if (byte === COMMA) this.#endMember();
      else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) this.#open(byte);
      else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) this.#close();
      else if (this.#level === 1) this.#readScalar(byte);
    }
    return piece.length;
  }

  #beginString(): void {
    this.#isInString = true;
    if (this.#level !== 1 || this.isArray) return;
    if (this.#isAtName || this.#name === 'id') this.#collected = '"';
  }

  #open(byte: number): void {
    this.values += 1;
    this.#level += 1;
    if (this.#level > this.depth) this.depth = this.#level;
    if (this.#level !== 1) return;
    this.isArray = byte === OPENING_BRACKET;
    this.#isAtName = !this.isArray;
  }

  #close(): void {
    if (this.#level === 1) this.#finish();
    this.#level -= 1;
  }

  #endMember(): void {
    this.values += 1;
    if (this.#level !== 1) return;
    this.#finish();
    this.#isAtName = !this.isArray;
  }

  #readScalar(byte: number): void {
    if (byte === COLON) this.#isAtName = false;
    else if (byte <= SPACE) this.#finish();
    else if (this.#name === 'id' && !this.#isAtName && (this.#collected?.length ?? 0) <= MAX_COLLECTED)
      this.#collected = (this.#collected ?? '') + String.fromCharCode(byte);
  }

  #collect(piece: Uint8Array, start: number, end: number): void {
    // One more than is looked at: what is too long shows as such.
    const room = MAX_COLLECTED + 1 - (this.#collected?.length ?? 0);
    for (let index = start; index < Math.min(end, start + room); index += 1)
      this.#collected += String.fromCharCode(piece[index] ?? SPACE);
  }

  /** Uses what was collected: it is a name, or the value of the id. */
  #finish(): void {
    const text = this.#collected;
    if (text === null) return;
    this.#collected = null;
    if (this.#isAtName) return this.#takeName(text.slice(1, -1));
    this.id = text.length > MAX_COLLECTED ? null : decoded(text);
    this.#name = null;
  }

  #takeName(name: string): void {
    this.#name = name;
    if (MEMBERS.has(name) && !this.members.includes(name)) this.members.push(name);
  }
}

/** Returns the name that stands between `start` and `end`, its closing quote included; empty for one that does not matter. */
function nameAt(piece: Uint8Array, start: number, end: number): string {
  for (const known of NAMES)
    if (known.bytes.length === end - start && startsWith(piece, start, known.bytes)) return known.name;
  return '';
}

function startsWith(piece: Uint8Array, start: number, bytes: readonly number[]): boolean {
  for (let index = 0; index < bytes.length; index += 1)
    if (piece[start + index] !== bytes[index]) return false;
  return true;
}

/** Whether an odd number of backslashes stands before `index`, from `start` on. */
function isEscaped(piece: Uint8Array, index: number, start: number): boolean {
  let backslashes = 0;
  while (index - 1 - backslashes >= start && piece[index - 1 - backslashes] === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/** Bytes were collected as one character each; most ids are ASCII. */
function decoded(text: string): string {
  if (!/[^\0-\x7f]/u.test(text)) return text;
  return new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

/** Scans a whole text. */
export function shapeOf(bytes: Uint8Array): JsonShape {
  const scanner = new JsonScanner();
  scanner.take(bytes);
  return scanner;
}
