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
 * The parts of the table, for who does not need all of it each time: null where only the whole can be read.
 *
 * `listPids` and `readSome` throw WatchdogError PROCESS_TABLE_UNREADABLE, or the reason of the signal once it is aborted.
 */
export const tableParts = isLinux
  ? {
      listPids() {
        try {
          return linux.listPids();
        } catch (error) {
          throw unreadable(error);
        }
      },
      async readSome(pids: readonly number[], signal?: AbortSignal) {
        try {
          return await linux.readSome(pids, signal);
        } catch (error) {
          signal?.throwIfAborted();
          throw unreadable(error);
        }
      },
      lastPid: () => linux.lastPid(),
      openFollowed() {
        const reader = linux.openStatReader();
        return {
          read(pid: number) {
            try {
              return reader.read(pid);
            } catch (error) {
              throw unreadable(error);
            }
          },
          keepOnly: (pids: ReadonlySet<number>) => reader.keepOnly(pids),
        };
      },
    }
  : null;

/**
 * Reads one process, synchronously, for use right after a spawn; null when there is none, undefined when the system does
 * not tell.
 */
export function readProcess(pid: number): ProcessRow | null | undefined {
  return isLinux ? linux.readRow(pid) : darwin.readRow(pid);
}

/**
 * Reads some processes; those that do not exist are missing. macOS: one `ps` for all.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function readProcesses(pids: readonly number[]): Promise<readonly ProcessRow[]> {
  try {
    return isLinux ? linux.readRows(pids) : await darwin.readRows(pids);
  } catch (error) {
    throw unreadable(error);
  }
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
 * after their parent died, which nothing else links to a server. Blind to a program that overwrites its own, and on macOS
 * to Apple's own programs. On macOS `value` must be free of spaces.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function findByEnvironment(
  name: string,
  value: string,
  among?: readonly number[],
): Promise<readonly number[]> {
  if (isLinux) return await linux.findByEnvironment(name, value, among ?? linux.listPids());
  if (among?.length === 0) return [];
  const marks = await readMarks(name);
  return (among ?? [...marks.keys()]).filter((pid) => marks.get(pid) === value);
}

/**
 * Reads the value of `name` in the environment of each process of this user; blind to the same programs.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function readMarks(name: string): Promise<ReadonlyMap<number, string>> {
  try {
    return isLinux ? await linux.readMarks(name) : await darwin.readMarks(name);
  } catch (error) {
    throw unreadable(error);
  }
}

const COMMAND_LENGTH = 200;

/** What to do where processes cannot be read. macOS' ps is setuid root, which a sandbox refuses to start. */
export const READ_HINT = isLinux
  ? 'Mount /proc.'
  : 'Check that `ps -A` works for this user; "Operation not permitted" comes from a sandbox, as some agents and editors run their commands in: use a terminal of your own.';

function unreadable(cause: unknown): WatchdogError {
  const reason = messageOf(cause).split('\n', 1)[0];
  return new WatchdogError('PROCESS_TABLE_UNREADABLE', `Cannot read the process table: ${reason}`, {
    hint: READ_HINT,
    cause,
  });
}
