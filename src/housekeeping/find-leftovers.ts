// Which backups are too many, and which temporary files somebody died over.
import { join } from 'node:path';
import { BACKUP_ID } from './backup-id.ts';
import type { CleanupSearch, CleanupContext } from './cleanup-context.ts';
import { FORGOTTEN_AFTER, STALE_AFTER, UNFINISHED_AFTER } from './retention.ts';
import { type HomeEntry, listEntries } from './home-entries.ts';

export async function findBackups({ paths, now, backupsKept }: CleanupContext): Promise<CleanupSearch> {
  const entries = (await listEntries(paths.home, paths.backups)).filter(({ kind }) => kind === 'folder');
  const backups = entries.filter(({ name }) => BACKUP_ID.test(name)).toReversed();
  const unfinished = entries.filter(
    ({ name, changedAt }) => name.startsWith('.tmp-') && now - changedAt > UNFINISHED_AFTER,
  );
  return {
    found: [
      // The newest always stays, whatever the config says.
      ...backups.slice(Math.max(1, backupsKept)).map((entry) => ({ kind: 'backup', entry }) as const),
      ...unfinished.map((entry) => ({ kind: 'leftover', entry }) as const),
    ],
    spared: [],
  };
}

/** As `writeFileAtomic` names them. */
const TEMPORARY = /^.+\.\d+\.[\da-f]{8}\.tmp$/;
const DRAFT = /^draft-\d+-[\da-f]+$/;
const DAMAGED = /^state\.json\.damaged$/;

export async function findStale({ paths, now }: CleanupContext): Promise<CleanupSearch> {
  const find = async (folder: string, pattern: RegExp, age: number): Promise<HomeEntry[]> =>
    (await listEntries(paths.home, folder)).filter(
      ({ name, kind, changedAt }) => kind === 'file' && pattern.test(name) && now - changedAt > age,
    );
  const entries = await Promise.all([
    find(paths.home, TEMPORARY, STALE_AFTER),
    find(paths.run, TEMPORARY, STALE_AFTER),
    find(join(paths.run, 'lock'), DRAFT, STALE_AFTER),
    find(paths.run, DAMAGED, FORGOTTEN_AFTER),
  ]);
  return { found: entries.flat().map((entry) => ({ kind: 'stale', entry })), spared: [] };
}
