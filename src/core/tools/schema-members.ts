// Losses inside of objects and arrays.
import { type Budget, namesOf, type SchemaNode, spend } from './schema-alternatives.ts';
import { joinPath, subject } from './schema-messages.ts';
import { isObject } from '../base/guards.ts';

/** Position in the comparison of two schemas, and the way to go deeper. */
export interface Place {
  /** `filter.tags[]`; empty at the top. */
  readonly path: string;
  readonly budget: Budget;
  /** Compares two schemas below this position. */
  readonly below: (before: unknown, after: unknown, step: string) => readonly string[];
}

export function lostInObject(was: SchemaNode, is: SchemaNode, place: Place): readonly string[] {
  const before = propertiesOf(was);
  const after = propertiesOf(is);
  const names = Object.keys(before);
  const required = [namesOf(was['required']), namesOf(is['required'])] as const;
  if (!spend(place.budget, names.length + required[0].length + required[1].length)) return [];
  return [
    ...newlyRequired(...required).map((name) => `${subject(joinPath(place.path, name))} is now required`),
    ...names.flatMap((name) =>
      Object.hasOwn(after, name)
        ? place.below(before[name], after[name], name)
        : lostProperty(name, before[name], { is, place }),
    ),
    ...lostFurther(was, is, place),
  ];
}

function propertiesOf(node: SchemaNode): SchemaNode {
  const { properties } = node;
  return isObject(properties) ? properties : {};
}

function newlyRequired(before: readonly string[], after: readonly string[]): readonly string[] {
  const known = new Set(before);
  return [...new Set(after)].filter((name) => !known.has(name));
}

interface Now {
  readonly is: SchemaNode;
  readonly place: Place;
}

function lostProperty(name: string, before: unknown, { is, place }: Now): readonly string[] {
  // It was never accepted, or its name may match one of the patterns.
  if (before === false || is['patternProperties'] !== undefined) return [];
  const { additionalProperties: further } = is;
  if (isObject(further)) return place.below(before, further, name);
  const what = subject(joinPath(place.path, name));
  return further === false
    ? [`${what} is gone, and calls that give it are refused`]
    : [`${what} is gone, and is ignored at best`];
}

/**
 * Compares properties that the schema does not name. Where it names some, clients give no others: that such a schema is
 * closed now is due to its generator and no loss to clients.
 */
function lostFurther(was: SchemaNode, is: SchemaNode, place: Place): readonly string[] {
  const [before, after] = [was['additionalProperties'], is['additionalProperties']];
  const wasMeant = before === undefined ? Object.keys(propertiesOf(was)).length === 0 : before !== false;
  if (!wasMeant || after === undefined || after === true) return [];
  if (after !== false) return place.below(before ?? true, after, '*');
  const hasOwn = is['patternProperties'] !== undefined || Object.keys(propertiesOf(is)).length > 0;
  // An input that accepted anything and now names its properties.
  if (before === undefined && hasOwn) return [];
  if (before === undefined && place.path === '') return [];
  return [`${subject(place.path)} takes no further properties`];
}

export function lostInArray(was: SchemaNode, is: SchemaNode, place: Place): readonly string[] {
  const [first, second] = [tupleOf(was), tupleOf(is)];
  if (first !== null || second !== null) return lostInTuple(first, second, place);
  if (was['items'] === false || was['maxItems'] === 0) return [];
  return place.below(was['items'], is['items'], '[]');
}

/** Compares index by index; items behind the last index are not compared. */
function lostInTuple(
  was: readonly unknown[] | null,
  is: readonly unknown[] | null,
  place: Place,
): readonly string[] {
  if (was === null || is === null || !spend(place.budget, was.length)) return [];
  return was.flatMap((before, index) =>
    index < is.length ? place.below(before, is[index], `[${index}]`) : [],
  );
}

function tupleOf({ prefixItems, items }: SchemaNode): readonly unknown[] | null {
  if (Array.isArray(prefixItems)) return prefixItems;
  return Array.isArray(items) ? items : null;
}
