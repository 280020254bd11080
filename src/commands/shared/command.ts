// What a command is, and all that it may touch.
import type { ErrorCode } from '../../core/base/errors.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Paths } from '../../system/files/paths.ts';

/** One command as data: help, parsing, docs and tests read it; its code is loaded only when it runs. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Shown below the help: exit codes and what else must be known. */
  readonly notes: readonly string[];
  /** Exit codes of errors where they differ from `EXIT_CODES`. */
  readonly exitCodes?: Partial<Readonly<Record<ErrorCode, number>>>;
  readonly load: () => Promise<{ readonly run: (context: CommandContext) => Promise<number> }>;
}

export interface ArgumentSpec {
  /** As commander reads it: `[name]` optional, `<name>` required, `[names...]` any number. */
  readonly syntax: string;
  readonly summary: string;
  /** The only values it takes. */
  readonly choices?: readonly string[];
}

export interface OptionSpec {
  /** As commander reads it: `-n, --lines <count>`. */
  readonly flags: string;
  readonly summary: string;
  /** The value must be a whole number. */
  readonly isCount?: boolean;
  /** It may be given several times; its values become a list. */
  readonly isRepeatable?: boolean;
}

/** What was given on the command line; each command reads its own. */
export interface Flags {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly follow?: boolean;
  readonly lines?: number;
  readonly force?: boolean;
  readonly init?: boolean;
  readonly print?: boolean;
  readonly label?: string;
  readonly from?: readonly string[];
  readonly reap?: boolean;
  readonly dryRun?: boolean;
  readonly check?: boolean;
  readonly to?: string;
  readonly wait?: boolean;
  readonly all?: boolean;
  readonly servers?: boolean;
  readonly service?: boolean;
}

export interface CommandContext {
  readonly paths: Paths;
  readonly arguments: readonly string[];
  readonly flags: Flags;
  readonly colour: boolean;
  readonly io: CommandIo;
}

/** The world of a command: the process's own, or a test's. */
export interface CommandIo {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** The listener takes the place of what the signal does by itself, until the returned function is called. */
  readonly onSignal: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void) => () => void;
  /** Keys one by one, unechoed, Ctrl-C among them, until the returned function is called; null without a keyboard. */
  readonly onKey: (listener: (key: string) => void) => (() => void) | null;
  /** The terminal has another size. */
  readonly onResize: (listener: () => void) => () => void;
  /** The process ends without having called the returned function first, for whatever reason but a kill. */
  readonly onExit: (listener: () => void) => () => void;
  /** From now on the process does not end because nobody takes what it prints. */
  readonly outliveOutput: () => void;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Absent where there is no terminal. */
  readonly columns?: number;
  readonly rows?: number;
}

/** What a script may rely on, unless the command says otherwise. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  USAGE: 2,
  CONFIG_INVALID: 2,
  CONFIG_UNREADABLE: 2,
  CONFIG_UNSAFE: 2,
  HOME_UNUSABLE: 1,
  LOCK_HELD: 1,
  NO_DAEMON: 5,
  CONTROL_FAILED: 1,
  UNKNOWN_SERVER: 1,
  INSTALL_FAILED: 1,
  LISTEN_FAILED: 1,
  SERVICE_FAILED: 1,
  STATE_UNREADABLE: 1,
  BACKUP_FAILED: 1,
  PROCESS_TABLE_UNREADABLE: 1,
};

/** Of a terminal in characters. One that does not know its size says 0, as a pseudo-terminal without a window does. */
export function sizeOf({ rows = 0, columns = 0 }: Output): {
  readonly rows: number;
  readonly columns: number;
} {
  return { rows: rows > 0 ? rows : 24, columns: columns > 0 ? columns : 80 };
}
