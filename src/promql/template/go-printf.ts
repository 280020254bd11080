// Go's printf, as far as alert texts use it; a format that Go would complain about is refused when compiled.
import { fixed, general, scientific } from './go-numbers.ts';

/** Type of a value: a string, a number with a fraction, or an integer literal of a template. */
export type ValueType = 'text' | 'number' | 'integer';

export interface Format {
  /** Texts around the verbs: a text before each verb and one at the end. */
  readonly texts: readonly string[];
  readonly verbs: readonly Verb[];
}

interface Verb {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly write: Write;
}

type Write = (value: string | number, precision: number | undefined) => string;

const WRITERS: Readonly<Record<ValueType, Readonly<Record<string, Write>>>> = {
  text: {
    s: (value, precision) => cut(String(value), precision),
    v: (value, precision) => cut(String(value), precision),
    q: (value, precision) => quoted(cut(String(value), precision)),
  },
  number: {
    e: (value, precision = 6) => scientific(Number(value), precision),
    E: (value, precision = 6) => loud(scientific(Number(value), precision)),
    f: (value, precision = 6) => fixed(Number(value), precision),
    F: (value, precision = 6) => fixed(Number(value), precision),
    g: (value, precision) => general(Number(value), precision),
    G: (value, precision) => loud(general(Number(value), precision)),
    v: (value, precision) => general(Number(value), precision),
  },
  integer: { d: String, v: String },
};

/** Compiles a format; `fault` describes an error in it or in the types of its arguments. */
export function readFormat(format: string, given: readonly ValueType[]): Format | { readonly fault: string } {
  const texts: string[] = [''];
  const verbs: Verb[] = [];
  const pieces = format.matchAll(
    /%(?<percent>%)|%(?<flags>[-+0]*)(?<width>\d{0,2})(?:\.(?<precision>\d{0,2}))?(?<verb>[a-zA-Z])|(?<text>[^%]+|%)/gu,
  );
  for (const { groups = {} } of pieces) {
    const literal = groups['percent'] ?? groups['text'];
    if (literal !== undefined) {
      if (groups['text'] === '%') return { fault: 'has a % that is no verb' };
      texts.push(`${texts.pop() ?? ''}${literal}`);
      continue;
    }
    const verb = readVerb(groups, given[verbs.length]);
    if ('fault' in verb) return verb;
    verbs.push(verb);
    texts.push('');
  }
  if (verbs.length < given.length) return { fault: `uses ${verbs.length} of ${given.length} values` };
  return { texts, verbs };
}

function readVerb(
  { flags = '', width = '', precision, verb = '' }: Readonly<Record<string, string | undefined>>,
  type: ValueType | undefined,
): Verb | { readonly fault: string } {
  if (type === undefined) return { fault: `has no value for %${verb}` };
  const write = WRITERS[type][verb];
  if (write === undefined) return { fault: `has a value of type ${type} for %${verb}` };
  if (type !== 'number' && /[+0]/u.test(flags)) return { fault: `has a flag for numbers before %${verb}` };
  return {
    flags,
    width: Number(width),
    precision: precision === undefined ? undefined : Number(precision),
    write,
  };
}

export function fillFormat({ texts, verbs }: Format, values: readonly (string | number)[]): string {
  const written = verbs.map(({ write, precision, ...layout }, index) =>
    padded(write(values[index] ?? '', precision), layout),
  );
  return texts.map((text, index) => text + (written[index] ?? '')).join('');
}

function padded(text: string, { flags, width }: { flags: string; width: number }): string {
  const plain = flags.includes('+') && /^[\dN]/u.test(text) ? `+${text}` : text;
  const missing = Math.max(0, width - Array.from(plain).length);
  if (flags.includes('-')) return plain + ' '.repeat(missing);
  // An infinity is not padded with zeros.
  if (!flags.includes('0') || !/\d/u.test(plain)) return ' '.repeat(missing) + plain;
  return plain.replace(/^[-+]?/u, (sign) => sign + '0'.repeat(missing));
}

/** Puts the exponent in upper case; an infinity stays as it is. */
function loud(text: string): string {
  return text.replace('e', 'E');
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : Array.from(text).slice(0, precision).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': String.raw`\a`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\v': String.raw`\v`,
  '"': String.raw`\"`,
  '\\': '\\\\',
};

/** Quotes like Go's strconv. */
export function quoted(text: string): string {
  const inside = text.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|["\\]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const [letter, digits] = code < 0x80 ? ['x', 2] : code < 0x1_00_00 ? ['u', 4] : ['U', 8];
    return ESCAPES[character] ?? `\\${letter}${code.toString(16).padStart(digits, '0')}`;
  });
  return `"${inside}"`;
}
