// What every service manager is made from: one user, one name, and all of the world that it may touch.
import type { Clock } from '../../system/time/clock.ts';

export interface ServiceOptions {
  /** A name of the user's choice; null is the manager's own default. */
  readonly label: string | null;
  /** The watchdog's home, absolute. */
  readonly home: string;
  /** Home folder of the user, absolute. */
  readonly userHome: string;
  /** Effective user id. */
  readonly uid: number;
  /** Of the command that is running: PATH, XDG_CONFIG_HOME, XDG_RUNTIME_DIR … */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunTool;
  readonly clock: Clock;
}

/** Runs the manager's own tool without a shell; never rejects. */
export type RunTool = (argv: readonly [string, ...string[]]) => Promise<ToolResult>;

export interface ToolResult {
  /** Null when it was never started or did not end by itself. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The system's error code when it could not be started (ENOENT …), else null. */
  readonly spawnError: string | null;
}
