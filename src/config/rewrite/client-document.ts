// A client's file that is to be changed: read under conditions, and replaced at once with its mode kept.
import { lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf } from '../../core/base/guards.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';
import { documentMap, isDocumentList, isDocumentMap, valueAt } from '../schema/document.ts';
import type { DocumentMap, DocumentValue, KeyPath } from '../schema/document.ts';
import { parseClientText } from '../import/client-file.ts';
import { jsonEntryText, replaceJsonEntry, restoreJsonEntry } from './edit-json.ts';
import { replaceTomlEntry, restoreTomlEntry, tomlEntryText } from './edit-toml.ts';

export type Syntax = 'json' | 'toml';

export interface ClientDocument {
  /** As it was named. */
  readonly path: string;
  /** Where it really is, when `path` is a symbolic link. */
  readonly file: string;
  readonly mode: number;
  readonly syntax: Syntax;
  readonly text: string;
}

/**
 * Reads a file that is to be changed.
 *
 * @param project folder that the file belongs to: a link in it that leads out of it may come with somebody's repository
 * @throws WatchdogError CONFIG_UNSAFE, CONFIG_UNREADABLE
 */
export function openClientDocument(path: string, project: string | null, syntax: Syntax): ClientDocument {
  try {
    const file = realpathSync(path);
    const isLink = lstatSync(path).isSymbolicLink();
    if (isLink && project !== null && !file.startsWith(realpathSync(project) + sep))
      throw unsafe(path, `it is a symbolic link that leads out of its project, to ${file}`);
    const stats = statSync(file);
    const { uid, mode, nlink } = stats;
    if (!stats.isFile()) throw unsafe(path, 'it is not a regular file');
    const self = process.getuid?.();
    if (self !== undefined && uid !== self) throw unsafe(path, `it belongs to user ${uid}, not to ${self}`);
    if (nlink > 1)
      throw unsafe(path, 'it has several names (hard links), of which only one would be changed');
    const folder = statSync(dirname(file));
    if ((folder.mode & 0o022) !== 0 && (folder.mode & 0o1000) === 0 && folder.uid !== self)
      throw unsafe(path, `others may write to its folder ${dirname(file)}`);
    return { path, file, mode: mode & 0o777, syntax, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    if (cause instanceof WatchdogError) throw cause;
    throw new WatchdogError('CONFIG_UNREADABLE', `Cannot change ${path}: ${codeOf(cause) ?? String(cause)}`, {
      cause,
    });
  }
}

function unsafe(path: string, reason: string): WatchdogError {
  return new WatchdogError('CONFIG_UNSAFE', `Cannot change ${path}: ${reason}`, {
    hint: 'Change it by hand: mcp-watchdog connect NAME --print CLIENT says how',
  });
}

/** Text of the entry at `at`, as it is written; null when there is none that can be changed alone. */
export function entryText({ text, syntax }: ClientDocument, at: KeyPath): string | null {
  return syntax === 'toml' ? tomlEntryText(text, at) : jsonEntryText(bare(text), at);
}

/** Value of the entry at `at`; undefined when there is none. @throws WatchdogError CONFIG_UNREADABLE */
export function entryValue({ path, text, syntax }: ClientDocument, at: KeyPath): DocumentValue | undefined {
  return valueAt(parseClientText(path, bare(text), syntax), at);
}

/**
 * Replaces one entry.
 *
 * @throws WatchdogError CONFIG_UNSAFE when anything else in the file would change its meaning
 */
export function replaceEntry(document: ClientDocument, at: KeyPath, entry: DocumentMap): ClientDocument {
  const { text, syntax } = document;
  const edited =
    syntax === 'toml'
      ? replaceTomlEntry(text, at, entry)
      : markOf(text) + replaceJsonEntry(bare(text), at, entry);
  return checked(document, { ...document, text: edited }, { at, entry });
}

/** Puts the text of an earlier entry back; null when there is no entry to replace. */
export function restoreEntry(document: ClientDocument, at: KeyPath, before: string): ClientDocument | null {
  const { text, syntax } = document;
  const bareText =
    syntax === 'toml' ? restoreTomlEntry(text, at, before) : restoreJsonEntry(bare(text), at, before);
  if (bareText === null) return null;
  const restored = { ...document, text: syntax === 'toml' ? bareText : markOf(text) + bareText };
  return checked(document, restored, { at, entry: entryValue(restored, at) ?? null });
}

/** Writes the file. @throws WatchdogError CONFIG_UNREADABLE when somebody else has written it since it was read; the system's error */
export function writeClientDocument(document: ClientDocument, read: ClientDocument): void {
  if (readFileSync(read.file, 'utf8') !== read.text)
    throw new WatchdogError(
      'CONFIG_UNREADABLE',
      `Cannot change ${read.path}: it was written at the same time`,
      {
        hint: 'Close the client, then try again',
      },
    );
  writeFileAtomic(document.file, document.text, { mode: document.mode });
}

const BYTE_ORDER_MARK = '\uFEFF';

function markOf(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
}

function bare(text: string): string {
  return text.slice(markOf(text).length);
}

function checked(
  before: ClientDocument,
  after: ClientDocument,
  { at, entry }: { readonly at: KeyPath; readonly entry: DocumentValue },
): ClientDocument {
  const wanted = withValue(parseClientText(before.path, bare(before.text), before.syntax), at, entry);
  let got: DocumentValue | null;
  try {
    got = parseClientText(after.path, bare(after.text), after.syntax);
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    got = null;
  }
  if (got !== null && isSame(wanted, got)) return after;
  throw unsafe(before.path, `"${String(at.at(-1))}" is not written in a way that can be changed alone`);
}

function withValue(tree: DocumentValue, [key, ...rest]: KeyPath, value: DocumentValue): DocumentValue {
  if (key === undefined) return value;
  if (!isDocumentMap(tree)) return tree;
  return documentMap(
    Object.entries(tree).map(([name, inner]) => [name, name === key ? withValue(inner, rest, value) : inner]),
  );
}

/** Compares values; the order of keys is free. */
export function isSame(left: DocumentValue, right: DocumentValue): boolean {
  if (isDocumentMap(left) && isDocumentMap(right)) {
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && isSame(left[key] ?? null, right[key] ?? null))
    );
  }
  if (isDocumentList(left) && isDocumentList(right))
    return left.length === right.length && left.every((item, index) => isSame(item, right[index] ?? null));
  return left === right;
}
