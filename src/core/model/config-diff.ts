// Difference between a new config and the running one: names and dotted paths, never values.

/** A server that both configs have, with different settings. */
export interface ServerChange {
  readonly name: string;
  /** Fields that apply to the running process: `probe.interval`. */
  readonly liveFields: readonly string[];
  /** Fields that need a new process: `env`. */
  readonly restartFields: readonly string[];
}

/** Servers that differ, by name in the order of the file. */
export interface ServerDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ServerChange[];
  /** Pairs of `removed` and `added` that differ only in the name. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
}

/** Settings of the watchdog itself that differ: those that apply now, and those that apply from its next start. */
export interface SettingsDiff {
  readonly live: readonly string[];
  readonly nextStart: readonly string[];
}

/** Effect on a server that changed; `next-start`: it is down, so the change waits for its next start. */
export type ChangeEffect = 'live' | 'restart' | 'next_start' | 'start' | 'stop';

/** Response to a reload. */
export interface ReloadReport extends Omit<ServerDiff, 'changed'> {
  /** The file that was read. */
  readonly path: string;
  /** Time at which the running settings were taken from it, ms since the epoch. */
  readonly takenAt: number;
  /** False for a dry run: the report says what would change. */
  readonly isApplied: boolean;
  readonly changed: readonly (ServerChange & { readonly effect: ChangeEffect })[];
  readonly settings: SettingsDiff;
  /** Servers whose process has not ended within its stop timeout; the replacement waits. */
  readonly ending: readonly string[];
  readonly warnings: readonly string[];
  /** Keys that are set but have no effect in this release. */
  readonly inactive: readonly string[];
}

/** True when the file changes nothing. */
export function isUnchanged({ added, removed, changed, settings }: ReloadReport): boolean {
  return [added, removed, changed, settings.live, settings.nextStart].every(({ length }) => length === 0);
}
