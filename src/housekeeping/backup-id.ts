// How a backup is named: when it was made, in UTC to the millisecond, and a few letters that keep two of one moment apart.
import { randomBytes } from 'node:crypto';

/** Sorted by name they are sorted by age. */
export const BACKUP_ID = /^\d{8}T\d{6}(?:\d{3})?Z-[\da-f]{6}$/;

/** @param at ms since the epoch */
export function newBackupId(at: number): string {
  const time = new Date(at).toISOString().replaceAll(/[-:.]/g, '');
  return `${time}-${randomBytes(3).toString('hex')}`;
}
