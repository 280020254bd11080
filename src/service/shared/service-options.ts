// Options of every service manager, and the command runner that it uses.
import type { Clock } from '../../system/time/clock.ts';

export interface ServiceOptions {
  /** Name that the user chose; null takes the manager's default. */
  readonly label: string | null;
  /** The watchdog's home, absolute. */
  readonly home: string;
  /** Home folder of the user, absolute. */
  readonly userHome: string;
  /** Effective user id. */
  readonly uid: number;
  /** Environment of the running command: PATH, XDG_CONFIG_HOME, XDG_RUNTIME_DIR … */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunTool;
  readonly clock: Clock;
}

/** Runs the manager's own tool without a shell; never rejects. */
export type RunTool = (argv: readonly [string, ...string[]]) => Promise<ToolResult>;

export interface ToolResult {
  /** Exit code; null when it was never started or was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Error code when it could not be started (ENOENT …), else null. */
  readonly spawnError: string | null;
}
