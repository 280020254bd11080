// Paths below a folder from which some process runs, whoever started it: these must not be deleted.
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WatchdogError } from '../../core/base/errors.ts';
import { messageOf } from '../../core/base/guards.ts';
import { isLinux } from '../platform.ts';
import { readCommands } from './ps-darwin.ts';
import { READ_HINT } from './process-table.ts';

/** Processes read between two turns of the event loop. */
const CHUNK = 50;

/**
 * Returns what follows `folder/` in the command lines, working folders and executables of all processes that this user
 * may see, for example `context7/versions/1.2.0/node_modules`. On macOS only command lines are read.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE: then no path may be treated as unused
 */
export async function pathsInUse(folder: string): Promise<ReadonlySet<string>> {
  try {
    const traces = isLinux ? await readTracesLinux() : await readTracesDarwin();
    return pathsIn(traces, [folder, realOr(folder)], isLinux ? 'gu' : 'giu');
  } catch (cause) {
    throw new WatchdogError(
      'PROCESS_TABLE_UNREADABLE',
      `Cannot see what runs below ${folder}: ${messageOf(cause)}`,
      { hint: READ_HINT, cause },
    );
  }
}

/**
 * Finds what follows the folders in command lines and paths, both compared in NFC: macOS keeps a name in the form in
 * which it was made, and ps prints that. An argument may hold a path inside (`--import=file:///…`), where other letters
 * than ASCII are written as `%C3%A9`. The end of a path is unknown: a name may contain anything.
 *
 * @param flags with `i` where the file system takes `Docs` for `docs`
 */
export function pathsIn(
  traces: readonly string[],
  folders: readonly string[],
  flags: 'gu' | 'giu',
): ReadonlySet<string> {
  const prefixes = [...new Set(folders.map((path) => (path + sep).normalize('NFC')))];
  const patterns = prefixes.map(
    (prefix) => new RegExp(prefix.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`), flags),
  );
  const forms = new Set(
    traces.flatMap((trace) => [trace, decoded(trace)]).map((text) => text.normalize('NFC')),
  );
  return new Set([...forms].flatMap((text) => patterns.flatMap((pattern) => text.split(pattern).slice(1))));
}

/** Replaces each `%C3%A9` by its letter, as far as the bytes are UTF-8. */
function decoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/giu, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}

function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

async function readTracesLinux(): Promise<string[]> {
  const traces: string[] = [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const [index, pid] of pids.entries()) {
    if (index % CHUNK === CHUNK - 1) await nextTurn();
    const commandLine = orEmpty(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    const places = ['cwd', 'exe'].map((name) => orEmpty(() => readlinkSync(`/proc/${pid}/${name}`)));
    traces.push(...commandLine.split('\0'), ...places);
  }
  return traces.filter((trace) => trace !== '');
}

/** Empty for a process that is gone or belongs to another user. */
function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

async function readTracesDarwin(): Promise<string[]> {
  return (await readCommands()).map(({ command }) => command);
}
