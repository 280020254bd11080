// Restore of a backup, file by file; an interruption leaves each file either old or new.
import { lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { WatchdogError } from '../core/base/errors.ts';
import { suggestSpelling } from '../core/base/suggest.ts';
import { messageOf } from '../core/base/guards.ts';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';
import type { Paths } from '../system/files/paths.ts';
import { type Backup, type BackupFile, FILES, listBackups, type Manifest } from './backup.ts';

/** A backup whose checksums were verified, so that it can be restored. */
export type VerifiedBackup = Backup & { readonly manifest: Manifest };

/**
 * Finds a backup to restore.
 *
 * @param wanted an id, or `latest`
 * @throws WatchdogError BACKUP_FAILED when there is no such backup, or it is damaged
 */
export function findBackup(paths: Paths, wanted: string): VerifiedBackup {
  const all = listBackups(paths);
  const backup = wanted === 'latest' ? all[0] : all.find(({ id }) => id === wanted);
  if (backup === undefined) throw noSuchBackup(wanted, all);
  const { id, damage, manifest } = backup;
  if (damage !== null || manifest === null) {
    throw new WatchdogError('BACKUP_FAILED', `Cannot restore ${id}: ${damage ?? 'it has no manifest'}`, {
      hint: 'Nothing was changed. mcp-watchdog backup list shows which ones are ok.',
    });
  }
  return { ...backup, manifest };
}

function noSuchBackup(wanted: string, all: readonly Backup[]): WatchdogError {
  const ids = all.map(({ id }) => id);
  const guess = suggestSpelling(wanted, ids);
  const known = ids.length === 0 ? 'There are none yet: mcp-watchdog backup' : 'See mcp-watchdog backup list';
  return new WatchdogError('BACKUP_FAILED', `Cannot restore "${wanted}": there is no such backup`, {
    hint: guess === null ? known : `Did you mean ${guess}?`,
  });
}

/** Returns the path of the copy of a file in the home; null when the backup has none. */
export function copyPath({ folder, manifest }: VerifiedBackup, paths: Paths, file: string): string | null {
  const path = relative(paths.home, file).split(sep).join('/');
  const known = manifest.files.some((one) => one.path === path);
  return known ? join(folder, FILES, ...path.split('/')) : null;
}

/**
 * Refuses links before anything is changed: one would be replaced by a file, or lead out of the home.
 *
 * @throws WatchdogError BACKUP_FAILED
 */
export function refuseLinks({ id, manifest }: VerifiedBackup, { home }: Paths): void {
  for (const { path } of manifest.files) {
    const parts = path.split('/');
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const place = join(home, ...parts.slice(0, depth));
      if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() !== true) continue;
      throw new WatchdogError('BACKUP_FAILED', `Cannot restore ${id}: ${place} is a link`, {
        hint: 'Nothing was changed. Replace the link by what it leads to, or copy the file by hand.',
      });
    }
  }
}

/**
 * Puts the files back; no daemon may be running. Files that the backup does not have stay as they are.
 *
 * @returns the replaced paths, relative to the home
 * @throws WatchdogError BACKUP_FAILED; files already replaced stay replaced; the backup made before has the old ones
 */
export function replaceFiles({ id, folder, manifest }: VerifiedBackup, { home }: Paths): string[] {
  const done: string[] = [];
  for (const { path } of configLast(manifest.files)) {
    try {
      const target = join(home, ...path.split('/'));
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      writeFileAtomic(target, readFileSync(join(folder, FILES, ...path.split('/'))));
      done.push(path);
    } catch (cause) {
      const progress = done.length === 0 ? 'nothing was replaced' : `already replaced: ${done.join(', ')}`;
      throw new WatchdogError(
        'BACKUP_FAILED',
        `Cannot restore ${path} of ${id}: ${messageOf(cause)}; ${progress}`,
        {
          hint: 'What was there before is in the newest backup.',
          cause,
        },
      );
    }
  }
  return done;
}

/** The config comes last, because it refers to the others: once it is new, they are. */
function configLast(files: readonly BackupFile[]): BackupFile[] {
  const isConfig = ({ path }: BackupFile): boolean => path === 'config.yaml';
  return [...files.filter((file) => !isConfig(file)), ...files.filter(isConfig)];
}
