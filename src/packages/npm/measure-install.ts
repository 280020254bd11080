// Size of an npm installation while it grows: bytes and packages below `node_modules`.
import { join } from 'node:path';
import { entriesIn, sizeOf } from '../manager/growing-folder.ts';
import type { InstallGrowth } from '../manager/package-manager.ts';

/** Sums file sizes and counts packages at any depth; what vanishes meanwhile is not counted. */
export async function measureInstall(folder: string): Promise<InstallGrowth> {
  let packages = 0;
  let bytes = 0;
  const queue: { path: string; holds: 'packages' | 'files' }[] = [{ path: folder, holds: 'files' }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const entry of await entriesIn(next.path)) {
      const path = join(next.path, entry.name);
      if (!entry.isDirectory()) bytes += await sizeOf(path);
      else if (next.holds === 'packages' && entry.name.startsWith('@'))
        queue.push({ path, holds: 'packages' });
      else {
        if (next.holds === 'packages' && !entry.name.startsWith('.')) packages += 1;
        queue.push({ path, holds: entry.name === 'node_modules' ? 'packages' : 'files' });
      }
    }
  }
  return { packages, bytes };
}
