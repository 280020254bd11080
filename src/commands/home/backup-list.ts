// Table of backups, with the state of each.
import { ago, size } from '../../core/base/format.ts';
import type { Backup } from '../../housekeeping/backup.ts';
import { type Column, layoutTable } from '../views/table.ts';
import type { ViewOptions } from '../views/style.ts';

const NONE = 'No backups yet. Make one with mcp-watchdog backup';

export function backupLines(backups: readonly Backup[], { now, width, colour }: ViewOptions): string[] {
  if (backups.length === 0) return [NONE];
  const columns: readonly Column<Backup>[] = [
    { title: 'ID', cell: ({ id }) => ({ text: id }) },
    {
      title: 'MADE',
      cell: ({ manifest }) => ({ text: manifest === null ? '' : ago(manifest.createdAt, now) }),
    },
    { title: 'BY', cell: ({ manifest }) => ({ text: manifest?.by ?? '' }), leaves: 2 },
    { title: 'FILES', align: 'right', cell: ({ manifest }) => ({ text: count(manifest?.files) }), leaves: 3 },
    { title: 'SIZE', align: 'right', cell: (backup) => ({ text: size(bytesOf(backup)) }), leaves: 1 },
    {
      title: 'STATE',
      shrinksTo: 10,
      cell: ({ damage }) =>
        damage === null ? { text: 'ok', style: 'green' } : { text: `damaged: ${damage}`, style: 'red' },
    },
  ];
  return layoutTable(backups, columns, { width, colour });
}

export function bytesOf({ manifest }: Backup): number {
  return (manifest?.files ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
}

function count(files: readonly unknown[] | undefined): string {
  return files === undefined ? '' : String(files.length);
}
