// How the home is looked at without ever leaving it: links are seen, never followed.
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
 * What lies in `folder`, in the order of names; nothing when there is no such folder, or when it or a folder above it
 * is a link that leads out of `home`.
 *
 * @throws the system's error when the folder cannot be read
 */
export async function listEntries(home: string, folder: string): Promise<HomeEntry[]> {
  if (!(await isWithin(home, folder))) return [];
  const names = await readdir(folder);
  const entries = await Promise.all(names.sort().map((name) => entryAt(join(folder, name), name)));
  return entries.filter((entry) => entry !== null);
}

/** Null when it is gone by now. */
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

/** Whether `path`, every link resolved, is `home` or lies below it; false for what does not exist. */
export async function isWithin(home: string, path: string): Promise<boolean> {
  try {
    const [from, to] = await Promise.all([realpath(home), realpath(path)]);
    return relative(from, to).split(sep)[0] !== '..';
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Bytes of everything below a folder, or of the one file; links count as themselves. */
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

export function isNotFound(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
