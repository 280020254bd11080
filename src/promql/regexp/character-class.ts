// Character classes of a pattern: brackets, the classes of Perl and POSIX, and those of Unicode.
import { casesOf, folded, type Ranges } from './case-folding.ts';
import { LAST_CODE, type PatternReader } from './pattern-reader.ts';

/** What a class holds: ranges of code points, and classes of Unicode as JavaScript writes them. */
interface Members {
  readonly ranges: Ranges;
  readonly properties: readonly string[];
}

const PERL: Readonly<Record<string, Ranges>> = {
  d: rangesOf('09'),
  s: [
    [9, 10],
    [12, 13],
    [32, 32],
  ],
  w: rangesOf('09AZaz__'),
};

const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: rangesOf('09AZaz'),
  alpha: rangesOf('AZaz'),
  ascii: [[0, 0x7f]],
  blank: rangesOf('\t\t  '),
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: rangesOf('09'),
  graph: rangesOf('!~'),
  lower: rangesOf('az'),
  print: rangesOf(' ~'),
  punct: rangesOf('!/:@[`{~'),
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: rangesOf('AZ'),
  word: rangesOf('09AZaz__'),
  xdigit: rangesOf('09AFaf'),
};

const NOTHING: Members = { ranges: [], properties: [] };

/** `'09AZ'` is from 0 to 9 and from A to Z. */
function rangesOf(pairs: string): Ranges {
  return (pairs.match(/[\s\S]{2}/gu) ?? []).map(
    (pair) => [pair.codePointAt(0) ?? 0, pair.codePointAt(1) ?? 0] as const,
  );
}

function inverted(ranges: Ranges): Ranges {
  const found: [number, number][] = [];
  let next = 0;
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    if (first > next) found.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= LAST_CODE) found.push([next, LAST_CODE]);
  return found;
}

/** Reads `\d` or `\pL` behind its backslash; null where something else follows. @throws SyntaxError */
export function readEscapedClass(reader: PatternReader, isFolded: boolean): string | null {
  const members = escapedMembers(reader, isFolded);
  return members === null ? null : written(members, false);
}

/** Reads `[a-z]` behind its bracket. @throws SyntaxError */
export function readBracketedClass(reader: PatternReader, isFolded: boolean): string {
  const isNegated = reader.skip('^');
  let members = NOTHING;
  for (let isFirst = true; isFirst || reader.peek() !== ']'; isFirst = false) {
    if (reader.isAtEnd) throw new SyntaxError('a [ that is not closed');
    members = both(members, membersAt(reader, { isFirst, isFolded }));
  }
  reader.take();
  return written(members, isNegated);
}

/** Writes one character, or all that differ from it only in case. */
export function writeCharacter(code: number, isFolded: boolean): string {
  if (!isFolded) return escaped(code);
  const cases = casesOf(code);
  return cases.length === 1 ? escaped(code) : `[${cases.map(escaped).join('')}]`;
}

function membersAt(
  reader: PatternReader,
  { isFirst, isFolded }: { isFirst: boolean; isFolded: boolean },
): Members {
  // A dash is a character only at either end.
  if (reader.peek() === '-' && !isFirst && reader.peek(1) !== ']')
    throw new SyntaxError('a - that is no range');
  const posix = posixMembers(reader, isFolded);
  if (posix !== null) return posix;
  const start = reader.place;
  if (reader.skip('\\')) {
    const members = escapedMembers(reader, isFolded);
    if (members !== null) return members;
    reader.returnTo(start);
  }
  const first = codeAt(reader);
  let last = first;
  if (reader.peek() === '-' && reader.peek(1) !== ']' && reader.peek(1) !== '') {
    reader.take();
    last = codeAt(reader);
    if (last < first) throw new SyntaxError(`no range ${reader.textFrom(start)}`);
  }
  const ranges = [[first, last]] as const;
  return { ranges: isFolded ? folded(ranges) : ranges, properties: [] };
}

function codeAt(reader: PatternReader): number {
  return reader.skip('\\') ? reader.escapedCode() : (reader.take().codePointAt(0) ?? 0);
}

function posixMembers(reader: PatternReader, isFolded: boolean): Members | null {
  const start = reader.place;
  if (!reader.skip('[:')) return null;
  const isNegated = reader.skip('^');
  const name = reader.takeWhile(/[^:\]]/u);
  if (!reader.skip(':]')) {
    reader.returnTo(start);
    return null;
  }
  const ranges = POSIX[name];
  if (ranges === undefined) throw new SyntaxError(`no class ${reader.textFrom(start)}`);
  return membersOf(ranges, { isNegated, isFolded });
}

function membersOf(
  ranges: Ranges,
  { isNegated, isFolded }: { isNegated: boolean; isFolded: boolean },
): Members {
  const own = isFolded ? folded(ranges) : ranges;
  return { ranges: isNegated ? inverted(own) : own, properties: [] };
}

/** Behind a backslash. */
function escapedMembers(reader: PatternReader, isFolded: boolean): Members | null {
  const letter = reader.peek();
  const perl = PERL[letter.toLowerCase()];
  if (perl !== undefined) {
    reader.take();
    return membersOf(perl, { isNegated: letter !== letter.toLowerCase(), isFolded });
  }
  if (letter !== 'p' && letter !== 'P') return null;
  reader.take();
  return propertyAt(reader, letter === 'P', isFolded);
}

function propertyAt(reader: PatternReader, isOpposite: boolean, isFolded: boolean): Members {
  const isBraced = reader.skip('{');
  const isInverted = isBraced && reader.skip('^');
  const name = isBraced ? reader.takeWhile(/[^}]/u) : reader.take();
  if (isBraced && !reader.skip('}')) throw new SyntaxError('a { that is not closed');
  const letter = isOpposite === isInverted ? 'p' : 'P';
  // In any case, every case.
  const known = isFolded && /^L[ult]$/u.test(name) ? 'LC' : name;
  const property = [known, `Script=${known}`]
    .map((one) => `\\${letter}{${one}}`)
    .find((one, index) => (index === 1 || isCategory(known)) && isKnown(one));
  if (property === undefined) throw new SyntaxError(`no class of Unicode ${name}`);
  return { ranges: [], properties: [property] };
}

function isCategory(name: string): boolean {
  return /^(?:[CLMNPSZ][a-z]?|LC|Any)$/u.test(name);
}

function isKnown(property: string): boolean {
  try {
    return new RegExp(property, 'u').source !== '';
  } catch {
    return false;
  }
}

function both(some: Members, others: Members): Members {
  return {
    ranges: [...some.ranges, ...others.ranges],
    properties: [...some.properties, ...others.properties],
  };
}

function written({ ranges, properties }: Members, isNegated: boolean): string {
  const inside = ranges.map(([first, last]) =>
    first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`,
  );
  return `[${isNegated ? '^' : ''}${inside.join('')}${properties.join('')}]`;
}

function escaped(code: number): string {
  const character = String.fromCodePoint(code);
  return /^[\da-zA-Z]$/u.test(character) ? character : `\\u{${code.toString(16)}}`;
}
