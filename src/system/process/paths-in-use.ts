// Paths below a folder from which some process runs, whoever started it: these must not be deleted.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { WatchdogError } from '../../core/base/errors.ts';
import { messageOf } from '../../core/base/guards.ts';
import { isLinux } from '../platform.ts';

/** Processes read between two turns of the event loop. */
const CHUNK = 50;

/**
 * Returns what follows `folder/` in the command lines, working folders and executables of all processes that this user
 * may see, for example `context7/versions/1.2.0/node_modules`. On macOS only command lines are read.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE: then no path may be treated as unused
 */
export async function pathsInUse(folder: string): Promise<ReadonlySet<string>> {
  const prefixes = new Set([folder, realOr(folder)].map((path) => path + sep));
  try {
    const traces = isLinux ? await readTracesLinux() : await readTracesDarwin();
    return new Set(
      traces.flatMap((trace) => [...prefixes].flatMap((prefix) => suffixesAfter(prefix, trace))),
    );
  } catch (cause) {
    throw new WatchdogError(
      'PROCESS_TABLE_UNREADABLE',
      `Cannot see what runs below ${folder}: ${messageOf(cause)}`,
      {
        hint: isLinux ? 'Mount /proc.' : 'Check that `ps -A` works for this user.',
        cause,
      },
    );
  }
}

/** A path may be part of an argument: `--import=file:///…`. Its end is unknown: a name may contain anything. */
function suffixesAfter(prefix: string, trace: string): string[] {
  return trace.split(prefix).slice(1);
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
  const options = { maxBuffer: 32 * 1024 ** 2, timeout: 10_000, killSignal: 'SIGKILL' } as const;
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'command='], options);
  return stdout.split('\n');
}
