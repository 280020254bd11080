// Reading of folders that an installation is still filling: what vanishes meanwhile is passed over.
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';

/** Lists a folder; one that is gone has no entries. */
export function entriesIn(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}

/** Returns the size in bytes; 0 for a file that is gone. */
export async function sizeOf(file: string): Promise<number> {
  try {
    return (await lstat(file)).size;
  } catch {
    return 0;
  }
}
