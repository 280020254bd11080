// Parser and writer of durations and sizes as people write them in the config.

/** Milliseconds or bytes, or why the text is invalid: `reason; cure`. */
export type Quantity = { readonly value: number } | { readonly problem: string };

const DURATIONS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const SIZES = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

type Units = readonly (readonly [unit: string, factor: number])[];

/** Patterns for the JSON Schema: they match what `parseDuration` and `parseSize` accept. */
export const DURATION_PATTERN = String.raw`^\d+(\.\d+)?(ms|s|m|h|d)$`;
export const SIZE_PATTERN = String.raw`^\d+(\.\d+)?(KiB|MiB|GiB)$`;

/** `1.5h` -> 5_400_000. The result is a whole number of milliseconds. */
export function parseDuration(text: string): Quantity {
  return parse(text, DURATIONS, 'write it like 500ms, 30s, 5m, 6h or 7d');
}

/** `512MiB` -> 536_870_912. The result is a whole number of bytes. */
export function parseSize(text: string): Quantity {
  return parse(text, SIZES, 'write it like 512KiB, 64MiB or 2GiB');
}

/** Writes it in the largest unit that needs no fraction: 90_000 -> `90s`, 120_000 -> `2m`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  return writeWhole(milliseconds, DURATIONS) ?? `${milliseconds}ms`;
}

/** Writes it in the largest unit that needs no fraction: 1_572_864 -> `1536KiB`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0KiB';
  return writeWhole(bytes, SIZES) ?? `${bytes / 1024}KiB`;
}

function parse(text: string, units: Units, cure: string): Quantity {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*(\p{L}*)$/u.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return { problem: `must be a number with a unit; ${cure}` };
  if (unit === '') return { problem: `must have a unit; ${cure}` };
  const factor = units.find(([name]) => name === unit)?.[1];
  if (factor === undefined || text !== digits + unit)
    return { problem: spelling(digits, unit, { units, cure }) };
  return whole(Number(digits) * factor, cure);
}

function spelling(digits: string, unit: string, { units, cure }: { units: Units; cure: string }): string {
  const meant = units.map(([name]) => name).find((name) => alike(name, unit));
  return `must be a number and one of ${units.map(([name]) => name).join(', ')}; ${
    meant === undefined ? cure : `write ${digits}${meant}`
  }`;
}

/** `MB` means `MiB` and `min` means `m`; `M` alone could be either, so nothing is guessed from it. */
function alike(name: string, written: string): boolean {
  const full: Record<string, RegExp> = {
    d: /^d(ays?)?$/i,
    h: /^h((ou)?rs?)?$/i,
    m: /^m(in(ute)?s?)$/i,
    s: /^s(ec(ond)?s?)?$/i,
    ms: /^(ms|msecs?|milli(second)?s?)$/i,
    GiB: /^gi?b?$/i,
    MiB: /^mi?b?$/i,
    KiB: /^ki?b?$/i,
  };
  return name === written || (full[name]?.test(written) ?? false);
}

function whole(value: number, cure: string): Quantity {
  const rounded = Math.round(value);
  if (!Number.isSafeInteger(rounded)) return { problem: `is too large to be meant; ${cure}` };
  // 1.1s is 1100.0000000000002 in binary: that is a rounding error, half a millisecond is not.
  if (Math.abs(rounded - value) > 1e-6 * Math.max(1, value))
    return { problem: `is finer than can be kept; ${cure}` };
  return { value: rounded };
}

function writeWhole(value: number, units: Units): string | undefined {
  const unit = units.find(([, factor]) => value % factor === 0);
  return unit === undefined ? undefined : `${value / unit[1]}${unit[0]}`;
}
