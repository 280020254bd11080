// The verbs of Go's printf that alert texts use.
import { general } from './humanize.ts';

/** An unknown verb is shown as Go does: `%!z`. */
export function formatVerb(format: string, values: readonly (string | number)[]): string {
  let next = 0;
  return format.replaceAll(
    /%([-+ 0#]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/gu,
    (_, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const value = values[next];
      next += 1;
      if (value === undefined) return `%!${verb}(MISSING)`;
      const digits = precision === undefined ? undefined : Number(precision);
      return padded(write(verb, value, digits), { flags, width: Number(width) });
    },
  );
}

function write(verb: string, value: string | number, digits: number | undefined): string {
  const number = Number(value);
  switch (verb) {
    case 's':
    case 'v':
      return typeof value === 'number' ? general(value, verb === 'v' ? undefined : digits) : value;
    case 'q':
      return JSON.stringify(String(value));
    case 'd':
      return Number.isFinite(number) ? String(Math.trunc(number)) : general(number);
    case 'f':
    case 'F':
      return Number.isFinite(number) ? number.toFixed(digits ?? 6) : general(number);
    case 'e':
      return Number.isFinite(number) ? exponential(number, digits ?? 6) : general(number);
    case 'g':
      return general(number, digits);
    default:
      return `%!${verb}(${String(value)})`;
  }
}

function exponential(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([+-])(\d)$/u, 'e$10$2');
}

function padded(text: string, { flags, width }: { flags: string; width: number }): string {
  const signed = flags.includes('+') && /^\d/u.test(text) ? `+${text}` : text;
  if (flags.includes('-')) return signed.padEnd(width);
  return signed.padStart(width, flags.includes('0') ? '0' : ' ');
}
