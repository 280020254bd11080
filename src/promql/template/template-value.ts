// Values of a template: what Go's templates tell apart, and how each is written.
import { general } from './go-numbers.ts';
import type { Labels } from '../model/labels.ts';
import type { Element } from '../model/value.ts';

/** A whole number of Go, which is another type than one with a fraction. */
export class Integer {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A result of a query. */
export class Sample {
  readonly labels: Labels;
  readonly value: number;
  constructor({ labels, value }: Element) {
    this.labels = labels;
    this.value = value;
  }
}

/** A map; a key that is missing is empty in one of labels, and nothing in another. */
export class Dictionary {
  readonly entries: Readonly<Record<string, Value>>;
  readonly #missing: Value;
  constructor(entries: Readonly<Record<string, Value>>, missing: Value = '') {
    this.entries = entries;
    this.#missing = missing;
  }

  get(key: string): Value {
    return Object.hasOwn(this.entries, key) ? (this.entries[key] ?? null) : this.#missing;
  }
}

/** A list is what a query came to. Null is Go's nil. */
export type Value = string | number | boolean | null | Integer | Sample | Dictionary | readonly Sample[];

/** An error while a template is filled in; where it happened is added by the caller. */
export class FillError extends Error {
  override readonly name = 'FillError';
}

export function isList(value: Value): value is readonly Sample[] {
  return Array.isArray(value);
}

/** What a condition takes for true: everything but zero, nothing and what is empty. */
export function isTruthy(value: Value): boolean {
  if (value instanceof Integer) return value.value !== 0;
  if (value instanceof Dictionary) return Object.keys(value.entries).length > 0;
  if (isList(value)) return value.length > 0;
  return value instanceof Sample || (value !== 0 && value !== '' && value !== false && value !== null);
}

export function typeOf(value: Value): string {
  if (value === null) return 'nothing';
  if (value instanceof Integer) return 'integer';
  if (value instanceof Dictionary) return 'map';
  if (value instanceof Sample) return 'result of a query';
  if (isList(value)) return 'list';
  return typeof value === 'string' ? 'text' : typeof value;
}

/** Writes a value as Go prints it. */
export function print(value: Value): string {
  if (value === null) return '<no value>';
  if (typeof value === 'number') return general(value);
  if (value instanceof Integer) return String(value.value);
  if (value instanceof Dictionary) return printMap(value.entries);
  if (value instanceof Sample) return `&{${printMap(value.labels)} ${general(value.value)}}`;
  if (isList(value)) return `[${value.map(print).join(' ')}]`;
  return String(value);
}

function printMap(entries: Readonly<Record<string, Value>>): string {
  const pairs = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${pairs.map(([key, value]) => `${key}:${print(value)}`).join(' ')}]`;
}

/** Takes a number, or a text that is one, as Prometheus' own functions do. @throws FillError */
export function toNumber(value: Value): number {
  if (typeof value === 'number') return value;
  if (value instanceof Integer) return value.value;
  if (typeof value !== 'string') throw new FillError(`can't convert a ${typeOf(value)} to a number`);
  const number = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/iu.test(value) ? Number(value) : special(value);
  if (number === null) throw new FillError(`strconv.ParseFloat: parsing "${value}": invalid syntax`);
  return number;
}

function special(text: string): number | null {
  const [, sign = '', word] = /^([-+]?)(inf(?:inity)?|nan)$/iu.exec(text) ?? [];
  if (word === undefined) return null;
  if (/^n/iu.test(word)) return Number.NaN;
  return sign === '-' ? -Infinity : Infinity;
}

/** @throws FillError */
export function toText(value: Value): string {
  if (typeof value === 'string') return value;
  throw new FillError(`wants a text, not a ${typeOf(value)}`);
}
