// Backups: folders with a manifest and copies of files, every copy verified by its checksum.
import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';
import { isObject, messageOf, parseJson } from '../core/base/guards.ts';
import type { Paths } from '../system/files/paths.ts';

/** What triggered a backup; `restore` keeps the files that a restore replaced. */
const BACKUP_REASONS = ['manual', 'schedule', 'restore', 'update'] as const;
export type BackupReason = (typeof BACKUP_REASONS)[number];

export interface BackupFile {
  /** Relative to the home, with `/`. */
  readonly path: string;
  /** Hexadecimal digest of the content. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Content of `manifest.json`. */
export interface Manifest {
  readonly version: 1;
  /** Ms since the epoch. */
  readonly createdAt: number;
  readonly by: BackupReason;
  /** Release of mcp-watchdog that made it. */
  readonly watchdog: string;
  /** Current version of each installed package, by server. */
  readonly packages: Readonly<Record<string, string>>;
  readonly files: readonly BackupFile[];
  /** Digest of what a person can change; equal for two backups with no change between them. Excludes counters. */
  readonly essence: string;
}

export interface Backup {
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  /** Null when it cannot be read. */
  readonly manifest: Manifest | null;
  /** Why it cannot be restored; null when every checksum is right. */
  readonly damage: string | null;
}

/** Names of backups: UTC time to the millisecond and random letters, so that sorting by name sorts by age. */
export const BACKUP_ID = /^\d{8}T\d{6}(?:\d{3})?Z-[\da-f]{6}$/;

export const MANIFEST = 'manifest.json';
/** Folder of the copies, below the folder of the backup. */
export const FILES = 'files';

/** Makes the name of a new backup; `at` in ms since the epoch. */
export function newBackupId(at: number): string {
  const time = new Date(at).toISOString().replaceAll(/[-:.]/g, '');
  return `${time}-${randomBytes(3).toString('hex')}`;
}

/** Lists all backups, newest first, with every checksum verified. */
export function listBackups({ backups }: Pick<Paths, 'backups'>): Backup[] {
  return backupIds(backups).map((id) => readBackup(backups, id));
}

/** Returns the state files in the backups, newest first and unverified: the reader validates them. */
export function backedUpStateFiles({ backups }: Pick<Paths, 'backups'>): string[] {
  return backupIds(backups).map((id) => join(backups, id, FILES, 'run', 'state.json'));
}

function backupIds(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => BACKUP_ID.test(name))
      .sort()
      .toReversed();
  } catch {
    return [];
  }
}

/** Reads one backup and verifies it; never throws. */
export function readBackup(backups: string, id: string): Backup {
  const folder = join(backups, id);
  try {
    const { manifest, damage } = parseManifest(readFileSync(join(folder, MANIFEST), 'utf8'));
    return { id, folder, manifest, damage: damage ?? findDamage(folder, manifest?.files ?? []) };
  } catch (error) {
    return { id, folder, manifest: null, damage: `its ${MANIFEST} cannot be read: ${messageOf(error)}` };
  }
}

/** Returns the text of `manifest.json`: the manifest with a checksum of itself. */
export function sealManifest(manifest: Manifest): string {
  return `${JSON.stringify({ ...manifest, seal: sealOf(manifest) }, null, 2)}\n`;
}

function parseManifest(text: string): Pick<Backup, 'manifest' | 'damage'> {
  const value = parseJson(text);
  if (!isObject(value)) return { manifest: null, damage: `its ${MANIFEST} is not JSON` };
  const { seal, ...manifest } = value;
  if (!isManifest(manifest)) return { manifest: null, damage: `its ${MANIFEST} is not one of this release` };
  return { manifest, damage: seal === sealOf(manifest) ? null : `its ${MANIFEST} was changed` };
}

function sealOf(manifest: Manifest): string {
  return sha256(JSON.stringify(manifest));
}

function isManifest(value: object): value is Manifest {
  const { version, createdAt, by, watchdog, packages, files, essence }: { [K in keyof Manifest]?: unknown } =
    value;
  const isWhole =
    typeof createdAt === 'number' && typeof watchdog === 'string' && typeof essence === 'string';
  const isKnown = version === 1 && BACKUP_REASONS.some((reason) => reason === by);
  return isWhole && isKnown && isObject(packages) && Array.isArray(files) && files.every(isBackupFile);
}

function isBackupFile(value: unknown): value is BackupFile {
  if (!isObject(value)) return false;
  const { path, sha256, bytes } = value;
  return (
    typeof path === 'string' && isInside(path) && typeof sha256 === 'string' && typeof bytes === 'number'
  );
}

/** True for a path that a manifest may name: below the home, and no runtime file of a daemon. */
function isInside(path: string): boolean {
  const parts = path.split('/');
  const isPlain = normalize(path) === parts.join(sep) && !parts.includes('..') && !path.startsWith('/');
  return isPlain && path !== '' && path !== '.' && (parts[0] !== 'run' || path === 'run/state.json');
}

function findDamage(folder: string, files: readonly BackupFile[]): string | null {
  for (const { path, sha256: expected } of files) {
    const copy = join(folder, FILES, ...path.split('/'));
    if (lstatSync(copy, { throwIfNoEntry: false })?.isFile() !== true) return `its ${path} is missing`;
    if (sha256(readFileSync(copy)) !== expected) return `its ${path} is not what was copied`;
  }
  return null;
}

/** Hexadecimal SHA-256 digest. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
