// Entries from the map of servers in a client's file.
import { documentMap, isDocumentMap, isDocumentList, valueAt } from '../../schema/document.ts';
import type { DocumentMap, KeyPath, DocumentValue } from '../../schema/document.ts';
import type { ClientEntry, ClientFileLocation } from './client-format.ts';

/** Lists the entries of the map at `path` of the whole file; none when there is no such map. */
export function serversAt(
  root: DocumentMap,
  path: KeyPath,
  { project }: Pick<ClientFileLocation, 'project'>,
): ClientEntry[] {
  const servers = valueAt(root, path);
  if (!isDocumentMap(servers)) return [];
  return Object.entries(servers).map(([name, written]) => ({ name, project, written, at: [...path, name] }));
}

/** Extends every entry by what `more` returns. */
export function extendEntries(
  entries: readonly ClientEntry[],
  more: (entry: ClientEntry) => Partial<ClientEntry>,
): ClientEntry[] {
  return entries.map((entry) => Object.assign({}, entry, more(entry)));
}

/** Renames the keys of every entry to those that `read-entry.ts` reads; what is not a map stays as it is. */
export function renameKeys(
  entries: readonly ClientEntry[],
  names: Readonly<Record<string, string>>,
): ClientEntry[] {
  return extendEntries(entries, ({ written }) => ({ written: rename(written, names) }));
}

/** Lists the texts of the list at `path`. */
export function textsAt(root: DocumentValue, path: KeyPath): string[] {
  const list = valueAt(root, path);
  return isDocumentList(list) ? list.filter((item) => typeof item === 'string') : [];
}

function rename(written: DocumentValue, names: Readonly<Record<string, string>>): DocumentValue {
  if (!isDocumentMap(written)) return written;
  return documentMap(
    Object.entries(written).map(([key, value]) => [
      Object.hasOwn(names, key) ? (names[key] ?? key) : key,
      value,
    ]),
  );
}
