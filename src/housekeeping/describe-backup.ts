// Summary line of a backup run.
import { ago, size } from '../core/base/format.ts';
import type { BackupFile } from './backup.ts';
import type { BackupOutcome } from './make-backup.ts';

/** Describes the outcome in one line without a full stop; `now` in ms since the epoch. */
export function describeBackup(outcome: BackupOutcome, now: number): string {
  if (outcome.kind === 'unchanged') {
    const { id, manifest } = outcome.since;
    return `nothing changed since ${id}${manifest === null ? '' : `, ${ago(manifest.createdAt, now)}`}`;
  }
  if (outcome.kind === 'nothing') return 'nothing to back up: there is neither a config nor a state';
  const files = outcome.backup.manifest?.files ?? [];
  const missing = outcome.missing.length === 0 ? '' : `; missing: ${outcome.missing.join(', ')}`;
  return `backed up ${counted(files)} as ${outcome.backup.id}${missing}`;
}

/** `3 files, 12 KiB`. */
function counted(files: readonly BackupFile[]): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return `${files.length} ${files.length === 1 ? 'file' : 'files'}, ${size(bytes)}`;
}
