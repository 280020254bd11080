// Reader of an MCP client's file: never writes, and fails with one clear line when the file cannot be used.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { printParseErrorCode, visit } from 'jsonc-parser';
import type { JSONVisitor } from 'jsonc-parser';
import { parse as parseToml, TomlError } from 'smol-toml';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, isObject } from '../../core/base/guards.ts';
import { documentMap, isDocumentMap } from '../schema/document.ts';
import type { DocumentMap, DocumentValue } from '../schema/document.ts';

export interface ClientFile {
  readonly root: DocumentMap;
  /** Whether somebody else can change what the client starts. */
  readonly isWritableByOthers: boolean;
}

/** ~/.claude.json keeps histories too, and grows to tens of megabytes. */
const LARGEST = 64 * 1024 * 1024;

/** Levels of nesting; a client's file needs six. */
const DEEPEST = 200;

/**
 * Reads a file as JSON or TOML.
 *
 * @returns null when there is no such file
 * @throws WatchdogError CONFIG_UNREADABLE
 */
export function readClientFile(path: string, syntax: 'json' | 'toml' | 'either'): ClientFile | null {
  const read = readWhole(path);
  if (read === null) return null;
  const root = parseClientText(path, read.text.replace(/^\uFEFF/, ''), syntax);
  return { root, isWritableByOthers: read.isWritableByOthers };
}

/** Parses the text of such a file. @throws WatchdogError CONFIG_UNREADABLE */
export function parseClientText(path: string, text: string, syntax: 'json' | 'toml' | 'either'): DocumentMap {
  const isToml = syntax === 'toml' || (syntax === 'either' && looksLikeToml(path, text));
  const root = text.trim() === '' ? {} : isToml ? readToml(path, text) : readJson(path, text);
  if (!isDocumentMap(root)) throw unreadable(path, 'it is not a map of settings');
  return root;
}

function readWhole(path: string): { text: string; isWritableByOthers: boolean } | null {
  const descriptor = openForReading(path);
  if (descriptor === null) return null;
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw unreadable(path, 'it is a folder', 'Name the file in it');
    if (!stats.isFile()) throw unreadable(path, 'it is not a regular file');
    if (stats.size > LARGEST) throw unreadable(path, `it is larger than ${LARGEST / 1024 ** 2} MiB`);
    return { text: decode(path, readFileSync(descriptor)), isWritableByOthers: (stats.mode & 0o022) !== 0 };
  } finally {
    closeSync(descriptor);
  }
}

function openForReading(path: string): number | null {
  try {
    // Without O_NONBLOCK a named pipe would hold us for ever.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = codeOf(cause) ?? String(cause);
    if (code === 'ENOENT') return null;
    throw unreadable(path, REASONS[code] ?? `the system says ${code}`, undefined, cause);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'it may not be read by this user',
  EPERM: 'it may not be read by this program',
  ENOTDIR: 'its path leads through something that is not a folder',
  ELOOP: 'its path is a circle of symbolic links',
};

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(path, 'it is not UTF-8 text', undefined, cause);
  }
}

function looksLikeToml(path: string, text: string): boolean {
  return (
    path.endsWith('.toml') ||
    (!path.endsWith('.json') && /^\s*(?:\[[\w."'-]+\]|[\w-]+\s*=)/m.test(text) && !/^\s*[{/]/.test(text))
  );
}

/**
 * Reads JSON with comments and trailing commas, as editors write it. Ends at the first error: ten megabytes of anything have
 * a million of them. Not `parse` of the same package: there a key `__proto__` is lost.
 */
function readJson(path: string, text: string): DocumentValue {
  const builder = new JsonBuilder();
  const onError = (code: number, offset: number) => {
    const { line, column } = positionOf(text, offset);
    throw unreadable(path, `line ${line}, column ${column}: ${wordsOf(printParseErrorCode(code))}`);
  };
  const enter = (value: Group) => {
    if (builder.depth === DEEPEST) throw unreadable(path, `it is nested deeper than ${DEEPEST} levels`);
    builder.enter(value);
  };
  const visitor: JSONVisitor = {
    onError,
    onObjectBegin: () => enter(new Map()),
    onArrayBegin: () => enter([]),
    onObjectEnd: () => builder.leave(),
    onArrayEnd: () => builder.leave(),
    onObjectProperty: (key) => builder.name(key),
    onLiteralValue: (value: DocumentValue) => builder.add(value),
  };
  visit(text, visitor, { allowTrailingComma: true });
  return builder.root;
}

type Group = Map<string, DocumentValue> | DocumentValue[];

/** Builds a document from the events of the parser. */
class JsonBuilder {
  root: DocumentValue = null;
  readonly #open: { readonly group: Group; readonly key: string }[] = [];
  #key = '';

  get depth(): number {
    return this.#open.length;
  }

  enter(group: Group): void {
    this.#open.push({ group, key: this.#key });
  }

  leave(): void {
    const { group, key } = this.#open.pop() ?? { group: [], key: '' };
    this.#key = key;
    this.add(group instanceof Map ? documentMap(group) : group);
  }

  name(key: string): void {
    this.#key = key;
  }

  add(value: DocumentValue): void {
    const group = this.#open.at(-1)?.group;
    if (group instanceof Map) group.set(this.#key, value);
    else if (group === undefined) this.root = value;
    else group.push(value);
  }
}

/** `CommaExpected` -> `comma expected`. */
function wordsOf(code: string): string {
  return code.replaceAll(/(?<!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1;
  return { line, column: offset - start + 1 };
}

function readToml(path: string, text: string): DocumentValue {
  try {
    return plain(parseToml(text));
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // The other lines of its message quote the file, secrets included.
    const [reason = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw unreadable(path, `line ${cause.line}, column ${cause.column}: ${reason}`, undefined, cause);
  }
}

/** Makes plain values: dates and the like become text; a key is a key, `__proto__` included. */
function plain(value: unknown): DocumentValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value) || value instanceof Date) return JSON.stringify(value) ?? '';
  return documentMap(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function unreadable(path: string, reason: string, hint?: string, cause?: unknown): WatchdogError {
  return new WatchdogError('CONFIG_UNREADABLE', `Cannot import from ${path}: ${reason}`, {
    hint: hint ?? 'Fix it there, or leave this client out',
    cause,
  });
}
