// Flat alternatives of a JSON Schema at one place, with references and compositions resolved.
import { isObject } from '../base/guards.ts';

export type SchemaNode = Readonly<Record<string, unknown>>;

/** A document, and the steps that its comparison may still take. */
export interface SchemaSource {
  readonly root: unknown;
  readonly budget: Budget;
}

/** Steps left, shared by one comparison: a hostile schema ends it instead of blocking it. */
export interface Budget {
  left: number;
}

/** Takes steps from the budget; false once it is exhausted. */
export function spend(budget: Budget, steps: number): boolean {
  budget.left -= steps;
  return budget.left >= 0;
}

/**
 * One way to be valid. `isSure` is false when it accepts less than its keywords say: usable as an upper bound of what is
 * accepted after a change, not as what was accepted before.
 */
export interface Alternative {
  readonly node: SchemaNode;
  readonly isSure: boolean;
}

/** Keywords that the comparison reads, or must know to be present; not titles and descriptions. */
const KEYWORDS = [
  'type',
  'enum',
  'const',
  'minimum',
  'exclusiveMinimum',
  'maximum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'uniqueItems',
  'properties',
  'required',
  'additionalProperties',
  'minProperties',
  'maxProperties',
] as const;

/** Keywords whose meaning is not examined. */
export const OPAQUE = [
  'not',
  'if',
  'then',
  'else',
  'patternProperties',
  'propertyNames',
  'contains',
  'minContains',
  'maxContains',
  'dependentRequired',
  'dependentSchemas',
  'dependencies',
  'unevaluatedProperties',
  'unevaluatedItems',
  'additionalItems',
  '$dynamicRef',
  '$recursiveRef',
] as const;

const DEEPEST = 16;
const MOST_ALTERNATIVES = 32;
const ANYTHING: Alternative = { node: {}, isSure: true };

/**
 * Resolves the schema. Empty when nothing is valid; null when it is not understood: a dangling reference, or too many
 * alternatives.
 */
export function alternativesOf(
  schema: unknown,
  source: SchemaSource,
  depth = 0,
): readonly Alternative[] | null {
  if (schema === true || schema === undefined) return [ANYTHING];
  if (schema === false) return [];
  if (!isObject(schema) || depth > DEEPEST || !spend(source.budget, 1)) return null;
  let found: readonly Alternative[] | null = [{ node: pick(schema), isSure: true }];
  for (const part of partsOf(schema, source, depth + 1)) {
    found = part === null || found === null ? null : product(found, part, source.budget);
    if (found === null) return null;
  }
  return found;
}

function pick(schema: SchemaNode): SchemaNode {
  const known = [...KEYWORDS, ...OPAQUE].filter((keyword) => Object.hasOwn(schema, keyword));
  return Object.fromEntries(known.map((keyword) => [keyword, schema[keyword]]));
}

/** Yields the subschemas that must also be valid. */
function* partsOf(
  schema: SchemaNode,
  source: SchemaSource,
  depth: number,
): Generator<readonly Alternative[] | null> {
  const { $ref, allOf, anyOf, oneOf } = schema;
  if ($ref !== undefined) {
    const target = resolve($ref, source);
    yield target === undefined ? null : alternativesOf(target, source, depth);
  }
  if (Array.isArray(allOf)) for (const part of allOf) yield alternativesOf(part, source, depth);
  for (const choice of [anyOf, oneOf]) if (Array.isArray(choice)) yield union(choice, source, depth);
}

function union(choice: readonly unknown[], source: SchemaSource, depth: number): Alternative[] | null {
  const all: Alternative[] = [];
  for (const each of choice) {
    const found = alternativesOf(each, source, depth);
    if (found === null || all.length + found.length > MOST_ALTERNATIVES) return null;
    all.push(...found);
  }
  return all;
}

function product(
  some: readonly Alternative[],
  others: readonly Alternative[],
  budget: Budget,
): Alternative[] | null {
  if (some.length * others.length > MOST_ALTERNATIVES) return null;
  return some.flatMap((one) => others.map((other) => merge(one, other, budget)));
}

/** Merges two; of keywords that cannot be combined the first one stays, which accepts more than both would. */
function merge(one: Alternative, other: Alternative, budget: Budget): Alternative {
  const both = Object.keys(other.node).filter((keyword) => Object.hasOwn(one.node, keyword));
  const properties = mergeProperties(one.node, other.node, budget);
  const required = [...namesOf(one.node['required']), ...namesOf(other.node['required'])];
  spend(budget, 1 + required.length);
  const isPlain = both.every(
    (keyword) =>
      keyword === 'required' || keyword === 'properties' || one.node[keyword] === other.node[keyword],
  );
  return {
    node: {
      ...other.node,
      ...one.node,
      ...(properties.all !== null && { properties: properties.all }),
      ...(required.length > 0 && { required }),
    },
    isSure: one.isSure && other.isSure && isPlain && properties.isPlain,
  };
}

function mergeProperties(
  one: SchemaNode,
  other: SchemaNode,
  budget: Budget,
): { readonly all: SchemaNode | null; readonly isPlain: boolean } {
  const [first, second] = [one['properties'], other['properties']];
  if (!isObject(first) || !isObject(second)) {
    const all = isObject(first) ? first : isObject(second) ? second : null;
    // Closed to all but its own properties, it does not know those of the other.
    const isClosed = 'additionalProperties' in one || 'additionalProperties' in other;
    return { all, isPlain: all === null || !isClosed || all === one['properties'] };
  }
  const names = Object.keys(second);
  if (!spend(budget, names.length + Object.keys(first).length)) return { all: first, isPlain: false };
  const isPlain =
    !('additionalProperties' in one) &&
    !('additionalProperties' in other) &&
    names.every((name) => !Object.hasOwn(first, name));
  return { all: { ...second, ...first }, isPlain };
}

/** Returns the strings of a list; empty for other values. */
export function namesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

const LONGEST_POINTER = 500;

/** Follows a pointer into the document itself (RFC 6901); undefined for any other reference and for a missing target. */
function resolve(ref: unknown, { root }: SchemaSource): unknown {
  if (typeof ref !== 'string' || ref.length > LONGEST_POINTER || !/^#(?:\/|$)/u.test(ref)) return undefined;
  let found: unknown = root;
  for (const step of ref.split('/').slice(1)) {
    const key = decode(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(found)) found = found[Number(key)];
    else if (isObject(found) && Object.hasOwn(found, key)) found = found[key];
    else return undefined;
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
