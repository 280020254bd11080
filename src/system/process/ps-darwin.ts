// Runner of macOS' ps. Linux' ps takes the same columns, so what needs no environment is tested there too.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/** Ms; after this long ps will never answer. */
const TIMEOUT = 10_000;

// ps prints commands through strvis(3), which leaves only what the locale can print: `é` is `M-CM-)` elsewhere. The
// start time is printed for people: without a fixed locale and zone it would change with them and with summer time.
const LOCALES = {
  commands: { LC_ALL: 'en_US.UTF-8' },
  numbers: { LC_ALL: 'C', TZ: 'UTC' },
} as const;

interface PsOptions {
  readonly prints: keyof typeof LOCALES;
  readonly signal?: AbortSignal | undefined;
}

export interface PsAnswer {
  /** 0, or 1 when none of the processes exists. */
  readonly status: 0 | 1;
  readonly text: string;
}

/**
 * Runs ps. It exits with 1 and prints nothing when none of the processes exists. It also exits with 0 when its sysctl
 * failed (ps.c), so an answer without rows proves nothing.
 *
 * @throws Error when ps does not start, complains, is killed after 10 s, is aborted or is cut off
 */
export async function runPs(args: readonly string[], { prints, signal }: PsOptions): Promise<PsAnswer> {
  try {
    const { stdout } = await promisify(execFile)('ps', [...args], {
      ...optionsFor(prints),
      ...(signal === undefined ? {} : { signal }),
    });
    return { status: 0, text: whole(stdout) };
  } catch (error) {
    if (isNobody(error)) return { status: 1, text: '' };
    throw error;
  }
}

/** The same, blocking; undefined where the other throws. */
export function runPsNow(args: readonly string[], prints: PsOptions['prints']): PsAnswer | undefined {
  const { status, stdout, stderr } = spawnSync('ps', [...args], optionsFor(prints));
  if (status === 0 && isWhole(stdout)) return { status, text: stdout };
  return status === 1 && stdout === '' && stderr === '' ? { status, text: '' } : undefined;
}

function optionsFor(prints: PsOptions['prints']) {
  return {
    encoding: 'utf8',
    env: { ...process.env, ...LOCALES[prints] },
    maxBuffer: 64 * 1024 ** 2,
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
  } as const;
}

function isNobody(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 1 &&
    'stdout' in error &&
    error.stdout === '' &&
    'stderr' in error &&
    error.stderr === ''
  );
}

function whole(text: string): string {
  if (!isWhole(text)) throw new Error('ps was cut off within a line');
  return text;
}

function isWhole(text: string): boolean {
  return text === '' || text.endsWith('\n');
}

/** As parseCommands reads them. */
export const COMMAND_COLUMNS = 'pid=,uid=,tty=,command=';

/** A command line as ps prints it: its arguments are not told apart. */
export interface PsCommand {
  readonly pid: number;
  readonly uid: number;
  /** `??` without a terminal. */
  readonly terminal: string;
  /** In NFC, as people and configs write names; macOS keeps files in either form. */
  readonly command: string;
}

/**
 * Reads the command lines of all processes. `withEnvironment`: each is followed by the variables it was started with, for
 * processes of this user that are not Apple's own: xnu leaves out what is restricted (sysctl_procargsx). Never log those.
 *
 * @throws Error as runPs, and when this process itself is missing
 */
export async function readCommands({ withEnvironment = false } = {}): Promise<PsCommand[]> {
  const columns = ['-ww', '-o', COMMAND_COLUMNS];
  const args = withEnvironment ? ['-A', '-E', ...columns] : ['-A', ...columns];
  const { text } = await runPs(args, { prints: 'commands' });
  const commands = parseCommands(text);
  if (!commands.some(({ pid }) => pid === process.pid)) throw withoutUs();
  return commands;
}

/** Parses the columns pid, uid, tty and command. Lines that are not rows are left out. */
export function parseCommands(text: string): PsCommand[] {
  return [...text.matchAll(/^ *(\d+) +(\d+) +(\S+) (.*)$/gmu)].map(
    ([, pid, uid, terminal = '', command = '']) => ({
      pid: Number(pid),
      uid: Number(uid),
      terminal,
      command: command.trimStart().normalize('NFC'),
    }),
  );
}

/** The error for a table that lacks the process that asked for it. */
export function withoutUs(): Error {
  return new Error('ps printed a table without this process in it');
}

/**
 * Finds a variable in a line of `ps -E`; null without one, and when several values claim to be it: arguments and other
 * variables may contain anything.
 *
 * @param name without characters that a pattern interprets; the value must be free of spaces
 */
export function variableIn(line: string, name: string): string | null {
  const values = new Set(
    [...line.matchAll(new RegExp(`(?<= )${name}=(\\S*)`, 'gu'))].map(([, value]) => value),
  );
  const [only] = values;
  return values.size === 1 && only !== undefined ? only : null;
}

/**
 * Splits what `ps -E` shows beyond the command line into variables. A value that itself contains ` NAME=` ends there.
 * Empty when the first text does not begin with the second: another program by now.
 */
export function environmentIn(withEnvironment: string, command: string): Map<string, string> {
  if (!withEnvironment.startsWith(command)) return new Map();
  const words = withEnvironment.slice(command.length).split(/ +(?=[A-Za-z_][A-Za-z0-9_]*=)/u);
  return new Map(
    words
      .map((word) => [word.slice(0, word.indexOf('=')).trim(), word.slice(word.indexOf('=') + 1)] as const)
      .filter(([name]) => name !== ''),
  );
}
