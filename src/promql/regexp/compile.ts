// Compiler of Go's regular expressions (RE2) to those of JavaScript: each construct is translated, and one that Go lacks refused.
import { readBracketedClass, readEscapedClass, writeCharacter } from './character-class.ts';
import { PatternReader } from './pattern-reader.ts';

/**
 * Compiles a pattern that must match a whole text, as those of labels do.
 *
 * @throws SyntaxError for a pattern that Prometheus does not take either, and for one too large
 */
export function compileAnchored(
  pattern: string,
  { dotMatchesNewline }: { readonly dotMatchesNewline: boolean },
): RegExp {
  return compile(`^(?${dotMatchesNewline ? 's' : ''}:${pattern})$`);
}

/** Compiles a pattern of a template. `flags` as in JavaScript, besides `u`. @throws SyntaxError as `compileAnchored` */
export function compile(pattern: string, flags = ''): RegExp {
  const compiled = new RegExp(new Translator(pattern).translate(), `u${flags}`);
  // V8 finds out only with the first text, and for each width of characters apart, that a pattern is too large.
  for (const text of ['', '\u0100']) compiled.test(text);
  compiled.lastIndex = 0;
  return compiled;
}

/** Go's limits: repetitions of one construct, and levels of nesting. */
const MOST_REPETITIONS = 1000;
const MOST_LEVELS = 1000;

interface Flags {
  /** `i`: case does not matter. */
  readonly i: boolean;
  /** `m`: `^` and `$` at each line. */
  readonly m: boolean;
  /** `s`: `.` matches a line break. */
  readonly s: boolean;
  /** `U`: repetitions take as little as they can. */
  readonly U: boolean;
}

/** A translated piece, and how often the repetitions in it repeat at most. */
interface Piece {
  readonly text: string;
  readonly repeated: number;
}

const START_OF_TEXT = String.raw`(?<![\s\S])`;
const END_OF_TEXT = String.raw`(?![\s\S])`;

class Translator {
  readonly #reader: PatternReader;
  #flags: Flags = { i: false, m: false, s: false, U: false };
  readonly #names = new Set<string>();
  #level = 0;

  constructor(pattern: string) {
    this.#reader = new PatternReader(pattern);
  }

  translate(): string {
    const { text } = this.#alternatives();
    if (!this.#reader.isAtEnd) throw new SyntaxError('a ) without its (');
    return text;
  }

  #alternatives(): Piece {
    const pieces = [this.#row()];
    while (this.#reader.skip('|')) pieces.push(this.#row());
    return {
      text: pieces.map(({ text }) => text).join('|'),
      repeated: mostRepeated(pieces),
    };
  }

  /** One alternative: pieces, each with its repetition. */
  #row(): Piece {
    const row: Piece[] = [];
    while (!this.#reader.isAtEnd && !/[|)]/u.test(this.#reader.peek())) {
      const count = this.#repetition();
      if (count === null) row.push(...this.#pieces());
      else row.push(this.#repeated(row.pop() ?? null, count));
    }
    return {
      text: row.map(({ text }) => text).join(''),
      repeated: mostRepeated(row),
    };
  }

  #repeated(piece: Piece | null, { text, most }: Repetition): Piece {
    if (piece === null) throw new SyntaxError(`nothing to repeat before ${text}`);
    const repeated = piece.repeated * Math.max(1, most);
    if (repeated > MOST_REPETITIONS) throw new SyntaxError('more repetitions than 1000');
    const isReluctant = this.#reader.skip('?') !== this.#flags.U;
    const start = this.#reader.place;
    if (this.#repetition() !== null)
      throw new SyntaxError(`a repetition of a repetition, ${this.#reader.textFrom(start)}`);
    return { text: `(?:${piece.text})${text}${isReluctant ? '?' : ''}`, repeated };
  }

  /** Null where none follows: a brace without numbers is a character. */
  #repetition(): Repetition | null {
    const reader = this.#reader;
    const character = reader.peek();
    if (character !== '' && '*+?'.includes(character)) {
      reader.take();
      return { text: character, most: 1 };
    }
    const start = reader.place;
    if (!reader.skip('{')) return null;
    const least = reader.takeWhile(/\d/u);
    const hasMost = reader.skip(',');
    const most = hasMost ? reader.takeWhile(/\d/u) : least;
    if (least === '' || !reader.skip('}')) {
      reader.returnTo(start);
      return null;
    }
    const largest = Math.max(Number(least), Number(most));
    if (largest > MOST_REPETITIONS || (most !== '' && Number(most) < Number(least)))
      throw new SyntaxError(`no repetition ${reader.textFrom(start)}`);
    return { text: reader.textFrom(start), most: largest };
  }

  /** None for flags alone, several for a quotation. */
  #pieces(): Piece[] {
    const reader = this.#reader;
    const character = reader.take();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return [once(readBracketedClass(reader, this.#flags.i))];
      case '.':
        return [once(this.#flags.s ? String.raw`[\s\S]` : String.raw`[^\n]`)];
      case '^':
        return [once(this.#flags.m ? String.raw`(?<![^\n])` : START_OF_TEXT)];
      case '$':
        return [once(this.#flags.m ? String.raw`(?![^\n])` : END_OF_TEXT)];
      case '\\':
        return this.#escaped();
      default:
        return [this.#character(character.codePointAt(0) ?? 0)];
    }
  }

  #character(code: number): Piece {
    return once(writeCharacter(code, this.#flags.i));
  }

  #escaped(): Piece[] {
    const reader = this.#reader;
    const anchor = ANCHORS[reader.peek()];
    if (anchor !== undefined) {
      reader.take();
      return [once(anchor)];
    }
    if (reader.skip('Q')) return this.#quotation();
    const own = readEscapedClass(reader, this.#flags.i);
    return [own === null ? this.#character(reader.escapedCode()) : once(own)];
  }

  /** Up to `\E`, or to the end. */
  #quotation(): Piece[] {
    const pieces: Piece[] = [];
    while (!this.#reader.isAtEnd && !this.#reader.skip(String.raw`\E`))
      pieces.push(this.#character(this.#reader.take().codePointAt(0) ?? 0));
    return pieces;
  }

  #group(): Piece[] {
    const before = this.#flags;
    const opening = this.#opening();
    if (opening === null) return [];
    this.#level += 1;
    if (this.#level > MOST_LEVELS) throw new SyntaxError('too many levels');
    const { text, repeated } = this.#alternatives();
    if (!this.#reader.skip(')')) throw new SyntaxError('a ( that is not closed');
    this.#level -= 1;
    this.#flags = before;
    return [{ text: `${opening}${text})`, repeated }];
  }

  /** Behind a parenthesis; null for flags that stand alone, which hold until the end of the group around them. */
  #opening(): string | null {
    const reader = this.#reader;
    const start = reader.place;
    if (!reader.skip('?')) return '(';
    if (reader.skip('P<') || (reader.peek(1) !== '=' && reader.peek(1) !== '!' && reader.skip('<'))) {
      const name = reader.takeWhile(/\w/u);
      if (!reader.skip('>') || !/^[a-zA-Z_]/u.test(name) || this.#names.has(name))
        throw new SyntaxError(`no name of a group, (${reader.textFrom(start)}`);
      this.#names.add(name);
      return `(?<${name}>`;
    }
    const written = reader.takeWhile(/[imsU-]/u);
    const [, on = '', off] = /^([imsU]*)(?:-([imsU]+))?$/u.exec(written) ?? [null, '-'];
    const end = reader.take();
    if (on === '-' || (end !== ':' && end !== ')') || (end === ')' && written === ''))
      throw new SyntaxError(`no (${reader.textFrom(start)}`);
    const value = (flag: keyof Flags): boolean =>
      on.includes(flag) || (this.#flags[flag] && off?.includes(flag) !== true);
    const flags = { i: value('i'), m: value('m'), s: value('s'), U: value('U') };
    this.#flags = flags;
    return end === ')' ? null : '(?:';
  }
}

interface Repetition {
  readonly text: string;
  /** Most repetitions that count towards the limit. */
  readonly most: number;
}

const ANCHORS: Readonly<Record<string, string>> = {
  A: START_OF_TEXT,
  z: END_OF_TEXT,
  b: String.raw`\b`,
  B: String.raw`\B`,
};

function mostRepeated(pieces: readonly Piece[]): number {
  return pieces.reduce((most, { repeated }) => Math.max(most, repeated), 1);
}

function once(text: string): Piece {
  return { text, repeated: 1 };
}
