// What a backup is: a folder with a manifest and copies of files, each of which can be proved to be what was copied.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';
import { isObject, messageOf, parseJson } from '../core/base/guards.ts';
import type { Paths } from '../system/files/paths.ts';
import { BACKUP_ID } from './backup-id.ts';

/** Who or what asked for it. `restore`: what a restore replaced. */
const BACKUP_REASONS = ['manual', 'schedule', 'restore', 'update'] as const;
export type BackupReason = (typeof BACKUP_REASONS)[number];

export interface BackupFile {
  /** Relative to the home, with `/`. */
  readonly path: string;
  /** Of the content, hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Content of `manifest.json`. */
export interface Manifest {
  readonly version: 1;
  /** Ms since the epoch. */
  readonly createdAt: number;
  readonly by: BackupReason;
  /** The release of the watchdog. */
  readonly watchdog: string;
  /** The current version of each installed package, by server. */
  readonly packages: Readonly<Record<string, string>>;
  readonly files: readonly BackupFile[];
  /** The same for two backups between which nobody changed anything; counters, which always change, are not in it. */
  readonly essence: string;
}

export interface Backup {
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  /** Null when not even that can be read. */
  readonly manifest: Manifest | null;
  /** Why it cannot be restored; null when every checksum is right. */
  readonly damage: string | null;
}

export const MANIFEST = 'manifest.json';
/** Where the copies lie, below the folder of the backup. */
export const FILES = 'files';

/** Newest first, each with every checksum verified; nothing when there are none. */
export function listBackups({ backups }: Pick<Paths, 'backups'>): Backup[] {
  return backupIds(backups).map((id) => readBackup(backups, id));
}

/** The state files of the backups, newest first, unverified: what reads them judges for itself. */
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

export function readBackup(backups: string, id: string): Backup {
  const folder = join(backups, id);
  try {
    const { manifest, damage } = parseManifest(readFileSync(join(folder, MANIFEST), 'utf8'));
    return { id, folder, manifest, damage: damage ?? findDamage(folder, manifest?.files ?? []) };
  } catch (error) {
    return { id, folder, manifest: null, damage: `its ${MANIFEST} cannot be read: ${messageOf(error)}` };
  }
}

/** What `manifest.json` holds: the manifest and its own checksum. */
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

/** A path that a manifest may name: below the home, and none of what a running daemon needs. */
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

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
