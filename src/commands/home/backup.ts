// Command `backup [create|list|restore ID]`: copies config and state, and lists the copies; `restore.ts` brings one back.
import { WatchdogError } from '../../core/base/errors.ts';
import { type Backup, listBackups } from '../../housekeeping/backup.ts';
import { describeBackup } from '../../housekeeping/describe-backup.ts';
import { type BackupOutcome, makeBackup } from '../../housekeeping/make-backup.ts';
import type { CommandContext } from '../shared/command.ts';
import { filesNamedByConfig } from './home-files.ts';
import { readVersion } from '../shared/own-package.ts';
import { restoreBackup } from './restore.ts';
import { capitalised } from '../../core/base/text.ts';
import { backupLines, bytesOf } from './backup-list.ts';
import { printResult, viewOptions } from '../shared/output.ts';

export async function run(context: CommandContext): Promise<number> {
  const [action = 'create', id] = context.arguments;
  if (action === 'restore') return await restoreBackup(context, requireId(id));
  if (id !== undefined) {
    throw new WatchdogError('USAGE', `Cannot ${action} "${id}": only restore takes a backup`, {
      hint: `mcp-watchdog backup ${action}, or mcp-watchdog backup restore ${id}`,
    });
  }
  return action === 'list' ? list(context) : create(context);
}

function requireId(id: string | undefined): string {
  if (id !== undefined) return id;
  throw new WatchdogError('USAGE', 'Cannot restore: the id of a backup is missing', {
    hint: 'mcp-watchdog backup restore latest, or an id of mcp-watchdog backup list',
  });
}

function create(context: CommandContext): number {
  const { paths, io } = context;
  const { besides, warning } = filesNamedByConfig(context);
  const now = io.clock.now();
  const outcome = makeBackup({ paths, now, by: 'manual', version: readVersion(), additionalFiles: besides });
  const said = describeBackup(outcome, now);
  const lines = [capitalised(said), ...(warning === null ? [] : [warning])];
  printResult(context, { ...outcomeData(outcome), warning }, lines);
  return 0;
}

/** `result`: made, unchanged (then the backup is the one that equals what is there) or nothing to back up. */
function outcomeData(outcome: BackupOutcome): object {
  switch (outcome.kind) {
    case 'made':
      return { result: 'made', backup: summaryOf(outcome.backup), missing: outcome.missing };
    case 'unchanged':
      return { result: 'unchanged', backup: summaryOf(outcome.since), missing: [] };
    case 'nothing':
      return { result: 'nothing', backup: null, missing: [] };
    default:
      return outcome satisfies never;
  }
}

function list(context: CommandContext): number {
  const backups = listBackups(context.paths);
  printResult(context, { backups: backups.map(summaryOf) }, backupLines(backups, viewOptions(context)));
  return 0;
}

function summaryOf(backup: Backup): object {
  const { id, folder, manifest, damage } = backup;
  return {
    id,
    folder,
    createdAt: manifest?.createdAt ?? null,
    by: manifest?.by ?? null,
    watchdog: manifest?.watchdog ?? null,
    packages: manifest?.packages ?? {},
    files: manifest?.files ?? [],
    bytes: bytesOf(backup),
    damage,
  };
}
