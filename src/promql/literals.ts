// How numbers, durations and strings are written in an expression.

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

const DURATION = /^(?:\d+(?:ms|[smhdwy]))+$/u;

/** Milliseconds of `1h30m`; null when the text is none. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return null;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/gu))
    total += Number(count) * (UNITS[unit ?? ''] ?? 0);
  return total;
}

/** `1e3`, `0x1F`, `Inf`, `NaN`, and `5m` for 300; null when the text is none. */
export function parseNumber(text: string): number | null {
  if (/^[+-]?inf$/iu.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/iu.test(text)) return Number.NaN;
  const duration = parseDuration(text);
  if (duration !== null && text !== '0') return duration / 1000;
  const value = Number(text.replaceAll('_', ''));
  return Number.isNaN(value) ? null : value;
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
  '"': '"',
  "'": "'",
};

/** What a quoted text says, with the escapes of Go; null for an escape that there is not. */
export function parseString(text: string): string | null {
  const inner = text.slice(1, -1);
  if (text.startsWith('`')) return inner;
  let isWrong = false;
  const value = inner.replaceAll(
    /\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|[\s\S])/gu,
    (_, escape: string) => {
      const plain = ESCAPES[escape];
      if (plain !== undefined) return plain;
      const code = codeOf(escape);
      isWrong ||= code === null;
      return code === null ? '' : String.fromCodePoint(code);
    },
  );
  return isWrong ? null : value;
}

function codeOf(escape: string): number | null {
  const code = /^[xuU]/u.test(escape)
    ? Number.parseInt(escape.slice(1), 16)
    : /^[0-7]{3}$/u.test(escape)
      ? Number.parseInt(escape, 8)
      : Number.NaN;
  return Number.isNaN(code) || code > 0x10_ff_ff ? null : code;
}
