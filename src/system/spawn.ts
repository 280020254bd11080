// How a server's process is started: its own group, no shell, an environment of its own.
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setPriority } from 'node:os';
import { execa } from 'execa';

export interface LaunchOptions {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment: nothing of ours is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** A server that speaks over its pipes needs a stdin; the others get none. */
  readonly stdin: 'pipe' | 'ignore';
  readonly nice: number;
}

/** A started process. It leads its own group: `pid` is also the group's number. */
export interface Child {
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process itself has ended, whoever still holds its pipes. */
  readonly exit: Promise<Exit>;
  /** Lets go of our ends of the pipes, which an escaped grandchild may keep open. */
  releasePipes(): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Why the system refused to start a process; `code` is the system's, ENOENT for instance. */
export interface LaunchFault {
  readonly code: string;
  readonly message: string;
}

/** Starts a process. A refusal by the system is a value: a missing program is no surprise in a config. */
export async function launch(options: LaunchOptions): Promise<Child | LaunchFault> {
  const [file, ...args] = options.argv;
  const subprocess = execa(file, args, {
    cwd: options.cwd,
    env: { ...options.env },
    extendEnv: false,
    detached: true,
    // The group is ended by us; execa's own clean-up knows only the direct child.
    cleanup: false,
    stdin: options.stdin,
    stdout: 'pipe',
    stderr: 'pipe',
    // Output is read line by line and bounded elsewhere; kept here it would grow to 100 MB.
    buffer: false,
    reject: false,
    stripFinalNewline: false,
  });
  const { pid, stdin, stdout, stderr } = subprocess;
  if (pid === undefined) {
    const result = await subprocess;
    return { code: result.code ?? 'UNKNOWN', message: result.shortMessage ?? `Cannot start ${file}` };
  }
  lowerPriority(pid, options.nice);
  // EPIPE and resets on pipes to a dying process are news that `exit` already brings.
  for (const stream of [stdin, stdout, stderr]) stream?.on('error', () => {});
  return {
    pid,
    stdin: options.stdin === 'pipe' ? stdin : null,
    stdout,
    stderr,
    exit: exitOf(subprocess),
    releasePipes: () => [stdin, stdout, stderr].forEach((stream) => stream?.destroy()),
  };
}

/** `exit`, not `close`: a grandchild that holds stdout would hide the death of the server. */
function exitOf(subprocess: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    subprocess.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function lowerPriority(pid: number, nice: number): void {
  if (nice === 0) return;
  try {
    setPriority(pid, nice);
  } catch {
    // It may have ended already; a priority is no reason to fail a start.
  }
}
