// Whether files have changed: at a glance by what the system says of them, for certain by what is in them.
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { codeOf } from '../../core/base/guards.ts';

/** Larger than any config that is accepted; such a file is told by its looks alone. */
const LARGEST = 2 * 1024 * 1024;

/** Costs one stat a file: equal means unchanged, different means worth reading. */
export async function statFingerprint(paths: readonly string[]): Promise<string> {
  const looks = await Promise.all(paths.map((path) => stat(path).then(lookOf, reasonOf)));
  return looks.join('\n');
}

/** Content and permissions of all files; missing and unreadable ones count as what they are. Never rejects. */
export async function contentFingerprint(paths: readonly string[]): Promise<string> {
  const prints = await Promise.all([...new Set(paths)].map((path) => printOf(path).catch(reasonOf)));
  return prints.join('\n');
}

async function printOf(path: string): Promise<string> {
  const stats = await stat(path);
  // A pipe would not end, and a folder cannot be read.
  if (!stats.isFile() || stats.size > LARGEST) return lookOf(stats);
  const hash = createHash('sha256')
    .update(await readFile(path))
    .digest('base64');
  // A file that others may write is refused, so that its mode is news too.
  return [stats.mode, stats.uid, hash].join(' ');
}

function lookOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs].join(' ');
}

function reasonOf(error: unknown): string {
  return codeOf(error) ?? String(error);
}
