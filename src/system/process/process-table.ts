// Process table, and details of single processes, for Linux and macOS.
import { WatchdogError } from '../../core/base/errors.ts';
import { maskArguments, maskCommand } from '../../core/orphans/mask-command.ts';
import type { ProcessRow } from '../../core/lifecycle/process-tree.ts';
import { truncate, neutralise } from '../../core/base/text.ts';
import { messageOf } from '../../core/base/guards.ts';
import * as darwin from './process-table-darwin.ts';
import * as linux from './process-table-linux.ts';
import { isLinux } from '../platform.ts';

/**
 * Reads every process that this user may see, ourselves and zombies included. Linux: one pass over /proc; elsewhere one
 * `ps`.
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
 * Reads one process, synchronously, for use right after a spawn; null when there is none, undefined when the system does
 * not tell.
 */
export function readProcess(pid: number): ProcessRow | null | undefined {
  return isLinux ? linux.readRow(pid) : darwin.readRow(pid);
}

/**
 * Reads the command line, safe to print, recognisable secrets masked, cut at 200 characters; null when it cannot be read.
 */
export async function commandOf(pid: number): Promise<string | null> {
  const command = isLinux ? linux.readCommand(pid) : await darwin.readCommand(pid);
  return command === null ? null : showCommand(command);
}

/** Formats a command line or list of arguments in the same way. */
export function showCommand(command: string | readonly string[]): string {
  const text = typeof command === 'string' ? command : maskArguments(command).join(' ');
  return truncate(neutralise(maskCommand(text)), COMMAND_LENGTH);
}

/** Counts the open files of one process; null on systems other than Linux, or when the process is gone or not ours. */
export function openFdsOf(pid: number): number | null {
  return isLinux ? linux.countOpenFds(pid) : null;
}

/**
 * Finds processes of this user that have `name=value` in their initial environment. This finds those that left their group
 * after their parent died, which nothing else links to a server. Always empty on macOS, which shows no environments, and
 * blind to a program that overwrites its own.
 */
export async function findByEnvironment(
  name: string,
  value: string,
  among?: readonly number[],
): Promise<readonly number[]> {
  return isLinux ? linux.findByEnvironment(name, value, among ?? linux.listPids()) : [];
}

/** Reads the value of `name` in the environment of each process of this user. Always empty on macOS, see above. */
export async function readMarks(name: string): Promise<ReadonlyMap<number, string>> {
  return isLinux ? linux.readMarks(name) : new Map();
}

const COMMAND_LENGTH = 200;

function unreadable(cause: unknown): WatchdogError {
  const reason = messageOf(cause).split('\n', 1)[0];
  return new WatchdogError('PROCESS_TABLE_UNREADABLE', `Cannot read the process table: ${reason}`, {
    hint: isLinux ? 'Mount /proc.' : 'Check that `ps -A` works for this user.',
    cause,
  });
}
