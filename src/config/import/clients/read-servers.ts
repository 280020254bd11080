// How a map of servers in a client's file becomes a list of entries.
import { branchOf, isBranch, isList, valueAt } from '../../schema/document.ts';
import type { Branch, Path, Tree } from '../../schema/document.ts';
import type { ClientEntry, Place } from './client-format.ts';

/** The entries of the map at `path`; none when there is no such map. */
export function serversAt(root: Branch, path: Path, { project }: Pick<Place, 'project'>): ClientEntry[] {
  const servers = valueAt(root, path);
  if (!isBranch(servers)) return [];
  return Object.entries(servers).map(([name, written]) => ({ name, project, written }));
}

/** Every entry with what `more` says of it. */
export function completed(
  entries: readonly ClientEntry[],
  more: (entry: ClientEntry) => Partial<ClientEntry>,
): ClientEntry[] {
  return entries.map((entry) => Object.assign({}, entry, more(entry)));
}

/** Every entry with its keys named as `launch.ts` reads them; what is not a map stays as it is. */
export function renamed(
  entries: readonly ClientEntry[],
  names: Readonly<Record<string, string>>,
): ClientEntry[] {
  return completed(entries, ({ written }) => ({ written: rename(written, names) }));
}

/** The texts of the list at `path`. */
export function textsAt(root: Tree, path: Path): string[] {
  const list = valueAt(root, path);
  return isList(list) ? list.filter((item) => typeof item === 'string') : [];
}

function rename(written: Tree, names: Readonly<Record<string, string>>): Tree {
  if (!isBranch(written)) return written;
  return branchOf(
    Object.entries(written).map(([key, value]) => [
      Object.hasOwn(names, key) ? (names[key] ?? key) : key,
      value,
    ]),
  );
}
