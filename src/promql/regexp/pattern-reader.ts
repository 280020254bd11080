// Reader of a pattern: its characters one by one, and the numbers, names and escapes that several constructs share.

export class PatternReader {
  readonly #characters: readonly string[];
  #next = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }

  get isAtEnd(): boolean {
    return this.#next >= this.#characters.length;
  }

  get place(): number {
    return this.#next;
  }

  /** Empty at the end. */
  peek(ahead = 0): string {
    return this.#characters[this.#next + ahead] ?? '';
  }

  take(): string {
    const character = this.peek();
    this.#next += 1;
    return character;
  }

  /** Goes on only where `text` follows. */
  skip(text: string): boolean {
    const wanted = Array.from(text);
    if (!wanted.every((character, index) => this.peek(index) === character)) return false;
    this.#next += wanted.length;
    return true;
  }

  /** Takes characters while they match. */
  takeWhile(isWanted: RegExp, most = Infinity): string {
    let text = '';
    while (text.length < most && !this.isAtEnd && isWanted.test(this.peek())) text += this.take();
    return text;
  }

  returnTo(place: number): void {
    this.#next = place;
  }

  textFrom(place: number): string {
    return this.#characters.slice(place, this.#next).join('');
  }

  /** Reads an escape that stands for one character, behind its backslash. @throws SyntaxError for any other */
  escapedCode(): number {
    const start = this.#next;
    const letter = this.take();
    const plain = PLAIN[letter];
    if (plain !== undefined) return plain;
    if (letter === 'x') return this.#hexCode();
    if (/[0-7]/u.test(letter) && (letter === '0' || /[0-7]/u.test(this.peek())))
      return Number.parseInt(letter + this.takeWhile(/[0-7]/u, 2), 8);
    const code = letter.codePointAt(0) ?? 0x80;
    if (code < 0x80 && !/[\da-zA-Z]/u.test(letter)) return code;
    throw new SyntaxError(`no escape \\${this.textFrom(start)}`);
  }

  #hexCode(): number {
    const isBraced = this.skip('{');
    const digits = this.takeWhile(/[\da-fA-F]/u, isBraced ? 8 : 2);
    const isWhole = isBraced ? this.skip('}') && digits !== '' : digits.length === 2;
    const code = Number.parseInt(digits, 16);
    if (isWhole && code <= LAST_CODE) return code;
    throw new SyntaxError(`no escape \\x${isBraced ? '{' : ''}${digits}`);
  }
}

export const LAST_CODE = 0x10_ff_ff;

const PLAIN: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
