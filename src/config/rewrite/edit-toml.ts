// Change of one table in a client's TOML file: its own lines are replaced, all others stay as they are.
import { parse } from 'smol-toml';
import { isObject } from '../../core/base/guards.ts';
import type { DocumentMap, KeyPath } from '../schema/document.ts';
import { tomlTable } from './client-snippet.ts';

/** A part of the text: a table, from its header to before the next one. */
interface Section {
  readonly path: readonly string[];
  readonly text: string;
}

/**
 * Returns the text of the table at `at` with the tables below it; null when it is not written as a table of its own, or
 * with tables of others in between.
 */
export function tomlEntryText(text: string, at: KeyPath): string | null {
  const { own } = split(text, at);
  const isWhole = own.every(({ path }) => path.length === 0 || startsWith(path, at));
  return isWhole && own.some(({ path }) => path.length === at.length)
    ? own.map((section) => section.text).join('')
    : null;
}

/** Replaces the table at `at` and those below it, where it stands first; comments in it stay. */
export function replaceTomlEntry(text: string, at: KeyPath, entry: DocumentMap): string {
  const before = tomlEntryText(text, at) ?? '';
  const comments = before.split('\n').filter((line) => /^\s*#/u.test(line));
  const table = tomlTable(at.map(String), entry);
  const [header = '', ...lines] = table.split('\n');
  const end = before.endsWith('\n') ? '\n' : '';
  return put(text, at, [header, ...comments, ...lines].join('\n') + end);
}

/** Puts the text of an earlier table back, letter by letter; null when there is nothing to replace. */
export function restoreTomlEntry(text: string, at: KeyPath, before: string): string | null {
  return tomlEntryText(text, at) === null ? null : put(text, at, before);
}

function put(text: string, at: KeyPath, replacement: string): string {
  const { before, after } = split(text, at);
  const join = (sections: readonly Section[]): string => sections.map((section) => section.text).join('');
  return join(before) + replacement + join(after);
}

/** Splits at the first and behind the last section of the table. */
function split(text: string, at: KeyPath): Record<'before' | 'own' | 'after', readonly Section[]> {
  const sections = sectionsOf(text);
  const first = sections.findIndex(({ path }) => startsWith(path, at));
  const end = sections.findLastIndex(({ path }) => startsWith(path, at)) + 1;
  if (first === -1) return { before: sections, own: [], after: [] };
  return { before: sections.slice(0, first), own: sections.slice(first, end), after: sections.slice(end) };
}

function startsWith(path: readonly string[], at: KeyPath): boolean {
  return at.length <= path.length && at.every((key, index) => String(key) === path[index]);
}

/**
 * Splits at the headers of tables. Comments and empty lines above a header belong to no table: their section has an empty
 * path, like what stands before the first header.
 */
function sectionsOf(text: string): readonly Section[] {
  const sections: Section[] = [];
  let path: readonly string[] = [];
  let held = '';
  const close = (): void => {
    const body = held.replace(/(?:(?<=^|\n)[ \t]*(?:#[^\n]*)?(?:\r?\n|$))+$/u, '');
    sections.push({ path, text: body }, { path: [], text: held.slice(body.length) });
    held = '';
  };
  for (const line of text.split(/(?<=\n)/u)) {
    const next = headerIn(line);
    if (next !== null && isWhole(held)) {
      close();
      path = next;
    }
    held += line;
  }
  close();
  return sections;
}

/** Path of a table's header; null for any other line. */
function headerIn(line: string): readonly string[] | null {
  if (!/^\s*\[/u.test(line)) return null;
  try {
    const path: string[] = [];
    let inner: unknown = parse(line);
    for (;;) {
      if (Array.isArray(inner)) inner = inner[0];
      if (!isObject(inner)) return null;
      const [key] = Object.keys(inner);
      if (key === undefined) return path;
      path.push(key);
      inner = inner[key];
    }
  } catch {
    return null;
  }
}

/** False inside a text or list of several lines, where a line may look like a header. */
function isWhole(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
