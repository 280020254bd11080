// Start of server processes: own process group, no shell, only the environment that is passed in.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setPriority } from 'node:os';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import { platform } from '../platform.ts';

export interface SpawnOptions {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment: nothing of ours is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** `pipe` for a server that speaks over stdio; the others get no stdin. */
  readonly stdin: 'pipe' | 'ignore';
  /** Nice value of the process and all its children. One that this user may not set is ignored. */
  readonly nice: number;
}

/** A started process. It leads its own process group: `pid` is also the group id. */
export interface SpawnedProcess {
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process itself has ended, even if another process still holds its pipes. */
  readonly exit: Promise<ProcessExit>;
  /** Resolves when both pipes are read to their end; a detached grandchild may delay that. */
  readonly drained: Promise<void>;
  /** Closes our ends of the pipes, which a detached grandchild may keep open. */
  releasePipes(): void;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Reason for which the system refused to start a process; `code` is the system's, such as ENOENT. */
export interface SpawnError {
  readonly code: string;
  readonly message: string;
}

/**
 * Starts a process. A refusal by the system is a value: a missing program in a config is an expected failure.
 *
 * Uses Node's own spawn, not execa: we read the output and end the group ourselves, so nothing of execa would be used but
 * 11 MB of memory.
 */
export async function spawnProcess(options: SpawnOptions): Promise<SpawnedProcess | SpawnError> {
  const isThroughNice = NICE !== null && startsThroughNice(options, platform);
  const [file, ...args] = isThroughNice ? [NICE, '-n', String(options.nice), ...options.argv] : options.argv;
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
    return toSpawnError(error);
  }
  const { pid, stdin, stdout, stderr } = started;
  if (pid === undefined || stdout === null || stderr === null) {
    const [error] = await once(started, 'error');
    return toSpawnError(error);
  }
  // `exit` tells enough of a failed kill, a late refusal, and EPIPE or resets on the pipes of a dying process.
  for (const source of [started, stdin, stdout, stderr]) source?.on('error', () => {});
  if (!isThroughNice) lowerPriority(pid, options.nice);
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

function toSpawnError(error: unknown): SpawnError {
  return { code: codeOf(error) ?? 'UNKNOWN', message: messageOf(error) };
}

/** `exit`, not `close`: a grandchild that holds stdout would hide the death of the server. */
function exitOf(subprocess: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    subprocess.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Path of nice(1), which POSIX requires; where it is missing, the priority is set right after the start. */
const NICE = ['/usr/bin/nice', '/bin/nice'].find((path) => existsSync(path)) ?? null;

/**
 * Decides whether nice(1) starts the program, which it then becomes, with the same pid. A priority set from outside comes
 * too late for what a script starts in its first millisecond. macOS' nice is a protected program: System Integrity
 * Protection takes every `DYLD_…` variable from it, so a server that needs one gets its priority afterwards.
 */
export function startsThroughNice(
  { nice, env }: Pick<SpawnOptions, 'nice' | 'env'>,
  system: NodeJS.Platform,
): boolean {
  if (nice === 0) return false;
  return system !== 'darwin' || !Object.keys(env).some((name) => name.startsWith('DYLD_'));
}

function lowerPriority(pid: number, nice: number): void {
  if (nice === 0) return;
  try {
    setPriority(pid, nice);
  } catch {
    // The process may have ended already; a priority is no reason to fail a start.
  }
}
