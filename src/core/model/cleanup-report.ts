// What a cleanup removed, left and could not remove: the one report that daemon, command and log share.
import type { UpdateMemory } from './update.ts';
import { size } from '../base/format.ts';

/** Everything that is ever removed is of one of these kinds. */
const RUBBISH_KINDS = ['log', 'old-log', 'journal', 'version', 'leftover', 'backup', 'stale'] as const;
export type RemovedKind = (typeof RUBBISH_KINDS)[number];

export interface RemovedItem {
  readonly kind: RemovedKind;
  /** Relative to the home. */
  readonly path: string;
  readonly bytes: number;
}

/** What somebody might expect to be removed, and why it was not. */
export interface KeptItem {
  /** Relative to the home. */
  readonly path: string;
  readonly why: string;
}

export interface CleanupReport {
  /** Nothing was removed: `removed` is what would have been. */
  readonly dryRun: boolean;
  readonly removed: readonly RemovedItem[];
  readonly spared: readonly KeptItem[];
  /** `why` is what the system said. */
  readonly failed: readonly KeptItem[];
  /** Bytes of all that is in `removed`. */
  readonly freed: number;
}

/** Versions that a server may be brought back to, or is just being brought to: none of them may go. */
export function versionsInUse(
  { previous, chosen, pinned }: UpdateMemory,
  underWay: { readonly from: string; readonly to: string } | null,
): readonly string[] {
  const all = [previous, chosen?.version, pinned, underWay?.from, underWay?.to];
  return all.filter((version) => version !== null && version !== undefined);
}

const NOUNS: Readonly<Record<RemovedKind, readonly [one: string, many: string]>> = {
  log: ['rotated log', 'rotated logs'],
  'old-log': ['log of a removed server', 'logs of removed servers'],
  journal: ['old journal', 'old journals'],
  version: ['old version', 'old versions'],
  leftover: ['unfinished installation', 'unfinished installations'],
  backup: ['old backup', 'old backups'],
  stale: ['stale file', 'stale files'],
};

/** `freed 12 MiB: 3 old versions, 5 rotated logs`, or `nothing to remove`; without a full stop. */
export function describeCleanup({ removed, failed, freed, dryRun }: CleanupReport): string {
  const counts = RUBBISH_KINDS.flatMap((kind) => counted(kind, removed));
  const verb = dryRun ? 'would free' : 'freed';
  const done = counts.length === 0 ? 'nothing to remove' : `${verb} ${size(freed)}: ${counts.join(', ')}`;
  return failed.length === 0 ? done : `${done}; ${failed.length} could not be removed`;
}

function counted(kind: RemovedKind, removed: readonly RemovedItem[]): string[] {
  const count = removed.filter((one) => one.kind === kind).length;
  return count === 0 ? [] : [`${count} ${NOUNS[kind][count === 1 ? 0 : 1]}`];
}
