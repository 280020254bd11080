// Process table on macOS: one `ps` for all processes. Linux' ps has the same columns, so it is tested there.
import type { ProcessRow } from '../../core/lifecycle/process-tree.ts';
import {
  COMMAND_COLUMNS,
  parseCommands,
  type PsAnswer,
  readCommands,
  runPs,
  runPsNow,
  variableIn,
  withoutUs,
} from './ps-darwin.ts';

const COLUMNS = 'pid=,ppid=,pgid=,stat=,rss=,time=,lstart=';

/** @throws Error when ps fails, is killed after 10 s or is aborted, and when its table lacks this process */
export async function readTable(signal?: AbortSignal): Promise<ProcessRow[]> {
  const { text } = await runPs(['-A', '-ww', '-o', COLUMNS], { prints: 'numbers', signal });
  const rows = parseTable(text);
  if (!rows.some(({ pid }) => pid === process.pid)) throw withoutUs();
  return rows;
}

/** Blocks for one ps (some 10 ms). Null when there is no such process; undefined when ps does not tell. */
export function readRow(pid: number): ProcessRow | null | undefined {
  const answer = runPsNow(['-ww', '-o', COLUMNS, '-p', String(pid)], 'numbers');
  return answer === undefined ? undefined : rowIn(answer, pid);
}

/** Reads some processes with one ps; those that do not exist are missing. @throws Error when ps does not tell */
export async function readRows(pids: readonly number[]): Promise<ProcessRow[]> {
  if (pids.length === 0) return [];
  // With ourselves in it there is always a row: an answer without one is a failure of ps.
  const asked = [...pids, process.pid].join(',');
  const { text } = await runPs(['-ww', '-o', COLUMNS, '-p', asked], { prints: 'numbers' });
  const rows = parseTable(text);
  if (!rows.some(({ pid }) => pid === process.pid)) throw withoutUs();
  return rows.filter(({ pid }) => pids.includes(pid));
}

function rowIn({ status, text }: PsAnswer, wanted: number): ProcessRow | null | undefined {
  if (status === 1) return null;
  return parseTable(text).find(({ pid }) => pid === wanted);
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
  if (![pid, ppid, pgid, rss].every((word) => /^\d+$/.test(word ?? ''))) return null;
  if (stat === undefined || time === undefined || start.length !== 5) return null;
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

/** The arguments as ps prints them; null when there is no such process, or ps does not tell. */
export async function readCommand(pid: number): Promise<string | null> {
  try {
    const { text } = await runPs(['-ww', '-o', COMMAND_COLUMNS, '-p', String(pid)], { prints: 'commands' });
    const command =
      parseCommands(text)
        .find((one) => one.pid === pid)
        ?.command.trim() ?? '';
    return command === '' ? null : command;
  } catch {
    return null;
  }
}

/**
 * Reads the value of `name` in the environment of each process of this user, ourselves left out. Blind to Apple's own
 * programs, such as /bin/sh and /bin/sleep.
 *
 * @param name of a variable whose values have no spaces
 * @throws Error when ps does not tell
 */
export async function readMarks(name: string): Promise<ReadonlyMap<number, string>> {
  const own = process.getuid?.();
  const marks = new Map<number, string>();
  for (const { pid, uid, command } of await readCommands({ withEnvironment: true })) {
    const mark = uid === own && pid !== process.pid ? variableIn(command, name) : null;
    if (mark !== null) marks.set(pid, mark);
  }
  return marks;
}
