// A disk of a few hundred kilobytes, to fill up. Only root on Linux can make one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TinyDisk {
  readonly folder: string;
  remove(): void;
}

/** @param size such as `200k`; null when this machine does not let us mount */
export function mountTinyDisk(size: string): TinyDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'watchdog-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  if (mounted.status !== 0) {
    rmdirSync(folder);
    return null;
  }
  return {
    folder,
    remove() {
      spawnSync('umount', ['-l', folder]);
      rmdirSync(folder);
    },
  };
}

export function canMount(): boolean {
  const disk = mountTinyDisk('64k');
  disk?.remove();
  return disk !== null;
}
