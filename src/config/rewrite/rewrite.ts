// Change of clients' files so that they use our servers, and the way back; what stood before is kept in the backups.
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { isObject, messageOf, parseJson } from '../../core/base/guards.ts';
import { makeFolder } from '../../system/files/make-folder.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';
import { CLIENTS, isClientName } from '../import/clients/registry.ts';
import type { ClientName } from '../import/clients/client-format.ts';
import { documentMap, isDocumentMap } from '../schema/document.ts';
import type { DocumentMap, KeyPath } from '../schema/document.ts';
import {
  entryText,
  entryValue,
  isSame,
  openClientDocument,
  replaceEntry,
  restoreEntry,
  writeClientDocument,
  type ClientDocument,
  type Syntax,
} from './client-document.ts';
import { clientEntry, type ServerAddress } from './client-target.ts';
import type { ClientUse } from './find-uses.ts';

/** One entry that is to use our server. */
interface EntryChange {
  readonly client: ClientName;
  readonly path: string;
  readonly name: string;
  readonly server: string;
  readonly at: KeyPath;
  /** As it is written now, letter by letter; it may hold secrets. */
  readonly before: string;
  /** The same as a value. */
  readonly written: DocumentMap;
  readonly entry: DocumentMap;
}

/** All changes of one file. */
export interface FileChange {
  readonly client: ClientName;
  readonly path: string;
  readonly project: string | null;
  readonly entries: readonly EntryChange[];
}

/** Something that was left as it is, and why. */
export interface LeftAlone {
  readonly path: string;
  readonly name: string;
  readonly reason: string;
}

export interface RewritePlan {
  readonly files: readonly FileChange[];
  readonly left: readonly LeftAlone[];
}

export interface RewriteOptions {
  /** `Paths.backups`. */
  readonly backups: string;
  /** Ms since the epoch. */
  readonly now: number;
}

/** Plans the change of entries that start a copy of a server of ours; nothing is written. */
export function planRewrite(
  uses: readonly ClientUse[],
  addressOf: (server: string) => ServerAddress,
): RewritePlan {
  const left: LeftAlone[] = [];
  const files = new Map<string, FileChange>();
  for (const use of uses) {
    const planned = planEntry(use, addressOf(use.server));
    if (planned === null) continue;
    if ('reason' in planned) {
      left.push(planned);
      continue;
    }
    const { client, path, fileProject: project } = use;
    const others = files.get(path)?.entries ?? [];
    files.set(path, { client, path, project, entries: [...others, planned] });
  }
  return { files: [...files.values()], left };
}

function planEntry(use: ClientUse, address: ServerAddress): EntryChange | LeftAlone | null {
  const { client, path, fileProject, name, server, at, written, kind } = use;
  if (kind === 'ours') return null;
  const leave = (reason: string): LeftAlone => ({ path, name, reason });
  if (kind === 'differs')
    return leave(`it starts something else than "${server}" of the config; make them equal, or rename one`);
  if (!isDocumentMap(written)) return leave('it is not a map of settings');
  try {
    const document = openClientDocument(path, fileProject, syntaxOf(client, path));
    const before = entryText(document, at);
    if (before === null) return leave('it is not written in a way that can be changed alone');
    const entry = withKept(clientEntry(client, address), written);
    replaceEntry(document, at, entry);
    return { client, path, name, server, at, before, written, entry };
  } catch (error) {
    if (error instanceof WatchdogError) return leave(error.message);
    throw error;
  }
}

function syntaxOf(client: ClientName, path: string): Syntax {
  return client === 'portable' ? (path.endsWith('.toml') ? 'toml' : 'json') : CLIENTS[client].syntax;
}

/** Keys that say how a server is reached; whatever else the user has set there, such as tools that need no question, stays. */
const LAUNCH_KEYS: ReadonlySet<string> = new Set([
  'command',
  'args',
  'env',
  'env_vars',
  'envFile',
  'env_file',
  'cwd',
  'path',
  'source',
  'type',
  'transport',
  'url',
  'serverUrl',
  'httpUrl',
  'headers',
  'http_headers',
  'env_http_headers',
  'bearer_token_env_var',
  'oauth',
]);

function withKept(entry: DocumentMap, written: DocumentMap): DocumentMap {
  const kept = Object.entries(written).filter(([key]) => !LAUNCH_KEYS.has(key));
  return documentMap([...Object.entries(entry), ...kept]);
}

/**
 * Changes one file: it is read again just before, because clients write their files themselves; only entries that still
 * stand as they were planned are changed. What stood before is on disk before the file is replaced.
 *
 * @throws WatchdogError CONFIG_UNSAFE, CONFIG_UNREADABLE, BACKUP_FAILED; the file is untouched then
 */
export function applyRewrite(change: FileChange, options: RewriteOptions): RewritePlan {
  const { client, path, project } = change;
  const read = openClientDocument(path, project, syntaxOf(client, path));
  const done: EntryChange[] = [];
  const left: LeftAlone[] = [];
  let document = read;
  for (const each of change.entries) {
    if (entryText(document, each.at) !== each.before)
      left.push({ path, name: each.name, reason: 'it was changed meanwhile; try again' });
    else {
      document = replaceEntry(document, each.at, each.entry);
      done.push(each);
    }
  }
  if (done.length === 0) return { files: [], left };
  const record = keep({ ...change, entries: done }, options);
  try {
    writeClientDocument(document, read);
  } catch (error) {
    rmSync(record, { force: true });
    throw error;
  }
  return { files: [{ ...change, entries: done }], left };
}

/** Content of a record: enough to take one rewrite back. */
interface RewriteRecord {
  readonly version: 1;
  readonly at: number;
  readonly client: ClientName;
  readonly path: string;
  readonly project: string | null;
  readonly entries: readonly Omit<EntryChange, 'client' | 'path'>[];
}

/** Writes down what a rewrite replaces. @throws WatchdogError BACKUP_FAILED */
function keep(change: FileChange, { backups, now }: RewriteOptions): string {
  const folder = join(backups, FOLDER);
  const stamp = new Date(now).toISOString().replaceAll(/[-:.]/gu, '');
  const path = join(folder, `${stamp}-${randomBytes(3).toString('hex')}.json`);
  const record: RewriteRecord = { version: 1, at: now, ...change };
  try {
    makeFolder(folder);
    writeFileAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
    return path;
  } catch (cause) {
    throw new WatchdogError(
      'BACKUP_FAILED',
      `Cannot keep what stands in ${change.path}: ${messageOf(cause)}`,
      {
        hint: 'The file was not changed',
        cause,
      },
    );
  }
}

/** Folder of the records, below the backups. */
const FOLDER = 'clients';

export interface UndoPlan {
  /** Entries that still are as we wrote them; `before` is what will stand there again. */
  readonly files: readonly FileChange[];
  readonly left: readonly LeftAlone[];
  /** Records that are done with once this is applied. */
  readonly records: readonly string[];
}

/** Plans the way back, newest rewrite first; nothing is written. @param only clients to take it back in; all when left out */
export function planUndo(
  { backups }: Pick<RewriteOptions, 'backups'>,
  only?: readonly ClientName[],
): UndoPlan {
  const files = new Map<string, FileChange>();
  const left: LeftAlone[] = [];
  const seen = new Set<string>();
  const records: string[] = [];
  for (const { file, record } of readRecords(backups)) {
    const { client, path, project } = record;
    if (only !== undefined && !only.includes(client)) continue;
    try {
      const document = openClientDocument(path, project, syntaxOf(client, path));
      for (const each of record.entries) {
        const key = JSON.stringify([path, each.at]);
        if (seen.has(key)) continue;
        seen.add(key);
        const now = entryValue(document, each.at);
        if (now === undefined) left.push({ path, name: each.name, reason: 'it is not there any more' });
        else if (!isSame(now, each.entry))
          left.push({ path, name: each.name, reason: 'it was changed since' });
        else {
          const others = files.get(path)?.entries ?? [];
          files.set(path, { client, path, project, entries: [...others, { client, path, ...each }] });
        }
      }
      records.push(file);
    } catch (error) {
      if (!(error instanceof WatchdogError)) throw error;
      for (const { name } of record.entries) left.push({ path, name, reason: error.message });
    }
  }
  return { files: [...files.values()], left, records };
}

/** Takes the changes of one file back. @throws WatchdogError CONFIG_UNSAFE, CONFIG_UNREADABLE; the file is untouched then */
export function applyUndo({ client, path, project, entries }: FileChange): void {
  const read = openClientDocument(path, project, syntaxOf(client, path));
  const document = entries.reduce((held: ClientDocument, { at, before, entry }) => {
    const now = entryValue(held, at);
    return now !== undefined && isSame(now, entry) ? (restoreEntry(held, at, before) ?? held) : held;
  }, read);
  if (document !== read) writeClientDocument(document, read);
}

/** Forgets records whose rewrite has been taken back. */
export function forgetRecords(records: readonly string[]): void {
  for (const record of records) rmSync(record, { force: true });
}

function readRecords(backups: string): { file: string; record: RewriteRecord }[] {
  return names(join(backups, FOLDER))
    .toReversed()
    .map((name) => join(backups, FOLDER, name))
    .flatMap((file) => {
      const record = parseJson(readFileOrNull(file) ?? '');
      return isRecord(record) ? [{ file, record }] : [];
    });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is RewriteRecord {
  if (!isObject(value) || value['version'] !== 1) return false;
  const { client, path, project, entries } = value;
  return (
    typeof client === 'string' &&
    isClientName(client) &&
    typeof path === 'string' &&
    (project === null || typeof project === 'string') &&
    Array.isArray(entries) &&
    entries.every(
      (entry: unknown) =>
        isObject(entry) &&
        typeof entry['name'] === 'string' &&
        typeof entry['server'] === 'string' &&
        typeof entry['before'] === 'string' &&
        isObject(entry['written']) &&
        isObject(entry['entry']) &&
        Array.isArray(entry['at']),
    )
  );
}
