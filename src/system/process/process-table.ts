// Process table, and details of single processes, for Linux and macOS.
import { WatchdogError } from '../../core/base/errors.ts';
import { maskArguments, maskCommand } from '../../core/orphans/mask-command.ts';
import type { ProcessRow } from '../../core/lifecycle/process-tree.ts';
import { truncate, neutralise } from '../../core/base/text.ts';
import { messageOf } from '../../core/base/guards.ts';
import * as darwin from './process-table-darwin.ts';
import * as linux from './process-table-linux.ts';

const isLinux = process.platform === 'linux';

/**
 * Every process that this user may see, ourselves and zombies included. Linux: one pass over /proc, nothing is
 * started; elsewhere one `ps`.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE; the reason of `signal` once it is aborted
 */
export async function readProcessTable(signal?: AbortSignal): Promise<readonly ProcessRow[]> {
  try {
    return isLinux ? await linux.readTable(signal) : await darwin.readTable(signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(error);
  }
}

/**
 * One process, synchronously, so that it can be asked right after a spawn; null when there is none, undefined when
 * the system could not say.
 */
export function readProcess(pid: number): ProcessRow | null | undefined {
  return isLinux ? linux.readRow(pid) : darwin.readRow(pid);
}

/**
 * The command line, made safe to print, secrets masked as far as they can be told, cut at 200 characters; null when it
 * cannot be read.
 */
export async function commandOf(pid: number): Promise<string | null> {
  const command = isLinux ? linux.readCommand(pid) : await darwin.readCommand(pid);
  return command === null ? null : showCommand(command);
}

/** The same of a command line, or of a list of arguments, that was read already. */
export function showCommand(command: string | readonly string[]): string {
  const text = typeof command === 'string' ? command : maskArguments(command).join(' ');
  return truncate(neutralise(maskCommand(text)), COMMAND_LENGTH);
}

/** Open files of one process; null where only Linux tells, or when the process is gone or not ours. */
export function openFdsOf(pid: number): number | null {
  return isLinux ? linux.countOpenFds(pid) : null;
}

/**
 * Processes of this user that were started with `name=value` in their environment, or inherited it. It finds those
 * that left their group after their parent died, which no other trace ties to a server. Always empty on macOS, where
 * the system shows nobody's environment, and blind to a program that overwrites its own.
 */
export async function findByEnvironment(
  name: string,
  value: string,
  among?: readonly number[],
): Promise<readonly number[]> {
  return isLinux ? linux.findByEnvironment(name, value, among ?? linux.listPids()) : [];
}

/** What each process of this user has under `name` in its environment. Always empty on macOS, see above. */
export async function readMarks(name: string): Promise<ReadonlyMap<number, string>> {
  return isLinux ? linux.readMarks(name) : new Map();
}

const COMMAND_LENGTH = 200;

function unreadable(cause: unknown): WatchdogError {
  const reason = messageOf(cause).split('\n', 1)[0];
  return new WatchdogError('PROCESS_TABLE_UNREADABLE', `Cannot read the process table: ${reason}`, {
    hint: isLinux ? 'Mount /proc.' : 'See that `ps -A` works for this user.',
    cause,
  });
}
