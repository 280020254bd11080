// Edits of JSON text in place: a message passes through as it came, numbers beyond 2^53 and the order of keys included.
import { parseJson } from '../base/guards.ts';

/** Where a value stands in a text; `end` is behind its last character. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Edit extends Span {
  readonly text: string;
}

/**
 * Finds the members of the object that begins at `start`; null when a name is there twice, which parsers read
 * differently. The text must be valid JSON.
 */
export function membersOf(text: string, start = 0): ReadonlyMap<string, Span> | null {
  const members = new Map<string, Span>();
  let index = skipSpace(text, text.indexOf('{', start) + 1);
  while (text[index] === '"') {
    const nameEnd = endOfString(text, index);
    const name = nameOf(text.slice(index, nameEnd));
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = endOfValue(text, valueStart);
    if (members.has(name)) return null;
    members.set(name, { start: valueStart, end });
    index = skipSpace(text, end);
    if (text[index] !== ',') break;
    index = skipSpace(text, index + 1);
  }
  return members;
}

/** Members of a request, as they stand in a text, and a bit for each. */
const REQUEST_MEMBERS = [
  ['"jsonrpc"', 1],
  ['"id"', 2],
  ['"method"', 4],
  ['"params"', 8],
] as const;
const ID = 2;

/**
 * Finds the id of a request that has no members but the usual ones, each once; null for anything else, which `membersOf`
 * reads. Makes nothing but its result: nearly all requests are of this kind. The text must be valid JSON.
 */
export function idOfRequest(text: string): Span | null {
  let found: Span | null = null;
  let seen = 0;
  let index = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charCodeAt(index) === QUOTE) {
    const member = memberAt(text, index);
    if (member === null || (seen & member[1]) !== 0) return null;
    seen |= member[1];
    const start = skipSpace(text, skipSpace(text, index + member[0].length) + 1);
    const end = endOfValue(text, start);
    if (member[1] === ID) found = { start, end };
    index = skipSpace(text, end);
    if (text.charCodeAt(index) !== COMMA) break;
    index = skipSpace(text, index + 1);
  }
  return found;
}

function memberAt(text: string, index: number): (typeof REQUEST_MEMBERS)[number] | null {
  for (const member of REQUEST_MEMBERS) if (text.startsWith(member[0], index)) return member;
  return null;
}

/** Applies edits that do not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let from = 0;
  for (const edit of [...edits].sort((one, other) => one.start - other.start)) {
    result += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return result + text.slice(from);
}

/** Makes the edit that adds members at the front of the object that begins at `start`. */
export function insertInto(text: string, start: number, members: Readonly<Record<string, unknown>>): Edit {
  const inner = JSON.stringify(members).slice(1, -1);
  const at = start + 1;
  const isEmpty = text[skipSpace(text, at)] === '}';
  return { start: at, end: at, text: isEmpty || inner === '' ? inner : `${inner},` };
}

/** Replaces `"key"` where it is the value of `name` and stands nowhere else; null when that is not so. */
export function replaceOnly(text: string, name: string, key: string, replacement: string): string | null {
  const quoted = `"${key}"`;
  const at = text.indexOf(quoted);
  if (at === -1 || text.indexOf(quoted, at + quoted.length) !== -1) return null;
  if (!text.startsWith(`"${name}":`, at - name.length - 3)) {
    const before = text.slice(Math.max(0, at - name.length - 8), at);
    if (!before.replace(/\s*:\s*$/, ':').endsWith(`"${name}":`)) return null;
  }
  return text.slice(0, at) + replacement + text.slice(at + quoted.length);
}

/** Puts the text on one line: between tokens, JSON may hold line breaks, which end a message on a pipe. */
export function onOneLine(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replaceAll(/[\r\n]+/g, ' ') : text;
}

const QUOTE = 0x22;
const COMMA = 0x2c;

function skipSpace(text: string, start: number): number {
  let index = start;
  while (index < text.length && isSpace(text.charCodeAt(index))) index += 1;
  return index;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function nameOf(quoted: string): string {
  const name = quoted.includes('\\') ? parseJson(quoted) : quoted.slice(1, -1);
  return typeof name === 'string' ? name : quoted;
}

/** Position behind the closing quote. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start);
  if (text[start] !== '{' && text[start] !== '[') return endOfScalar(text, start);
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const char = text.charCodeAt(index);
    if (char === 0x22) index = endOfString(text, index) - 1;
    else if (char === 0x7b || char === 0x5b) depth += 1;
    else if ((char === 0x7d || char === 0x5d) && (depth -= 1) === 0) return index + 1;
  }
  return text.length;
}

function endOfScalar(text: string, start: number): number {
  let end = start;
  while (end < text.length && !isEndOfScalar(text.charCodeAt(end))) end += 1;
  return end;
}

function isEndOfScalar(code: number): boolean {
  return isSpace(code) || code === COMMA || code === 0x7d || code === 0x5d;
}
