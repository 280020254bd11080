// Prometheus' humanize functions for numbers in alert texts.
import { general } from './go-numbers.ts';

const BIG = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];

/** Formats with SI prefixes: `1.234k`, `1.5m` for 0.0015. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return general(value, 4);
  return Math.abs(value) >= 1 ? scaledDown(value, BIG, 1000) : scaledUp(value);
}

/** Formats with binary prefixes: `1.5Mi`; numbers below 1 get none. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return general(value, 4);
  return scaledDown(value, BINARY, 1024);
}

/** Formats 0.123 as `12.3%`. */
export function humanizePercentage(value: number): string {
  return `${general(value * 100, 4)}%`;
}

/** Formats seconds: `1d 2h 3m 4s`, `1.5s`, `20ms`. */
export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return general(value, 4);
  if (value === 0) return `${general(value, 4)}s`;
  if (Math.abs(value) < 1) return `${scaledUp(value)}s`;
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  // Below a minute the fraction matters.
  if (size < 60) return `${general(value, 4)}s`;
  const parts = [
    [Math.floor(size / 86_400), 'd'],
    [Math.floor(size / 3600) % 24, 'h'],
    [Math.floor(size / 60) % 60, 'm'],
    [Math.floor(size) % 60, 's'],
  ] as const;
  const largest = parts.findIndex(([count]) => count > 0);
  return `${sign}${parts
    .slice(largest)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ')}`;
}

/** Nanoseconds in 64 bits: the year 2262. */
const LAST_TIMESTAMP = 2 ** 63 / 1e9;

/** Formats seconds since the epoch as a time; as a number beyond the range of Prometheus. */
export function humanizeTimestamp(value: number): string {
  if (!(Math.abs(value) < LAST_TIMESTAMP)) return general(value, 4);
  const [day, time = ''] = new Date(Number(BigInt(Math.trunc(value * 1e9)) / 1_000_000n))
    .toISOString()
    .split('T');
  return `${day} ${time.replace(/\.?0*Z$/u, '')} +0000 UTC`;
}

function scaledDown(value: number, prefixes: readonly string[], step: number): string {
  let prefix = '';
  let rest = value;
  for (const next of prefixes) {
    if (Math.abs(rest) < step) break;
    prefix = next;
    rest /= step;
  }
  return `${general(rest, 4)}${prefix}`;
}

function scaledUp(value: number): string {
  let prefix = '';
  let rest = value;
  for (const next of SMALL) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return `${general(rest, 4)}${prefix}`;
}
