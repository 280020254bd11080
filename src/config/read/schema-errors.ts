// Messages for errors of a schema: path, reason and cure.
import type { z } from 'zod';
import { suggestSpelling } from '../../core/base/suggest.ts';
import { knownKeys } from '../schema/json-schema.ts';
import type { KnownKeys } from '../schema/json-schema.ts';
import { isSecretPlace } from './secrets.ts';
import { valueAt } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';

export interface SchemaError {
  readonly path: KeyPath;
  readonly reason: string;
  readonly cure: string | null;
}

interface SchemaInput {
  readonly tree: DocumentValue;
  /** A scalar as it was written, see `ParsedDocument.writtenAt`. */
  readonly writtenAt: (path: KeyPath) => string | null;
  /** Keys allowed at a path; those of the config when it is left out. */
  readonly known?: (path: KeyPath) => KnownKeys;
}

/** Lists all errors that `schema` finds; the messages of the schema are `reason` or `reason; cure`. */
export function schemaErrors(schema: z.ZodType, text: SchemaInput): SchemaError[] {
  const result = schema.safeParse(text.tree, { error: wording });
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => explain(issue, text));
}

/** Splits `reason; cure`. */
export function splitCure(message: string): { reason: string; cure: string | null } {
  const [reason = message, ...cure] = message.split('; ');
  return { reason, cure: cure.length > 0 ? cure.join('; ') : null };
}

type Issue = z.core.$ZodIssue;

function explain(issue: Issue, text: SchemaInput): SchemaError[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, text));
  if (issue.code === 'invalid_key') return [wrongName(issue, path)];
  const { reason, cure } = splitCure(issue.message);
  return [{ path, reason, cure: cure ?? cureOf(issue, path, text) }];
}

/** Messages for what the schema itself has none for. */
function wording(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      if (issue.input === null) return 'is empty; give it a value, or remove the line';
      return `must be ${TYPES[issue.expected as string] ?? issue.expected}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'too_small':
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${amount(issue.maximum, issue.origin)}`;
    case 'invalid_union':
      return Array.isArray(issue.options) ? oneOf(issue.options) : UNKNOWN_FORM;
    default:
      return UNKNOWN_FORM;
  }
}

const UNKNOWN_FORM = 'has a form that is not known here';

function oneOf(values: readonly unknown[]): string {
  return `must be ${values.length === 1 ? '' : 'one of '}${values.map(String).join(', ')}`;
}

const A_MAP = 'a map';

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: A_MAP,
  record: A_MAP,
};

function amount(limit: unknown, origin: unknown): string {
  return origin === 'array' ? `${String(limit)} long` : String(limit);
}

function cureOf(issue: Issue, path: KeyPath, { tree, writtenAt }: SchemaInput): string | null {
  const value = valueAt(tree, path);
  if (issue.code === 'invalid_type' && TYPES[issue.expected] === A_MAP && value !== null)
    return 'write names with their values below it, like name: value';
  if (typeof value === 'number' || typeof value === 'boolean') {
    if (issue.code !== 'invalid_type' || issue.expected !== 'string') return null;
    return isSecretPlace(path)
      ? 'put it in quotes'
      : `put it in quotes: "${writtenAt(path) ?? String(value)}"`;
  }
  return typeof value === 'string' ? cureOfText(issue, value) : null;
}

function cureOfText(issue: Issue, value: string): string | null {
  if (issue.code === 'invalid_value') return meant(suggestSpelling(value, issue.values.map(String)));
  if (issue.code !== 'invalid_type') return null;
  if (issue.expected === 'array') return `write it as a list: [${JSON.stringify(value)}]`;
  return issue.expected === 'boolean' ? booleanCure(value) : null;
}

function booleanCure(value: string): string | null {
  if (/^(true|yes|on|y)$/i.test(value)) return 'write true, without quotes';
  return /^(false|no|off|n)$/i.test(value) ? 'write false, without quotes' : null;
}

/** Keys of other programs' files and old habits, with what is written here instead. */
const ELSEWHERE = new Map([
  ['serverUrl', 'write url'],
  ['httpUrl', 'write url'],
  ['baseUrl', 'write url'],
  ['environment', 'write env'],
  ['autoApprove', 'remove it, it concerns the client'],
  ['alwaysAllow', 'remove it, it concerns the client'],
  ['globalShortcut', 'remove it, it concerns the client'],
  ['preferences', 'remove it, it concerns the client'],
  ['inputs', 'remove it, and take values from the environment: ${env:NAME}'],
  ['<<', 'write the common keys below defaults'],
]);

/** Switches of other programs, and the value with which each switches a server on. */
const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ['disabled', false],
  ['disable', false],
  ['isActive', true],
  ['active', true],
  ['isEnabled', true],
  ['enable', true],
]);

function unknownKey(key: string, path: KeyPath, { tree, known }: SchemaInput): SchemaError {
  const value = valueAt(tree, [...path, key]);
  const cure = known === undefined ? (switchCure(key, value) ?? ELSEWHERE.get(key)) : undefined;
  return {
    path: [...path, key],
    reason: 'is not a known key',
    cure: cure ?? commentCure(key) ?? suggestion(key, (known ?? knownKeys)(path)),
  };
}

/** Says what switches the server as the other program does; null for a key that is no switch. */
function switchCure(key: string, value: DocumentValue | undefined): string | null {
  const on = SWITCHES.get(key);
  if (on === undefined) return null;
  const isSaid = value === true || (typeof value === 'string' && /^true$/i.test(value));
  return isSaid === on ? 'remove it, or write enabled: true' : 'write enabled: false';
}

/** A line of `//` or a block of `/*` in a file that is YAML, or JSON with other mistakes in it. */
function commentCure(key: string): string | null {
  return /^\/[/*]/.test(key) ? 'comments begin with # in YAML' : null;
}

function suggestion(key: string, { here, below }: KnownKeys): string {
  const near = suggestSpelling(key, here) ?? below.find((known) => known.endsWith(`.${key}`)) ?? null;
  if (near !== null) return `did you mean ${near}?`;
  return here.length <= 12 ? `known here: ${here.join(', ')}` : 'docs/configuration.md lists the keys';
}

function wrongName(issue: Issue & { code: 'invalid_key' }, path: KeyPath): SchemaError {
  const name = String(path.at(-1));
  const { reason, cure } = splitCure(issue.issues[0]?.message ?? 'is not a good name');
  const isServer = path.length === 2 && /^(mcpS|s)ervers$/.test(String(path[0]));
  return { path, reason, cure: isServer ? `write it like ${simpler(name)}` : cure };
}

function simpler(name: string): string {
  const plain = name
    // Letters without their accents; what has no such letter becomes a dash.
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 64);
  return plain === '' ? 'my-server' : plain;
}

function meant(word: string | null): string | null {
  return word === null ? null : `did you mean ${word}?`;
}
