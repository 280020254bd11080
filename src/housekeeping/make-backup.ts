// Creation of a backup: complete or not at all, and optionally only after a change.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { WatchdogError } from '../core/base/errors.ts';
import { codeOf, isObject, messageOf, parseJson } from '../core/base/guards.ts';
import { makeFolder } from '../system/files/make-folder.ts';
import type { Paths } from '../system/files/paths.ts';
import {
  type Backup,
  type BackupReason,
  FILES,
  listBackups,
  type Manifest,
  MANIFEST,
  newBackupId,
  readBackup,
  sealManifest,
  sha256,
} from './backup.ts';
import { isNotFound } from './home-entries.ts';

export interface BackupRequest {
  readonly paths: Paths;
  /** Ms since the epoch. */
  readonly now: number;
  readonly by: BackupReason;
  /** Release of mcp-watchdog. */
  readonly version: string;
  /** Absolute paths of the other files that the config reads; those outside the home are left out. */
  readonly additionalFiles: readonly string[];
  /** Makes none when nothing has changed since the newest one. */
  readonly skipUnchanged?: boolean;
}

export type BackupOutcome =
  | {
      readonly kind: 'made';
      readonly backup: Backup;
      /** Absolute paths left out because they lie outside the home or do not exist. */
      readonly missing: readonly string[];
    }
  | { readonly kind: 'unchanged'; readonly since: Backup }
  /** There is neither a config nor a state. */
  | { readonly kind: 'nothing' };

interface FileCopy {
  /** Relative to the home, with `/`. */
  readonly path: string;
  readonly content: Buffer;
}

/**
 * Makes a backup.
 *
 * @throws WatchdogError BACKUP_FAILED; nothing half-made is left then, and older backups are untouched
 */
export function makeBackup(order: BackupRequest): BackupOutcome {
  const { paths, skipUnchanged: onlyNews = false } = order;
  try {
    const { copies, missing } = readFiles(order);
    if (copies.length === 0) return { kind: 'nothing' };
    const manifest = describe(order, copies);
    const since = onlyNews ? findUnchanged(manifest, paths) : null;
    if (since !== null) return { kind: 'unchanged', since };
    return { kind: 'made', backup: writeBackup(paths, manifest, copies), missing };
  } catch (cause) {
    throw new WatchdogError(
      'BACKUP_FAILED',
      `Cannot make a backup in ${paths.backups}: ${messageOf(cause)}`,
      {
        hint: `Older backups are untouched. ${CURES[codeOf(cause) ?? ''] ?? CURE_OF_OTHERS}`,
        cause,
      },
    );
  }
}

const CURE_OF_OTHERS = 'Where the disk is full, mcp-watchdog cleanup may help.';
const CURES: Readonly<Record<string, string>> = {
  EROFS: 'The file system is read-only: see what the system log says, then remount it.',
  EACCES: 'The folder belongs to somebody else: mcp-watchdog doctor says what to do.',
};

function readFiles({ paths, additionalFiles: besides }: BackupRequest): {
  copies: FileCopy[];
  missing: string[];
} {
  const copies: FileCopy[] = [];
  const missing: string[] = [];
  for (const file of new Set([...besides, paths.state, paths.config])) {
    const way = relative(paths.home, file).split(sep);
    const content = way[0] === '..' || way[0] === '' ? null : readIfThere(file);
    if (content !== null) copies.push({ path: way.join('/'), content });
    else if (besides.includes(file)) missing.push(file);
  }
  return { copies, missing };
}

function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

function describe({ now, by, version, paths }: BackupRequest, copies: readonly FileCopy[]): Manifest {
  return {
    version: 1,
    createdAt: now,
    by,
    watchdog: version,
    packages: installedPackages(paths),
    files: copies.map(({ path, content }) => ({ path, sha256: sha256(content), bytes: content.length })),
    essence: sha256(
      JSON.stringify(copies.map(({ path, content }) => [path, essentialContent(path, content)])),
    ),
  };
}

/** Content that counts as a change: of the state only the desired states, because counters always change. */
function essentialContent(path: string, content: Buffer): string {
  if (path !== 'run/state.json') return sha256(content);
  const state = parseJson(content.toString());
  return JSON.stringify(isObject(state) ? state['wishes'] : null);
}

function installedPackages({ servers }: Paths): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const server of namesIn(servers)) {
    const link = join(servers, server, 'current');
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      versions[server] = basename(readlinkSync(link));
  }
  return versions;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function findUnchanged({ essence }: Manifest, paths: Paths): Backup | null {
  const newest = listBackups(paths).find(({ damage }) => damage === null);
  return newest?.manifest?.essence === essence ? newest : null;
}

function writeBackup({ backups }: Paths, manifest: Manifest, copies: readonly FileCopy[]): Backup {
  const id = newBackupId(manifest.createdAt);
  const draft = join(backups, `.tmp-${randomBytes(4).toString('hex')}`);
  makeFolder(draft);
  try {
    for (const { path, content } of copies) writeDurably(join(draft, FILES, ...path.split('/')), content);
    writeDurably(join(draft, MANIFEST), sealManifest(manifest));
    renameSync(draft, join(backups, id));
    syncFolder(backups);
    return readBackup(backups, id);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

/** Writes a file and flushes it to disk; backups hold secrets, so only the owner may read them. */
function writeDurably(path: string, content: string | Buffer): void {
  makeFolder(dirname(path));
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncFolder(dirname(path));
}

/** Flushes a folder: a new name is on disk only once its folder is. */
function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
