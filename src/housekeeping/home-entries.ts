// Directory reader confined to the home: it lists links and never follows them.
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { codeOf } from '../core/base/guards.ts';

export interface HomeEntry {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'other';
  /** Bytes of the entry itself. */
  readonly size: number;
  /** Ms since the epoch. */
  readonly changedAt: number;
}

/**
 * Lists `folder`, sorted by name; returns nothing when there is no such folder, or when it or a parent folder is a link
 * that leads out of `home`.
 *
 * @throws the system's error when the folder cannot be read
 */
export async function listEntries(home: string, folder: string): Promise<HomeEntry[]> {
  if (!(await isWithin(home, folder))) return [];
  const names = await readdir(folder);
  const entries = await Promise.all(names.sort().map((name) => entryAt(join(folder, name), name)));
  return entries.filter((entry) => entry !== null);
}

/** Reads one entry; null when it no longer exists. */
export async function entryAt(path: string, name: string): Promise<HomeEntry | null> {
  try {
    const stats = await lstat(path);
    const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
    return { name, path, kind, size: stats.size, changedAt: stats.mtimeMs };
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** True when `path`, with every link resolved, is `home` or lies below it; false for a path that does not exist. */
export async function isWithin(home: string, path: string): Promise<boolean> {
  try {
    const [from, to] = await Promise.all([realpath(home), realpath(path)]);
    return relative(from, to).split(sep)[0] !== '..';
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Sums the bytes below a folder, or of one file; a link counts as itself. */
export async function totalSize({ path, kind, size }: HomeEntry, signal: AbortSignal): Promise<number> {
  if (kind !== 'folder') return size;
  let sum = 0;
  for (const name of await readdir(path).catch(() => [])) {
    if (signal.aborted) break;
    const entry = await entryAt(join(path, name), name).catch(() => null);
    if (entry !== null) sum += await totalSize(entry, signal);
  }
  return sum;
}

/** True for an error that says that the path does not exist. */
export function isNotFound(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
