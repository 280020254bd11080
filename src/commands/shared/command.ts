// Command model: what a command declares, what it may use, and exit codes.
import type { ErrorCode } from '../../core/base/errors.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Paths } from '../../system/files/paths.ts';

/** Command as data, read by help, parser, completion, docs and tests; its code is loaded only when it runs. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Lines shown below the help: exit codes and what else matters. */
  readonly notes: readonly string[];
  /** Exit codes that differ from `EXIT_CODES`. */
  readonly exitCodes?: Partial<Readonly<Record<ErrorCode, number>>>;
  readonly load: () => Promise<{ readonly run: (context: CommandContext) => Promise<number> }>;
}

export interface ArgumentSpec {
  /** As commander reads it: `[name]` optional, `<name>` required, `[names...]` any number. */
  readonly syntax: string;
  readonly summary: string;
  /** The only values that are accepted. */
  readonly choices?: readonly string[];
}

export interface OptionSpec {
  /** As commander reads it: `-n, --lines <count>`. */
  readonly flags: string;
  readonly summary: string;
  /** True when the value must be a whole number. */
  readonly isCount?: boolean;
  /** True when it may be given several times; the values become a list. */
  readonly isRepeatable?: boolean;
}

/** Options of the command line; each command reads its own. */
export interface Flags {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly follow?: boolean;
  readonly lines?: number;
  readonly since?: string;
  readonly grep?: string;
  readonly force?: boolean;
  readonly init?: boolean;
  /** Of `connect` a client. */
  readonly print?: boolean | string;
  /** Of `open`. */
  readonly revoke?: boolean;
  readonly rewrite?: boolean;
  readonly undo?: boolean;
  readonly yes?: boolean;
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
  readonly package?: string;
  readonly url?: string;
  readonly transport?: string;
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly range?: string;
  readonly step?: string;
}

/** Everything that a command is given. */
export interface CommandContext {
  readonly paths: Paths;
  readonly arguments: readonly string[];
  readonly flags: Flags;
  readonly colour: boolean;
  readonly io: CommandIo;
}

/** Input and output of a command: those of the process, or of a test. */
export interface CommandIo {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Replaces the default action of the signal until the returned function is called. */
  readonly onSignal: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void) => () => void;
  /** Delivers single keys without echo, Ctrl-C included, until the returned function is called; null without a keyboard. */
  readonly onKey: (listener: (key: string) => void) => (() => void) | null;
  /** Calls the listener when the size of the terminal changes. */
  readonly onResize: (listener: () => void) => () => void;
  /** Calls the listener when the process exits, except by SIGKILL, before the returned function was called. */
  readonly onExit: (listener: () => void) => () => void;
  /** Calls the listener when nobody reads the output any more, as far as that can be known before something is printed. */
  readonly onReaderGone: (listener: () => void) => () => void;
  /** Keeps the process running from now on when nobody reads its output. */
  readonly outliveOutput: () => void;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Absent without a terminal. */
  readonly columns?: number;
  readonly rows?: number;
}

/** Exit codes that scripts may rely on, unless the command says otherwise. */
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

/** Exit codes of commands whose 1 means that they failed, whatever the reason. */
export const FAILED = {
  NO_DAEMON: 1,
  CONFIG_INVALID: 1,
  CONFIG_UNREADABLE: 1,
  CONFIG_UNSAFE: 1,
} as const satisfies CommandSpec['exitCodes'];

/** The option that every command with data has. */
export const JSON_OUTPUT: OptionSpec = { flags: '--json', summary: 'print JSON, for programs' };

/** Reads the size of the terminal in characters; 24 × 80 for one that reports 0, as a pseudo-terminal without a window does. */
export function sizeOf({ rows = 0, columns = 0 }: Output): {
  readonly rows: number;
  readonly columns: number;
} {
  return { rows: rows > 0 ? rows : 24, columns: columns > 0 ? columns : 80 };
}
