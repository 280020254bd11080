// Which versions of a server's package are on disk, and which of them is current.
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

import rcompare from 'semver/functions/rcompare.js';
import valid from 'semver/functions/valid.js';
import { codeOf } from '../core/base/guards.ts';

import { readManifest } from './npm/manifest.ts';

/** One complete version; it never changes, and nothing here ever deletes one. */
export interface InstalledVersion {
  readonly version: string;
  /** Absolute, `servers/<name>/versions/<v>`. */
  readonly folder: string;
  /** Absolute, where the package itself lies below `folder`. */
  readonly packageFolder: string;
  /** `engines.node` of the package, null when it says nothing. */
  readonly engine: string | null;
}

/** The versions of one server: `versions/<v>/` and the link `current` to one of them. */
export interface Store {
  /** Complete versions of `package`, newest first; a package that the server had before is not listed. */
  list(): Promise<InstalledVersion[]>;
  /** Null when there is no link, or it leads to nothing complete. */
  current(): Promise<InstalledVersion | null>;
  /** A new empty folder beside the versions, to install into. */
  stage(): Promise<string>;
  /** What a staged folder holds, null when the package is not completely there. */
  inspect(folder: string): InstalledVersion | null;
  /** Makes a staged folder a version; one that is already there stays and wins. */
  commit(staged: InstalledVersion): Promise<InstalledVersion>;
  /** Points `current` at the version, in one step. */
  switchTo(version: InstalledVersion): Promise<void>;
}

const LEFTOVER = '.tmp-';

/** @param folder `servers/<name>`, made when the first version is staged */
export function openStore(folder: string, packageName: string): Store {
  const versions = join(folder, 'versions');
  const link = join(folder, 'current');

  const inspect = (candidate: string): InstalledVersion | null => inspectFolder(candidate, packageName);

  async function list(): Promise<InstalledVersion[]> {
    const names = (await namesIn(versions)).filter((name) => !name.startsWith('.'));
    const found = names.map((name) => inspect(join(versions, name))).filter((each) => each !== null);
    return found.filter(isNamedRight).sort((one, other) => rcompare(one.version, other.version));
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
      const same = (await list()).find((each) => each.version === staged.version);
      if (same !== undefined) return same;
      const final = freeName(versions, staged.version);
      await rename(staged.folder, final);
      return { ...staged, folder: final, packageFolder: join(final, 'node_modules', packageName) };
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

function inspectFolder(folder: string, packageName: string): InstalledVersion | null {
  const packageFolder = join(folder, 'node_modules', packageName);
  const manifest = readManifest(packageFolder);
  const version = manifest === null ? null : valid(manifest.version);
  if (manifest?.name !== packageName || version === null) return null;
  return { version, folder, packageFolder, engine: manifest.engine };
}

/** A link cannot be overwritten, but one can be renamed over another: readers see the old or the new. */
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

/** Retried, because something that is being ended may still be writing into it. */
export function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** A folder that holds another package, or a version that somebody damaged, keeps its name: a server may run in it. */
function freeName(versions: string, version: string): string {
  const plain = join(versions, version);
  return existsSync(plain) ? `${plain}${AGAIN}${randomBytes(3).toString('hex')}` : plain;
}

/** Stands in no version. */
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
