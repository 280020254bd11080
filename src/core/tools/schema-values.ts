// Values that a flat JSON Schema accepts: types, listed values, bounds.
import { spend, type Budget, type SchemaNode } from './schema-alternatives.ts';
import { isObject } from '../base/guards.ts';

/** `number` means one with a fraction; a schema that accepts numbers accepts `integer` as well. */
const JSON_TYPES = ['string', 'integer', 'number', 'boolean', 'object', 'array', 'null'] as const;
export type JsonType = (typeof JSON_TYPES)[number];

/** Null when `type` is not understood. */
export function typesOf(node: SchemaNode): ReadonlySet<JsonType> | null {
  const { type } = node;
  if (type === undefined) return new Set(JSON_TYPES);
  const names: readonly unknown[] = Array.isArray(type) ? type : [type];
  const types = new Set<JsonType>();
  for (const name of names) {
    const known = JSON_TYPES.find((one) => one === name);
    if (known === undefined) return null;
    types.add(known);
    if (known === 'number') types.add('integer');
  }
  return types;
}

/** Returns the only values that it accepts, by `const` or `enum`; null when it lists none. */
export function listedValues(node: SchemaNode): readonly unknown[] | null {
  if (Object.hasOwn(node, 'const')) return [node['const']];
  return Array.isArray(node['enum']) ? node['enum'] : null;
}

/** True when the value is certainly not accepted. */
export function rejects(node: SchemaNode, value: unknown, budget: Budget): boolean {
  const type = typeOf(value);
  if (typesOf(node)?.has(type) === false) return true;
  const listed = listedValues(node);
  if (listed !== null && isMissing(value, listed, budget)) return true;
  if (typeof value === 'string') return !isWithin(value, boundsOf(node, 'Length'));
  return typeof value === 'number' && isOutside(value, node);
}

function isMissing(value: unknown, listed: readonly unknown[], budget: Budget): boolean {
  if (typeof value === 'object' && value !== null)
    return listed.every((each) => differs(each, value, budget));
  // Searching a list of plain values is cheap.
  return spend(budget, 1 + listed.length / 64) && !listed.includes(value);
}

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'string') return 'string';
  return typeof value === 'boolean' ? 'boolean' : 'object';
}

const DEEPEST = 32;

/** True when the two certainly differ; false also when comparing them would take too long. */
export function differs(one: unknown, other: unknown, budget: Budget, depth = 0): boolean {
  if (one === other || depth > DEEPEST || !spend(budget, 1)) return false;
  if (Array.isArray(one) && Array.isArray(other)) {
    if (one.length !== other.length) return true;
    return one.some((each, index) => differs(each, other[index], budget, depth + 1));
  }
  if (!isObject(one) || !isObject(other)) return true;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return true;
  return names.some(
    (name) => !Object.hasOwn(other, name) || differs(one[name], other[name], budget, depth + 1),
  );
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Returns the bounds of length or count; 0 and Infinity where there are none. */
export function boundsOf(node: SchemaNode, what: 'Length' | 'Items' | 'Properties'): Bounds {
  return {
    least: numberOr(node[`min${what}`], 0),
    most: numberOr(node[`max${what}`], Number.POSITIVE_INFINITY),
  };
}

/** Bounds count characters, not UTF-16 units; only a result that holds for both counts is trusted. */
function isWithin(text: string, { least, most }: Bounds): boolean {
  return text.length >= least && Math.ceil(text.length / 2) <= most;
}

export interface Limit {
  readonly value: number;
  /** True when the value itself is not accepted. */
  readonly isExclusive: boolean;
}

/** Returns the limit; draft 4 has a boolean for exclusive limits where later drafts have a number. */
export function limitOf(node: SchemaNode, which: 'minimum' | 'maximum'): Limit {
  const sign = which === 'minimum' ? 1 : -1;
  const exclusive = node[which === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'];
  const inclusive = numberOr(node[which], -sign * Number.POSITIVE_INFINITY);
  const strict = numberOr(exclusive, -sign * Number.POSITIVE_INFINITY);
  if (exclusive === true) return { value: inclusive, isExclusive: true };
  return sign * strict >= sign * inclusive && Number.isFinite(strict)
    ? { value: strict, isExclusive: true }
    : { value: inclusive, isExclusive: false };
}

function isOutside(value: number, node: SchemaNode): boolean {
  const low = limitOf(node, 'minimum');
  const high = limitOf(node, 'maximum');
  if (value < low.value || value > high.value) return true;
  return (value === low.value && low.isExclusive) || (value === high.value && high.isExclusive);
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}
