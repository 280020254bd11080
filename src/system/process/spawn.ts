// Start of server processes: own process group, no shell, only the environment that is passed in.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setPriority } from 'node:os';
import { codeOf, messageOf } from '../../core/base/guards.ts';

export interface SpawnOptions {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment: nothing of ours is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** A server that speaks over its pipes needs a stdin; the others get none. */
  readonly stdin: 'pipe' | 'ignore';
  /** Of the process and all that it starts. A priority that this user may not have is left out. */
  readonly nice: number;
}

/** A started process. It leads its own group: `pid` is also the group's number. */
export interface SpawnedProcess {
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process itself has ended, whoever still holds its pipes. */
  readonly exit: Promise<ProcessExit>;
  /** Resolves when everything that was written to its pipes has been read; an escaped grandchild may put that off. */
  readonly drained: Promise<void>;
  /** Lets go of our ends of the pipes, which an escaped grandchild may keep open. */
  releasePipes(): void;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Why the system refused to start a process; `code` is the system's, ENOENT for instance. */
export interface SpawnError {
  readonly code: string;
  readonly message: string;
}

/**
 * Starts a process. A refusal by the system is a value: a missing program is no surprise in a config.
 *
 * Node's own spawn, not execa: a server's output is read and its group ended by us, so that of execa's services
 * nothing would be used, and 11 MB of it would stay in the daemon's memory.
 */
export async function spawnProcess(options: SpawnOptions): Promise<SpawnedProcess | SpawnError> {
  const [file, ...args] = withPriority(options.argv, options.nice);
  const { cwd, env } = options;
  let started: ChildProcess;
  try {
    started = spawn(file, args, {
      cwd,
      env: { ...env },
      detached: true,
      stdio: [options.stdin, 'pipe', 'pipe'],
    });
  } catch (error) {
    return faultOf(error);
  }
  const { pid, stdin, stdout, stderr } = started;
  if (pid === undefined || stdout === null || stderr === null) {
    const [error] = await once(started, 'error');
    return faultOf(error);
  }
  // A failed kill or a late refusal is told by `exit`; EPIPE and resets on the pipes of a dying process are too.
  for (const source of [started, stdin, stdout, stderr]) source?.on('error', () => {});
  if (NICE === null) lowerPriority(pid, options.nice);
  return {
    pid,
    stdin,
    stdout,
    stderr,
    exit: exitOf(started),
    drained: new Promise((resolve) => started.once('close', () => resolve())),
    releasePipes: () => [stdin, stdout, stderr].forEach((stream) => stream?.destroy()),
  };
}

function faultOf(error: unknown): SpawnError {
  return { code: codeOf(error) ?? 'UNKNOWN', message: messageOf(error) };
}

/** `exit`, not `close`: a grandchild that holds stdout would hide the death of the server. */
function exitOf(subprocess: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    subprocess.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** POSIX has it; where it lies elsewhere, the priority is set right after the start. */
const NICE = ['/usr/bin/nice', '/bin/nice'].find((path) => existsSync(path)) ?? null;

/**
 * nice(1) becomes the program, with the same pid. A priority that is set from outside comes too late for what a script
 * starts in its first millisecond.
 */
function withPriority(argv: SpawnOptions['argv'], nice: number): SpawnOptions['argv'] {
  return nice === 0 || NICE === null ? argv : [NICE, '-n', String(nice), ...argv];
}

function lowerPriority(pid: number, nice: number): void {
  if (nice === 0) return;
  try {
    setPriority(pid, nice);
  } catch {
    // It may have ended already; a priority is no reason to fail a start.
  }
}
