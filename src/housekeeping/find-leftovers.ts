// Search for surplus backups and for temporary files of crashed processes.
import { join } from 'node:path';
import { BACKUP_ID } from './backup.ts';
import type { CleanupSearch, CleanupContext } from './cleanup-context.ts';
import { REMOVED_SERVER_KEPT_FOR, STALE_AFTER, UNFINISHED_AFTER } from './retention.ts';
import { type HomeEntry, listEntries } from './home-entries.ts';

/** Finds backups beyond `backupsKept`, and unfinished ones. */
export async function findBackups({ paths, now, backupsKept }: CleanupContext): Promise<CleanupSearch> {
  const entries = (await listEntries(paths.home, paths.backups)).filter(({ kind }) => kind === 'folder');
  const backups = entries.filter(({ name }) => BACKUP_ID.test(name)).toReversed();
  const unfinished = entries.filter(
    ({ name, changedAt }) => name.startsWith('.tmp-') && now - changedAt > UNFINISHED_AFTER,
  );
  return {
    found: [
      // The newest always stays, even when the config says 0.
      ...backups.slice(Math.max(1, backupsKept)).map((entry) => ({ kind: 'backup', entry }) as const),
      ...unfinished.map((entry) => ({ kind: 'leftover', entry }) as const),
    ],
    spared: [],
  };
}

/** Temporary files of `writeFileAtomic`. */
const TEMPORARY = /^.+\.\d+\.[\da-f]{8}\.tmp$/;
const DRAFT = /^draft-\d+-[\da-f]+$/;
const DAMAGED = /^state\.json\.damaged$/;

/** Finds temporary files that no running process still writes. */
export async function findStale({ paths, now }: CleanupContext): Promise<CleanupSearch> {
  const find = async (folder: string, pattern: RegExp, age: number): Promise<HomeEntry[]> =>
    (await listEntries(paths.home, folder)).filter(
      ({ name, kind, changedAt }) => kind === 'file' && pattern.test(name) && now - changedAt > age,
    );
  const entries = await Promise.all([
    find(paths.home, TEMPORARY, STALE_AFTER),
    find(paths.run, TEMPORARY, STALE_AFTER),
    find(join(paths.run, 'lock'), DRAFT, STALE_AFTER),
    find(paths.run, DAMAGED, REMOVED_SERVER_KEPT_FOR),
  ]);
  return { found: entries.flat().map((entry) => ({ kind: 'stale', entry })), spared: [] };
}
