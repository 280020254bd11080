// Numbers, times and counts as the page shows them: `–` is not known, `0` is none.
import { span } from '../../core/base/format.ts';

export const UNKNOWN = '–';

/** `18:42`, with `seconds` `18:42:07`: local time. */
export function clock(at: number, seconds = false): string {
  const time = new Date(at);
  const parts = [time.getHours(), time.getMinutes(), ...(seconds ? [time.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** `Sunday 29 November`: the local day. */
export function day(at: number): string {
  return new Date(at).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
}

/** The time in UTC, for the title of a local one. */
export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `3 min`, of what lasts since then. */
export function lasting(since: number, now: number): string {
  return span(now - since);
}

/** `0`, `3.4`, `120`: events a minute. */
export function rate(value: number): string {
  if (value === 0) return '0';
  return value < 0.1 ? '< 0.1' : shorten(value);
}

/** `6.4 ms`, `1.2 s`: of seconds. */
export function seconds(value: number): string {
  return value < 1 ? `${shorten(value * 1000)} ms` : `${shorten(value)} s`;
}

/** `98.6 %`, of 0 to 1; only what is whole is 100 %. */
export function share(value: number): string {
  if (value >= 1) return '100 %';
  return `${Math.min(99.9, value * 100).toFixed(1)} %`;
}

/** Three digits: `0.034`, `6.4`, `128`, `1.3e9`. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', 'Inf');
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString('en-GB');
  return String(Number(value.toPrecision(4)));
}

/** `1 server`, `12 servers`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Cuts the middle of a long name out: its beginning and its end tell more. */
export function shortName(name: string, longest: number): string {
  const letters = Array.from(name);
  if (letters.length <= longest) return name;
  const tail = Math.floor(longest / 3);
  return `${letters.slice(0, longest - tail - 1).join('')}…${letters.slice(-tail).join('')}`;
}

function shorten(value: number): string {
  return value < 9.95 ? String(Number(value.toFixed(1))) : String(Math.round(value));
}
