// Definitions of a server's tools as they were first seen or approved, and what differs from them now.
import { isObject } from '../base/guards.ts';
import type { JsonObject } from '../base/json-rpc.ts';

/** Parts of a definition that models or clients act on. */
const DEFINITION_PARTS = ['title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;
type DefinitionPart = (typeof DEFINITION_PARTS)[number];

/** Each part as canonical JSON; a part that the server left out is missing. */
type Definition = Readonly<Partial<Record<DefinitionPart, string>>>;

/** What a server says to models: its instructions and its tools. */
export interface ToolDefinitions {
  readonly instructions: string | null;
  readonly tools: Readonly<Record<string, Definition>>;
}

/** A tool whose definition is another; with a null `tool` the server's instructions. */
export interface ToolChange {
  readonly tool: string | null;
  readonly parts: readonly DefinitionPart[];
}

/** Change of one part, as both texts: `before` null where it was not there, `after` null where it is gone. */
export interface ShownChange {
  /** Null for the server's instructions. */
  readonly tool: string | null;
  readonly part: DefinitionPart | 'instructions';
  readonly before: string | null;
  readonly after: string | null;
}

/** Tools that are compared, and characters of one part; what is longer is known by its beginning and length. */
const MAX_TOOLS = 1_000;
const MAX_PART = 8_192;

export function definitionsOf(instructions: string | null, tools: readonly JsonObject[]): ToolDefinitions {
  const entries = tools.slice(0, MAX_TOOLS).flatMap((tool): [string, Definition][] => {
    const { name } = tool;
    return typeof name === 'string' ? [[name, definitionOf(tool)]] : [];
  });
  return {
    instructions: instructions === null ? null : bounded(instructions),
    // Of two tools with one name clients see the first.
    tools: Object.fromEntries(entries.toReversed()),
  };
}

function definitionOf(tool: JsonObject): Definition {
  const parts = DEFINITION_PARTS.filter((part) => tool[part] !== undefined);
  return Object.fromEntries(parts.map((part) => [part, bounded(canonical(tool[part]))]));
}

function bounded(text: string): string {
  return text.length <= MAX_PART ? text : `${text.slice(0, MAX_PART)}… ${text.length} ${checksum(text)}`;
}

/** FNV-1a: tells a change behind the part that is kept; the kept part itself is compared as it is. */
function checksum(text: string): string {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01_00_01_93) >>> 0;
  return hash.toString(16);
}

/** JSON with sorted keys: a server that only orders them otherwise has changed nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(byKey)) : part,
  );
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** What differs from `approved`. A tool that is not in it is seen for the first time, which is no change. */
export function compareDefinitions(approved: ToolDefinitions, seen: ToolDefinitions): readonly ToolChange[] {
  const changes: ToolChange[] = [];
  if (approved.instructions !== seen.instructions) changes.push({ tool: null, parts: [] });
  for (const [tool, definition] of Object.entries(seen.tools)) {
    const before = Object.hasOwn(approved.tools, tool) ? approved.tools[tool] : undefined;
    if (before === undefined) continue;
    const parts = DEFINITION_PARTS.filter((part) => before[part] !== definition[part]);
    if (parts.length > 0) changes.push({ tool, parts });
  }
  return changes;
}

/** Takes tools that are seen for the first time as they are. One that is gone stays, should it come back as another. */
export function addFirstSeen(approved: ToolDefinitions, seen: ToolDefinitions): ToolDefinitions {
  return bound({ ...approved, tools: { ...seen.tools, ...approved.tools } }, seen);
}

/** Approves everything that is seen. */
export function approveAll(approved: ToolDefinitions, seen: ToolDefinitions): ToolDefinitions {
  return bound({ ...seen, tools: { ...approved.tools, ...seen.tools } }, seen);
}

/** A server that lists others each time would fill the disk: tools that are gone are forgotten then. */
function bound(definitions: ToolDefinitions, seen: ToolDefinitions): ToolDefinitions {
  const names = Object.keys(definitions.tools);
  if (names.length <= MAX_TOOLS) return definitions;
  const kept = names.filter((name) => Object.hasOwn(seen.tools, name)).slice(0, MAX_TOOLS);
  return {
    ...definitions,
    tools: Object.fromEntries(kept.map((name) => [name, definitions.tools[name] ?? {}])),
  };
}

/** One line for people: `the instructions; "read_file": description, input schema`. */
export function describeToolChanges(changes: readonly ToolChange[]): string {
  const shown = changes.slice(0, 3).map(({ tool, parts }) => {
    if (tool === null) return 'the instructions';
    return `"${tool}" (${parts.map((part) => WORDS[part]).join(', ')})`;
  });
  const rest = changes.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}

const WORDS: Readonly<Record<DefinitionPart, string>> = {
  title: 'title',
  description: 'description',
  inputSchema: 'input schema',
  outputSchema: 'output schema',
  annotations: 'hints',
};

/** Reads saved definitions; null for anything else. */
export function readDefinitions(value: unknown): ToolDefinitions | null {
  if (!isObject(value)) return null;
  const { instructions, tools } = value;
  if ((instructions !== null && typeof instructions !== 'string') || !isObject(tools)) return null;
  const entries = Object.entries(tools).flatMap(([name, parts]): [string, Definition][] => {
    if (!isObject(parts)) return [];
    const texts = DEFINITION_PARTS.flatMap((part) => {
      const text = parts[part];
      return typeof text === 'string' ? [[part, text] as const] : [];
    });
    return [[name, Object.fromEntries(texts)]];
  });
  return { instructions, tools: Object.fromEntries(entries) };
}
