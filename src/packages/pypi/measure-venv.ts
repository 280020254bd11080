// Size of a Python installation while it grows: bytes, and packages by their `.dist-info` folders.
import { join } from 'node:path';
import { entriesIn, sizeOf } from '../manager/growing-folder.ts';
import type { InstallGrowth } from '../manager/package-manager.ts';

/** Sums file sizes and counts packages; what vanishes meanwhile is not counted. */
export async function measureVenv(folder: string): Promise<InstallGrowth> {
  let packages = 0;
  let bytes = 0;
  const queue = [folder];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const entry of await entriesIn(next)) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) {
        if (entry.name.endsWith('.dist-info')) packages += 1;
        queue.push(path);
      } else bytes += await sizeOf(path);
    }
  }
  return { packages, bytes };
}
