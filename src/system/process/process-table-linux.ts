// Process table on Linux: small files below /proc, read without starting a program.
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProcessRow } from '../../core/lifecycle/process-tree.ts';
import { codeOf } from '../../core/base/guards.ts';
import { readFileOrNull } from '../files/read-file.ts';

/** Processes read between two turns of the event loop: about 2 ms of work. */
const CHUNK = 150;

/** @throws the system's error when /proc cannot be listed, and the signal's reason */
export async function readTable(signal?: AbortSignal): Promise<ProcessRow[]> {
  return (await readSome(listPids(), signal)).filter((row) => row !== null);
}

/** Null for what does not exist. @throws the system's error when no descriptor or memory is left, and the signal's reason */
export async function readSome(
  pids: readonly number[],
  signal?: AbortSignal,
): Promise<(ProcessRow | null)[]> {
  const rows: (ProcessRow | null)[] = [];
  for (const [index, pid] of pids.entries()) {
    if (index % CHUNK === CHUNK - 1) await nextTurn();
    signal?.throwIfAborted();
    rows.push(rowOf(pid));
  }
  return rows;
}

let isLoadOurs: boolean | null = null;

/** Returns the pid that was given to a process last, the last field of proc_loadavg(5); null when the system does not tell. */
export function lastPid(): number | null {
  try {
    // Some containers have a file of their own there, with numbers of another kind.
    isLoadOurs ??= statSync('/proc/loadavg').dev === statSync('/proc').dev;
    if (!isLoadOurs) return null;
    return Number(/\d+$/u.exec(readSmall('/proc/loadavg')?.trim() ?? '')?.[0] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

/** Null when there is no such process; undefined when the system does not tell. */
export function readRow(pid: number): ProcessRow | null | undefined {
  try {
    return rowOf(pid);
  } catch {
    return undefined;
  }
}

/** Those that do not exist are missing. @throws the system's error when no descriptor or memory is left */
export function readRows(pids: readonly number[]): ProcessRow[] {
  return pids.map(rowOf).filter((row) => row !== null);
}

/** Descriptors that a reader keeps at most: more processes are opened anew each time. */
const MOST_KEPT = 64;

/** Reader of processes that are read again and again: it keeps their files open. */
export interface StatReader {
  /**
   * Reads the process that has this pid now; null for what does not exist.
   *
   * @throws the system's error when no descriptor or memory is left
   */
  read(pid: number): ProcessRow | null;
  /** Closes the files of all others. */
  keepOnly(pids: ReadonlySet<number>): void;
}

/** Opens the reader. An open file belongs to one process and never to another that is given its pid: reading it fails then. */
export function openStatReader(most = MOST_KEPT): StatReader {
  const kept = new Map<number, number>();

  function close(pid: number, descriptor: number): void {
    kept.delete(pid);
    closeSync(descriptor);
  }

  /** Null once the process has ended. */
  function readKept(pid: number): ProcessRow | null {
    const descriptor = kept.get(pid);
    if (descriptor === undefined) return null;
    const text = readFrom(descriptor);
    if (text === null) close(pid, descriptor);
    return text === null ? null : parseStat(text);
  }

  return {
    read(pid) {
      const row = readKept(pid);
      if (row !== null || kept.has(pid)) return row;
      if (kept.size >= most) return rowOf(pid);
      const descriptor = openSmall(`/proc/${pid}/stat`);
      if (descriptor === null) return null;
      kept.set(pid, descriptor);
      return readKept(pid);
    },
    keepOnly(pids) {
      for (const [pid, descriptor] of kept) if (!pids.has(pid)) close(pid, descriptor);
    },
  };
}

/** @throws the system's error when no descriptor or memory is left */
function rowOf(pid: number): ProcessRow | null {
  const text = readSmall(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

/**
 * Parses /proc/PID/stat, see proc_pid_stat(5); null when the text is something else. The name, in parentheses, may itself
 * contain spaces and parentheses: fields are counted from the last one.
 */
export function parseStat(text: string): ProcessRow | null {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(nameEnd + 2).split(' ');
  const [state, ppid, pgid] = fields;
  const startToken = fields[19];
  if (nameEnd === -1 || Number.isNaN(pid) || state === undefined || startToken === undefined) return null;
  const units = readUnits();
  return {
    pid,
    ppid: Number(ppid),
    pgid: Number(pgid),
    state: state === 'Z' || state === 'X' ? 'zombie' : 'alive',
    ...((state === 'T' || state === 't') && { isStopped: true }),
    startToken,
    residentBytes: Number(fields[21]) * units.pageSize,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / units.ticksPerSecond,
    threads: Number(fields[17]),
  };
}

/** Reads the arguments; for a kernel thread, which has none, its name in brackets. Null when they cannot be read. */
export function readCommand(pid: number): string[] | null {
  const written = readFileOrNull(`/proc/${pid}/cmdline`);
  if (written === null) return null;
  const argv = written.split('\0');
  if (argv.some((argument) => argument.trim() !== '')) return argv.at(-1) === '' ? argv.slice(0, -1) : argv;
  const name = readFileOrNull(`/proc/${pid}/comm`)?.trim();
  return name === undefined ? null : [`[${name}]`];
}

/** Counts the open files of the process; null when it is gone or belongs to another user. */
export function countOpenFds(pid: number): number | null {
  try {
    // Since Linux 6.2 the folder's size is the count, so it need not be listed; before that it is 0.
    const { size } = statSync(`/proc/${pid}/fd`);
    return size > 0 ? size : readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}

/** Finds processes of this user with `name=value` in their initial environment, ourselves left out. */
export async function findByEnvironment(
  name: string,
  value: string,
  among: readonly number[],
): Promise<number[]> {
  const wanted = `\0${name}=${value}\0`;
  const found: number[] = [];
  for (const [index, pid] of among.entries()) {
    if (index % CHUNK === CHUNK - 1) await nextTurn();
    if (pid === process.pid) continue;
    if (`\0${environmentOf(pid)}`.includes(wanted)) found.push(pid);
  }
  return found;
}

/** Reads the value of `name` in the initial environment of each process of this user, ourselves left out. */
export async function readMarks(name: string): Promise<ReadonlyMap<number, string>> {
  const start = `\0${name}=`;
  const marks = new Map<number, string>();
  for (const [index, pid] of listPids().entries()) {
    if (index % CHUNK === CHUNK - 1) await nextTurn();
    if (pid === process.pid) continue;
    const [, rest] = `\0${environmentOf(pid)}`.split(start, 2);
    if (rest !== undefined) marks.set(pid, rest.slice(0, rest.indexOf('\0')));
  }
  return marks;
}

/** Empty when the process is gone or not ours. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch (error) {
    if (isScarcity(error)) throw error;
    return '';
  }
}

/** Such an error must not be mistaken for a process that is gone. */
function isScarcity(error: unknown): boolean {
  return ['EMFILE', 'ENFILE', 'ENOMEM'].includes(codeOf(error) ?? '');
}

export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => isDigit(name.charCodeAt(0)))
    .map(Number);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

const small = Buffer.alloc(2048);

/** Reads into one shared buffer: half the cost of readFileSync, and this runs for every process. */
function readSmall(path: string): string | null {
  const descriptor = openSmall(path);
  if (descriptor === null) return null;
  try {
    return readFrom(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Null for what does not exist. @throws the system's error when no descriptor or memory is left */
function openSmall(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isScarcity(error)) throw error;
    return null;
  }
}

/** Null once the process has ended. */
function readFrom(descriptor: number): string | null {
  try {
    return small.toString('latin1', 0, readSync(descriptor, small, 0, small.length, 0));
  } catch {
    return null;
  }
}

interface Units {
  readonly pageSize: number;
  readonly ticksPerSecond: number;
}

let knownUnits: Units | null = null;

function readUnits(): Units {
  knownUnits ??= parseAuxiliaryVector();
  return knownUnits;
}

// The kernel gives every process its page size and clock tick, see getauxval(3), so getconf need not be run.
const AT_PAGESZ = 6;
const AT_CLKTCK = 17;

function parseAuxiliaryVector(): Units {
  const entries = new Map<number, number>();
  try {
    const bytes = readFileSync('/proc/self/auxv');
    const read =
      endianness() === 'LE' ? bytes.readBigUInt64LE.bind(bytes) : bytes.readBigUInt64BE.bind(bytes);
    for (let at = 0; at + 16 <= bytes.length; at += 16) entries.set(Number(read(at)), Number(read(at + 8)));
  } catch {
    // The defaults hold on every desktop kernel.
  }
  return { pageSize: entries.get(AT_PAGESZ) ?? 4096, ticksPerSecond: entries.get(AT_CLKTCK) ?? 100 };
}
