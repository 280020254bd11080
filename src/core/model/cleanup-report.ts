// Cleanup report: what was removed, kept and could not be removed, as daemon, command and log share it.
import type { UpdateMemory } from './update.ts';
import { size } from '../base/format.ts';

/** Kinds of files that a cleanup removes. */
const RUBBISH_KINDS = ['log', 'old_log', 'journal', 'version', 'leftover', 'backup', 'stale'] as const;
export type RemovedKind = (typeof RUBBISH_KINDS)[number];

export interface RemovedItem {
  readonly kind: RemovedKind;
  /** Relative to the home. */
  readonly path: string;
  readonly bytes: number;
}

/** A file that was not removed, and why. */
export interface KeptItem {
  /** Relative to the home. */
  readonly path: string;
  readonly why: string;
}

export interface CleanupReport {
  /** True when nothing was removed: `removed` lists what would have been. */
  readonly dryRun: boolean;
  readonly removed: readonly RemovedItem[];
  readonly spared: readonly KeptItem[];
  /** `why` is the system's error message. */
  readonly failed: readonly KeptItem[];
  /** Total bytes of `removed`. */
  readonly freed: number;
}

/** Versions that a server may return to, or is being updated to: none of them may be removed. */
export function versionsInUse(
  { previous, chosen, pinned }: UpdateMemory,
  underWay: { readonly from: string; readonly to: string } | null,
): readonly string[] {
  const all = [previous, chosen?.version, pinned, underWay?.from, underWay?.to];
  return all.filter((version) => version !== null && version !== undefined);
}

const NOUNS: Readonly<Record<RemovedKind, readonly [one: string, many: string]>> = {
  log: ['rotated log', 'rotated logs'],
  old_log: ['log of a removed server', 'logs of removed servers'],
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
