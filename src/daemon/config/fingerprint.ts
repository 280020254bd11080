// Fingerprints of files, to tell whether they have changed: a cheap one by stat, a certain one by content.
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { codeOf } from '../../core/base/guards.ts';

/** Bytes; larger than any config that is accepted. Of a larger file only its stat counts. */
const LARGEST = 2 * 1024 * 1024;

/** Fingerprints each file by one stat: equal means unchanged, different means worth reading. Never rejects. */
export async function statFingerprint(paths: readonly string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => stat(path).then(describeStats, reasonOf)));
  return stats.join('\n');
}

/** Fingerprints content and permissions of all files; a missing or unreadable one counts by its error. Never rejects. */
export async function contentFingerprint(paths: readonly string[]): Promise<string> {
  const prints = await Promise.all([...new Set(paths)].map((path) => printOf(path).catch(reasonOf)));
  return prints.join('\n');
}

async function printOf(path: string): Promise<string> {
  const stats = await stat(path);
  // Reading a pipe would never end, and a folder cannot be read.
  if (!stats.isFile() || stats.size > LARGEST) return describeStats(stats);
  const hash = createHash('sha256')
    .update(await readFile(path))
    .digest('base64');
  // A file that others may write is refused, so a change of its mode counts too.
  return [stats.mode, stats.uid, hash].join(' ');
}

function describeStats({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs].join(' ');
}

function reasonOf(error: unknown): string {
  return codeOf(error) ?? String(error);
}
