// Store of one server's package: its installed versions and the link to the current one.
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join, relative } from 'node:path';

import { codeOf } from '../core/base/guards.ts';

import type { PackageSource } from '../core/model/server-spec.ts';
import type { InstalledVersion, PackageManager } from './manager/package-manager.ts';

/** The versions of one server: `versions/<v>/` and the link `current` to one of them. */
export interface Store {
  /** Lists the complete versions of the package, newest first; one that the server had before is not listed. */
  list(): Promise<InstalledVersion[]>;
  /** Reads the link; null when there is none, or it leads to nothing complete. */
  current(): Promise<InstalledVersion | null>;
  /** Makes an empty folder beside the versions, to install into. */
  stage(): Promise<string>;
  /** Reads what a staged folder holds; null when the package is not completely there. */
  inspect(folder: string): InstalledVersion | null;
  /** Makes a staged folder a version; one that is already there stays and wins. */
  commit(staged: InstalledVersion): Promise<InstalledVersion>;
  /** Points `current` at the version, in one step. */
  switchTo(version: InstalledVersion): Promise<void>;
}

const LEFTOVER = '.tmp-';

export interface StoredPackage {
  readonly manager: Pick<PackageManager, 'inspect' | 'versions'>;
  readonly source: PackageSource;
}

/** @param folder `servers/<name>`, made when the first version is staged */
export function openStore(folder: string, { manager, source }: StoredPackage): Store {
  const { compare, isSame } = manager.versions;
  const versions = join(folder, 'versions');
  const link = join(folder, 'current');

  const inspect = (candidate: string): InstalledVersion | null => manager.inspect(candidate, source);

  async function list(): Promise<InstalledVersion[]> {
    const names = (await namesIn(versions)).filter((name) => !name.startsWith('.'));
    const found = names.map((name) => inspect(join(versions, name))).filter((each) => each !== null);
    return found.filter(isNamedRight).sort((one, other) => compare(other.version, one.version));
  }

  return {
    list,
    inspect,
    async current() {
      const target = await readlink(link).catch(() => null);
      if (target === null) return null;
      return (await list()).find((each) => basename(each.folder) === basename(target)) ?? null;
    },
    async stage() {
      // Synchronous: on a full disk the other one says ENOENT (Node 20).
      mkdirSync(versions, { recursive: true, mode: 0o700 });
      return mkdtemp(join(versions, LEFTOVER));
    },
    async commit(staged) {
      const same = (await list()).find((each) => isSame(each.version, staged.version));
      if (same !== undefined) return same;
      const final = freeName(versions, staged.version);
      await rename(staged.folder, final);
      return {
        ...staged,
        folder: final,
        packageFolder: join(final, relative(staged.folder, staged.packageFolder)),
      };
    },
    async switchTo(version) {
      const target = join('versions', basename(version.folder));
      if ((await readlink(link).catch(() => null)) !== target) await swapLink(link, target);
    },
  };
}

/**
 * Removes what an interrupted installation left in a server's folder; only while none is under way.
 * No version is ever touched: a server may run in it.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const parent of [folder, join(folder, 'versions')]) {
    for (const name of await namesIn(parent)) {
      if (name.startsWith(LEFTOVER)) await removeTree(join(parent, name));
    }
  }
}

/** Replaces the link by renaming another over it: readers see the old or the new one. */
async function swapLink(link: string, target: string): Promise<void> {
  const temporary = join(dirname(link), `${LEFTOVER}${randomBytes(4).toString('hex')}`);
  try {
    await symlink(target, temporary);
    await rename(temporary, link);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes a tree, with retries: a process that is ending may still write into it. */
export function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** Finds a free folder name: one that holds another package, or a damaged version, stays, as a server may run in it. */
function freeName(versions: string, version: string): string {
  const plain = join(versions, version);
  return existsSync(plain) ? `${plain}${AGAIN}${randomBytes(3).toString('hex')}` : plain;
}

/** No version contains it. */
const AGAIN = '~';

function isNamedRight({ folder, version }: InstalledVersion): boolean {
  return basename(folder).split(AGAIN)[0] === version;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
