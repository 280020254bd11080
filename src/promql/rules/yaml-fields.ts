// Typed access to the fields of a parsed rule file; each error names its place in the file.
import { isLabelName } from '../model/labels.ts';
import { parseDuration } from '../model/literals.ts';

/** From the document down: `['groups', 0, 'rules', 2, 'expr']`. */
export type Path = readonly (string | number)[];

/** An error in a rule file. The message names group, rule and, in an expression or template, position and construct. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  /** For callers that know the lines of the file. */
  readonly path: Path;

  constructor(message: string, { path, cause }: { path: Path; cause?: unknown }) {
    super(message, { cause });
    this.path = path;
  }
}

/** A map of the document, with its name for messages. */
export interface Fields {
  readonly path: Path;
  /** `Group "servers", rule 2 (Down)`. */
  readonly title: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export function fieldsOf(value: unknown, { path, title }: Pick<Fields, 'path' | 'title'>): Fields {
  if (isMap(value)) return { path, title, values: value };
  throw new RuleError(`${title} must be a map`, { path });
}

function isMap(value: unknown): value is Fields['values'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function errorAt(
  fields: Fields,
  key: string,
  { message, cause }: { message: string; cause?: unknown },
): RuleError {
  return new RuleError(`${fields.title}: ${message}`, { path: [...fields.path, key], cause });
}

export function refuseOthers(fields: Fields, known: readonly string[]): void {
  const other = Object.keys(fields.values).find((key) => !known.includes(key));
  if (other !== undefined) throw errorAt(fields, other, { message: `this engine does not know "${other}"` });
}

export function textIn(fields: Fields, key: string): string {
  const text = textOf(fields.values[key]);
  if (text !== null && text.trim() !== '') return text;
  throw errorAt(fields, key, { message: `there is no "${key}"` });
}

export function listIn(fields: Fields, key: string): readonly unknown[] {
  const list: unknown = fields.values[key];
  if (Array.isArray(list)) return list;
  throw errorAt(fields, key, { message: `there is no list of ${key}` });
}

/** Milliseconds; null when the field is missing. */
export function durationIn(fields: Fields, key: string): number | null {
  const value = fields.values[key];
  if (value === undefined || value === null) return null;
  const written = textOf(value) ?? '';
  const duration = parseDuration(written);
  if (duration !== null) return duration;
  throw errorAt(fields, key, { message: `"${key}" must be a duration like 5m, got "${written}"` });
}

/** Labels or annotations. */
export function textsIn(fields: Fields, key: string): [name: string, text: string][] {
  const map = fields.values[key];
  if (map === undefined || map === null) return [];
  const { values } = fieldsOf(map, { path: [...fields.path, key], title: `${fields.title}: "${key}"` });
  return Object.entries(values).map(([name, value]) => {
    const text = value === null ? '' : textOf(value);
    const place = { ...fields, path: [...fields.path, key] };
    if (text === null) throw errorAt(place, name, { message: `${key}.${name} must be a text` });
    if (!isLabelName(name) || name === '__name__')
      throw errorAt(place, name, { message: `"${name}" cannot be a name in ${key}` });
    return [name, text];
  });
}

/** YAML reads `expr: 1` and `critical: true` as number and boolean. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}
