// Facts that decide what may be removed from the home, and the result of a search.
import type { RemovedKind, KeptItem } from '../core/model/cleanup-report.ts';
import type { Paths } from '../system/files/paths.ts';
import type { HomeEntry } from './home-entries.ts';

export interface CleanupContext {
  readonly paths: Paths;
  /** Ms since the epoch. */
  readonly now: number;
  /** Rotated logs that each configured server keeps; null when the config cannot be read: then no server counts as removed. */
  readonly servers: ReadonlyMap<string, number> | null;
  readonly backupsKept: number;
  /** Servers with a process of ours, configured or not. */
  readonly running: ReadonlySet<string>;
  /** Returns paths relative to `paths.servers` that command lines of processes mention, each with the text that follows it. */
  readonly inUse: () => Promise<ReadonlySet<string>>;
  /** Returns a test for versions of a server that must stay at this moment, because an update or a rollback needs them. */
  readonly keep: (server: string) => (version: string) => boolean;
}

export interface CleanupCandidate {
  readonly kind: RemovedKind;
  readonly entry: HomeEntry;
  /** Called right before the removal; returns why it must stay, null when it may go. */
  readonly whyKept?: () => Promise<string | null>;
}

export interface CleanupSearch {
  readonly found: readonly CleanupCandidate[];
  /** With absolute paths. */
  readonly spared: readonly KeptItem[];
}

/** True for a server that the config no longer names and that does not run. */
export function isRemovedServer({ servers, running }: CleanupContext, server: string): boolean {
  return servers !== null && !servers.has(server) && !running.has(server);
}
