// Process table on macOS: one `ps` for all processes. Linux' ps has the same columns, so it is tested there.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { ProcessRow } from '../../core/lifecycle/process-tree.ts';

const run = promisify(execFile);

const COLUMNS = 'pid=,ppid=,pgid=,stat=,rss=,time=,lstart=';
/** Ms; after this long ps will never answer. */
const TIMEOUT = 10_000;
// The start time is printed for people: without these settings it would change with the locale and with summer time.
const FIXED = { LC_ALL: 'C', TZ: 'UTC' };

/** @throws what execFile throws when ps fails, is killed after 10 s or is aborted */
export async function readTable(signal?: AbortSignal): Promise<ProcessRow[]> {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', COLUMNS], {
    env: { ...process.env, ...FIXED },
    maxBuffer: 32 * 1024 * 1024,
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  });
  return parseTable(stdout);
}

/** Blocks for one ps (some 10 ms). Null when there is no such process; undefined when ps failed. */
export function readRow(pid: number): ProcessRow | null | undefined {
  const { status, stdout } = spawnSync('ps', ['-ww', '-o', COLUMNS, '-p', String(pid)], {
    env: { ...process.env, ...FIXED },
    encoding: 'utf8',
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
  });
  if (status === 1) return null;
  return status === 0 ? (parseTable(stdout)[0] ?? null) : undefined;
}

/** Parses ps' table. Lines that are not rows are left out. */
export function parseTable(text: string): ProcessRow[] {
  return text
    .split('\n')
    .map(parseLine)
    .filter((row) => row !== null);
}

function parseLine(line: string): ProcessRow | null {
  const [pid, ppid, pgid, stat, rss, time, ...start] = line.trim().split(/\s+/);
  if (stat === undefined || rss === undefined || time === undefined || start.length < 5) return null;
  return {
    pid: Number(pid),
    ppid: Number(ppid),
    pgid: Number(pgid),
    state: stat.startsWith('Z') ? 'zombie' : 'alive',
    ...(stat.startsWith('T') && { isStopped: true }),
    startToken: start.join(' '),
    residentBytes: Number(rss) * 1024,
    cpuSeconds: parseCpuTime(time),
    threads: null,
  };
}

/** Parses `[[days-]hours:]minutes:seconds[.hundredths]`; minutes may be above 59. Null for any other text. */
export function parseCpuTime(text: string): number | null {
  const match = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text);
  if (match === null) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
}

/** The arguments as ps prints them; null when there is no such process. */
export async function readCommand(pid: number): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
      timeout: TIMEOUT,
      killSignal: 'SIGKILL',
    });
    return stdout.trim() === '' ? null : stdout.trim();
  } catch {
    return null;
  }
}
