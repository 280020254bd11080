// How far an installation is: npm says nothing when piped, so its folder is measured while it grows.
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../system/time/clock.ts';

export interface Growth {
  readonly packages: number;
  readonly bytes: number;
}

const EVERY = 1_000;

/**
 * Measures `folder` about once a second and tells what is new in it, with the ms since the call.
 * The returned function ends it.
 */
export function watchGrowth(
  folder: string,
  clock: Clock,
  tell: (growth: Growth, elapsed: number) => void,
): () => void {
  const start = clock.monotonic();
  let last: Growth = { packages: 0, bytes: 0 };
  const wake = (): void => void look();
  let cancel = clock.after(EVERY, wake);
  let ended = false;

  async function look(): Promise<void> {
    const began = clock.monotonic();
    const growth = await measure(folder);
    if (ended) return;
    if (growth.packages > 0 && growth.bytes !== last.bytes) tell(growth, clock.monotonic() - start);
    last = growth;
    // A big tree on a slow disk is looked at less often: the looking must not slow the installation.
    cancel = clock.after(Math.max(EVERY, 5 * (clock.monotonic() - began)), wake);
  }

  return () => {
    ended = true;
    cancel();
  };
}

/** Sum of file sizes and the number of packages at any depth; what vanishes meanwhile counts for nothing. */
export async function measure(folder: string): Promise<Growth> {
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

/** `87 packages, 45.2 MiB, 6 s` */
export function describeGrowth({ packages, bytes }: Growth, elapsed: number): string {
  const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return `${packages} ${packages === 1 ? 'package' : 'packages'}, ${size}, ${Math.round(elapsed / 1000)} s`;
}

function entriesIn(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await lstat(file)).size;
  } catch {
    return 0;
  }
}
