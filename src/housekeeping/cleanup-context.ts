// What has to be known before anything is called rubbish, and what a search comes back with.
import type { RemovedKind, KeptItem } from '../core/model/cleanup-report.ts';
import type { Paths } from '../system/files/paths.ts';
import type { HomeEntry } from './home-entries.ts';

export interface CleanupContext {
  readonly paths: Paths;
  /** Ms since the epoch. */
  readonly now: number;
  /** How many rotated logs each configured server keeps; null when the config cannot be read: then nobody is forgotten. */
  readonly servers: ReadonlyMap<string, number> | null;
  readonly backupsKept: number;
  /** Servers with a process of ours, configured or not. */
  readonly running: ReadonlySet<string>;
  /** Paths relative to `paths.servers` that processes mention, each with whatever follows it. */
  readonly inUse: () => Promise<ReadonlySet<string>>;
  /** Versions of a server that must stay, as they are now: what an update is about, and what it can be taken back to. */
  readonly keep: (server: string) => readonly string[];
}

export interface CleanupCandidate {
  readonly kind: RemovedKind;
  readonly entry: HomeEntry;
  /** Asked again right before it is removed; the answer is why it must stay. */
  readonly whyKept?: () => Promise<string | null>;
}

export interface CleanupSearch {
  readonly found: readonly CleanupCandidate[];
  /** Absolute paths here. */
  readonly spared: readonly KeptItem[];
}

/** True for a server that the config does not name any more. */
export function isForgotten({ servers, running }: CleanupContext, server: string): boolean {
  return servers !== null && !servers.has(server) && !running.has(server);
}
