// Values that a JSON Schema accepted before and accepts no longer. Only certain losses: in doubt it reports none.
import {
  alternativesOf,
  type Alternative,
  type Budget,
  OPAQUE,
  type SchemaNode,
  type SchemaSource,
  spend,
} from './schema-alternatives.ts';
import { lostBounds } from './schema-bounds.ts';
import { lostInArray, lostInObject, type Place } from './schema-members.ts';
import { differs, type JsonType, listedValues, rejects, typesOf } from './schema-values.ts';
import { joinPath, describeValues, subject, describeTypes } from './schema-messages.ts';

/** Schemas nested deeper than this count as equal. */
const DEEPEST = 48;

/**
 * Compares two schemas; returns one line for each loss, at most `most`.
 *
 * @param budget steps that it may take; when they are used up, the rest counts as equal
 */
export function findNarrowing(
  before: unknown,
  after: unknown,
  { most, budget }: { readonly most: number; readonly budget: Budget },
): readonly string[] {
  const [old, current] = [
    { root: before, budget },
    { root: after, budget },
  ];
  const under = new Map<unknown, Set<unknown>>();

  function compare(one: unknown, other: unknown, path: string, depth: number): readonly string[] {
    if (depth > DEEPEST || !spend(budget, 1)) return [];
    const open = under.get(one) ?? new Set();
    // A recursive schema is already being compared further up.
    if (typeof one === 'object' && open.has(other)) return [];
    under.set(one, open.add(other));
    const below = (inner: unknown, its: unknown, step: string): readonly string[] =>
      compare(inner, its, joinPath(path, step), depth + 1);
    const found = compareSchemas(one, other, { old, current, place: { path, budget, below } });
    open.delete(other);
    return found.slice(0, most);
  }

  return compare(before, after, '', 0);
}

interface Sides {
  readonly old: SchemaSource;
  readonly current: SchemaSource;
  readonly place: Place;
}

function compareSchemas(before: unknown, after: unknown, { old, current, place }: Sides): readonly string[] {
  const were = alternativesOf(before, old);
  const are = alternativesOf(after, current);
  if (were === null || are === null || were.length === 0) return [];
  if (are.length === 0) return [`${subject(place.path)} takes nothing any more`];
  return [...new Set(were.flatMap((was) => lossesOf(was, are, place)))];
}

function lossesOf(was: Alternative, are: readonly Alternative[], place: Place): readonly string[] {
  if (!was.isSure || isUnclear(was.node, are, place.budget)) return [];
  const listed = listedValues(was.node);
  if (listed !== null) return lostValues(was.node, listed, { are, place });
  const types = typesOf(was.node);
  if (types === null) return [];
  // A tool gets an object, whatever else its schema would accept.
  const given = [...types].filter((type) => place.path !== '' || type === 'object');
  const lost = given.filter((type) => !are.some(({ node }) => admits(node, type)));
  const left = given.filter((type) => !lost.includes(type));
  return [
    ...(lost.length === 0 ? [] : [describeTypes(place.path, lost, left)]),
    ...left.flatMap((type) => lossesOfType(type, was.node, { are, place })),
  ];
}

/** True when a condition that we do not examine decides as well, unless it is the same before and after. */
function isUnclear(node: SchemaNode, are: readonly Alternative[], budget: Budget): boolean {
  return OPAQUE.some(
    (keyword) =>
      Object.hasOwn(node, keyword) && are.some((one) => differs(node[keyword], one.node[keyword], budget)),
  );
}

function admits(node: SchemaNode, type: JsonType): boolean {
  const types = typesOf(node);
  return types === null || types.has(type);
}

interface After {
  readonly are: readonly Alternative[];
  readonly place: Place;
}

function lostValues(node: SchemaNode, listed: readonly unknown[], { are, place }: After): readonly string[] {
  const { budget, path } = place;
  if (!spend(budget, listed.length * are.length)) return [];
  const lost = listed.filter(
    (value) => !rejects(node, value, budget) && are.every((one) => rejects(one.node, value, budget)),
  );
  return lost.length === 0 ? [] : [describeValues(path, 'no longer', lost)];
}

/** Keeps the losses that all alternatives for this type have in common: only those are certain. */
function lossesOfType(type: JsonType, was: SchemaNode, { are, place }: After): readonly string[] {
  const [first = [], ...rest] = are
    .filter(({ node }) => admits(node, type))
    .map(({ node }) => lossesAgainst(type, was, { node, place }));
  return first.filter((loss) => rest.every((losses) => losses.includes(loss)));
}

interface Against {
  readonly node: SchemaNode;
  readonly place: Place;
}

function lossesAgainst(type: JsonType, was: SchemaNode, { node, place }: Against): readonly string[] {
  const listed = listedValues(node);
  if (listed !== null) return becameList(type, listed, place);
  const bounds = lostBounds(type, was, node).map((loss) => `${subject(place.path)} ${loss}`);
  if (type === 'array') return [...bounds, ...lostInArray(was, node, place)];
  return type === 'object' ? [...bounds, ...lostInObject(was, node, place)] : bounds;
}

/** Types whose values a list can name completely. */
const FINITE: Readonly<Partial<Record<JsonType, readonly unknown[]>>> = {
  boolean: [true, false],
  null: [null],
};

function becameList(type: JsonType, listed: readonly unknown[], { path }: Place): readonly string[] {
  const all = FINITE[type];
  if (all === undefined) return [describeValues(path, 'only', listed)];
  const lost = all.filter((value) => !listed.includes(value));
  return lost.length === 0 ? [] : [describeValues(path, 'no longer', lost)];
}
