// Functions of Go's templates: comparisons, logic, printing.
import { fillFormat, readFormat, type ValueType } from './go-printf.ts';
import {
  Dictionary,
  FillError,
  Integer,
  isList,
  isTruthy,
  print,
  toText,
  typeOf,
  type Value,
} from './template-value.ts';

export type TemplateFunction = (args: readonly Value[]) => Value;

/** Those that stop at the first argument that decides. */
export const SHORT_CIRCUITS: ReadonlySet<string> = new Set(['and', 'or']);

export const BUILTINS: Readonly<Record<string, TemplateFunction>> = {
  and: (args) => args.find((one) => !isTruthy(one)) ?? last(args),
  or: (args) => args.find(isTruthy) ?? last(args),
  not: (args) => !isTruthy(only(args)),
  len: (args) => new Integer(lengthOf(only(args))),
  index: ([from = null, ...keys]) => keys.reduce<Value>(indexed, from),
  slice: sliced,
  print: (args) => joined(args),
  println: (args) => `${args.map(print).join(' ')}\n`,
  printf: ([format = null, ...values]) => printf(toText(format), values),
  html: (args) => escapeHtml(joined(args)),
  urlquery: (args) => escapeQuery(joined(args)),
  eq: ([first = null, ...others]) => {
    if (others.length === 0) throw new FillError('eq needs two values');
    return others.some((other) => compared(first, other) === 0);
  },
  ne: (args) => compared(...pair(args)) !== 0,
  lt: (args) => ordered(...pair(args)) < 0,
  le: (args) => ordered(...pair(args)) <= 0,
  // As in Go the opposites: of NaN both hold.
  gt: (args) => !(ordered(...pair(args)) <= 0),
  ge: (args) => !(ordered(...pair(args)) < 0),
};

function only(args: readonly Value[]): Value {
  const [value] = args;
  if (value === undefined || args.length > 1) throw new FillError(`takes one value, got ${args.length}`);
  return value;
}

function pair(args: readonly Value[]): [Value, Value] {
  const [a, b] = args;
  if (a === undefined || b === undefined || args.length > 2)
    throw new FillError(`takes two values, got ${args.length}`);
  return [a, b];
}

function last(args: readonly Value[]): Value {
  const value = args.at(-1);
  if (value === undefined) throw new FillError('needs a value');
  return value;
}

/** As Go's Sprint: a space only between two values that are no texts. */
function joined(args: readonly Value[]): string {
  return args
    .map((value, index) => {
      const before = args[index - 1];
      const isSpaced = index > 0 && typeof value !== 'string' && typeof before !== 'string';
      return `${isSpaced ? ' ' : ''}${print(value)}`;
    })
    .join('');
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return new TextEncoder().encode(value).length;
  if (isList(value)) return value.length;
  if (value instanceof Dictionary) return Object.keys(value.entries).length;
  throw new FillError(`len of a ${typeOf(value)}`);
}

function indexed(from: Value, key: Value): Value {
  if (from instanceof Dictionary) return from.get(toText(key));
  if (!isList(from) || !(key instanceof Integer)) throw new FillError(`can't index a ${typeOf(from)}`);
  const found = from[key.value];
  if (found === undefined) throw new FillError(`index out of range: ${key.value}`);
  return found;
}

function sliced([of = null, ...bounds]: readonly Value[]): Value {
  const [from = 0, to = Infinity] = bounds.map((bound) => {
    if (bound instanceof Integer) return bound.value;
    throw new FillError(`can't slice with a ${typeOf(bound)}`);
  });
  const length = lengthOf(of);
  const end = to === Infinity ? length : to;
  if (from < 0 || end > length || from > end) throw new FillError('slice bounds out of range');
  if (typeof of === 'string')
    return new TextDecoder().decode(new TextEncoder().encode(of).subarray(from, end));
  if (isList(of)) return of.slice(from, end);
  throw new FillError(`can't slice a ${typeOf(of)}`);
}

function printf(format: string, values: readonly Value[]): string {
  const plain = values.map((value): readonly [ValueType, string | number] => {
    if (typeof value === 'number') return ['number', value];
    if (value instanceof Integer) return ['integer', value.value];
    return ['text', print(value)];
  });
  const read = readFormat(
    format,
    plain.map(([type]) => type),
  );
  if ('fault' in read) throw new FillError(`The format "${format}" ${read.fault}`);
  return fillFormat(
    read,
    plain.map(([, value]) => value),
  );
}

/** 0 for equals. @throws FillError for values of different types, as Go has it */
function compared(a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : 1;
  if (typeOf(a) !== typeOf(b)) throw new FillError(`can't compare a ${typeOf(a)} with a ${typeOf(b)}`);
  if (a instanceof Integer && b instanceof Integer) return a.value - b.value;
  if (typeof a === 'object') throw new FillError(`can't compare a ${typeOf(a)}`);
  return a === b ? 0 : 1;
}

function ordered(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  if (a instanceof Integer && b instanceof Integer) return a.value - b.value;
  if (typeof a === 'number' && typeof b === 'number') {
    if (a === b) return 0;
    return a < b ? -1 : a > b ? 1 : Number.NaN;
  }
  throw new FillError(`can't compare a ${typeOf(a)} with a ${typeOf(b)}`);
}

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\uFFFD',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/["'&<>\0]/gu, (character) => HTML[character] ?? character);
}

/** As Go's url.QueryEscape. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()*]/gu, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
