// Parsers of number, duration and string literals, and the printer of durations.

const UNITS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
/** The largest unit first, each at most once. */
const DURATION = new RegExp(
  `^${Object.keys(UNITS)
    .map((unit) => `(?:(?<${unit}>\\d+)${unit})?`)
    .join('')}$`,
  'u',
);

/** What Go can count in nanoseconds, 292 years, in ms. */
const LONGEST = 2 ** 63 / 1e6;

/** Milliseconds of `1h30m`; null when the text is none, or longer than Prometheus takes. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  const counts = text === '' ? undefined : DURATION.exec(text)?.groups;
  if (counts === undefined) return null;
  const duration = Object.entries(UNITS).reduce(
    (total, [unit, length]) => total + Number(counts[unit] ?? 0) * length,
    0,
  );
  return duration > LONGEST ? null : duration;
}

/** Years and weeks only where nothing is left of them: 90d is easier to read than 12w6d. */
const PRINTED: readonly (readonly [unit: string, length: number, isWhole: boolean])[] = [
  ['y', 31_536_000_000, true],
  ['w', 604_800_000, true],
  ['d', 86_400_000, false],
  ['h', 3_600_000, false],
  ['m', 60_000, false],
  ['s', 1000, false],
  ['ms', 1, false],
];

/** Writes ms as Prometheus does: `1h30m`. */
export function formatDuration(milliseconds: number): string {
  let left = Math.trunc(milliseconds);
  let text = '';
  for (const [unit, length, isWhole] of PRINTED) {
    const count = Math.floor(left / length);
    if (count === 0 || (isWhole && left % length !== 0)) continue;
    text += `${count}${unit}`;
    left -= count * length;
  }
  return text === '' ? '0s' : text;
}

/** `1e3`, `0x1F`, `017` for 15, `Inf`, `NaN`, and `5m` for 300; null when the text is none. */
export function parseNumber(text: string): number | null {
  const [, sign = '', plain = ''] = /^([+-]?)([\s\S]*)$/u.exec(text) ?? [];
  const value = unsigned(plain.replaceAll('_', ''));
  return value === null || sign !== '-' ? value : -value;
}

function unsigned(text: string): number | null {
  if (/^inf$/iu.test(text)) return Infinity;
  if (/^nan$/iu.test(text)) return Number.NaN;
  if (/^0[0-7]+$/u.test(text)) return Number.parseInt(text, 8);
  if (/^(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/iu.test(text)) return Number(text);
  const duration = parseDuration(text);
  return duration === null ? null : duration / 1000;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** What a quoted text says, with the escapes of Go; null where it is not closed, or for an escape that there is not. */
export function parseString(text: string): string | null {
  const quote = text[0] ?? '';
  if (text.length < 2 || !text.endsWith(quote) || !'"\'`'.includes(quote)) return null;
  const inner = text.slice(1, -1);
  if (quote === '`') return inner.includes('`') ? null : inner;
  let isWrong = false;
  const value = inner.replaceAll(
    /\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|[\s\S]|$)|["'\n]/gu,
    (whole, escape: string | undefined) => {
      const meant = escape === undefined ? bare(whole, quote) : unescaped(escape, quote);
      isWrong ||= meant === null;
      return meant ?? '';
    },
  );
  return isWrong ? null : value;
}

function bare(character: string, quote: string): string | null {
  return character === quote || character === '\n' ? null : character;
}

function unescaped(escape: string, quote: string): string | null {
  if (escape === quote) return quote;
  const plain = ESCAPES[escape];
  if (plain !== undefined) return plain;
  const code = codeOf(escape);
  return code === null ? null : String.fromCodePoint(code);
}

/** Bytes, `\xe4` and `\344`, only where they are characters as well; no half of a pair. */
function codeOf(escape: string): number | null {
  const isByte = !/^[uU]/u.test(escape);
  const code = /^[0-7]{3}$/u.test(escape)
    ? Number.parseInt(escape, 8)
    : /^[xuU][\da-fA-F]/u.test(escape)
      ? Number.parseInt(escape.slice(1), 16)
      : Number.NaN;
  const isHalf = code >= 0xd8_00 && code <= 0xdf_ff;
  return Number.isNaN(code) || isHalf || code > (isByte ? 0x7f : 0x10_ff_ff) ? null : code;
}
