// What a new config changes about a running watchdog: names and dotted paths, never values.

/** A server that is in both configs and not the same in them. */
export interface ServerChange {
  readonly name: string;
  /** Taken over by a living process: `probe.interval`. */
  readonly liveFields: readonly string[];
  /** Seen by a new process only: `env`. */
  readonly restartFields: readonly string[];
}

/** Names in the order of the file. */
export interface ServerDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ServerChange[];
  /** Pairs of `removed` and `added` that are the same but for the name. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
}

/** Settings of the watchdog itself that differ: what it takes over now, and what counts from its next start. */
export interface SettingsDiff {
  readonly live: readonly string[];
  readonly nextStart: readonly string[];
}

/** What becomes of a server that changed; `next-start`: it is down, so nothing becomes of it now. */
export type ChangeEffect = 'live' | 'restart' | 'next-start' | 'start' | 'stop';

/** The answer to a reload. */
export interface ReloadReport extends Omit<ServerDiff, 'changed'> {
  /** The file that was read. */
  readonly path: string;
  /** When what runs was taken over from it, ms since the epoch. */
  readonly takenAt: number;
  /** False for a dry run: this is what would follow. */
  readonly isApplied: boolean;
  readonly changed: readonly (ServerChange & { readonly effect: ChangeEffect })[];
  readonly settings: SettingsDiff;
  /** Servers whose process has not ended yet although it was given its time; what replaces it waits. */
  readonly ending: readonly string[];
  readonly warnings: readonly string[];
  /** Keys that are set and do nothing in this release. */
  readonly inactive: readonly string[];
}

/** True when the file says what is already so. */
export function isUnchanged({ added, removed, changed, settings }: ReloadReport): boolean {
  return [added, removed, changed, settings.live, settings.nextStart].every(({ length }) => length === 0);
}
