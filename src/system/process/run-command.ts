// Runner of short-lived programs: bounded in time and memory, and no process is left behind.
import type { ChildProcess } from 'node:child_process';

import { systemClock } from '../time/clock.ts';
import type { Clock } from '../time/clock.ts';
import { createLineSplitter } from '../files/line-splitter.ts';
import { signalGroup, terminateGroup } from './process-group.ts';

export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment of the program: nothing of ours is added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which the program's process group is ended; null waits for ever. */
  readonly timeout: number | null;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Gives the program a stdin that ends only with it or with us, so that it can notice our death. */
  readonly lifeline?: boolean;
  /** What the program reads on stdin; whether it does is its own affair. Nothing when left out. */
  readonly input?: string;
  readonly clock?: Clock;
}

export interface CommandResult {
  /** Null when a signal ended it or it was never started. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The last megabyte of each stream; invalid UTF-8 becomes U+FFFD. */
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly aborted: boolean;
  /** The system's error code when it could not be started (ENOENT, EACCES, …), else null. */
  readonly spawnError: string | null;
}

const KEPT_BYTES = 1024 * 1024;
const LINE_BYTES = 8 * 1024;
/** Between asking a group to end and ending it. */
const GRACE = 1_000;
/** How long output is read after the program is gone: a process that left the group may hold the pipes for ever. */
const DRAIN = 500;

/**
 * Runs `argv` without a shell, in a process group of its own, and ends the whole group with it: also what the
 * program left running when it ended by itself. Never rejects: what went wrong is in the result.
 */
export async function runCommand(
  argv: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandResult> {
  // Loaded on first use: a daemon whose packages are all installed never runs a command.
  const { execa } = await import('execa');
  const nothing = { code: null, signal: null, stdout: '', stderr: '', spawnError: null };
  if (options.signal?.aborted === true) return { ...nothing, timedOut: false, aborted: true };
  const [file, ...args] = argv;
  const running = execa(file, args, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: options.env,
    extendEnv: false,
    detached: true,
    reject: false,
    buffer: false,
    stdin: options.lifeline === true || options.input !== undefined ? 'pipe' : 'ignore',
  });
  const child: ChildProcess = running;
  // The pipe breaks when the program ends first: that is no news.
  child.stdin?.on('error', () => undefined);
  // Told once more by what execa resolves to.
  child.on('error', () => undefined);
  if (options.input !== undefined) child.stdin?.end(options.input);
  const stdout = collect(child, 'stdout', options);
  const stderr = collect(child, 'stderr', options);
  // What the system refuses at once (too long, no memory) is told by no event.
  const refused = running.then(({ code }) => (child.pid === undefined ? (code ?? 'UNKNOWN') : null));
  const ending = await end({ child, refused }, options);
  return { ...ending, stdout: stdout(), stderr: stderr() };
}

/** The returned function gives the last bytes of the stream as text. */
function collect(child: ChildProcess, name: 'stdout' | 'stderr', { onLine }: CommandOptions): () => string {
  let kept: Buffer[] = [];
  let bytes = 0;
  const splitter = createLineSplitter({ maxBytes: LINE_BYTES, onLine: (line) => onLine?.(line, name) });
  child[name]?.on('data', (chunk: Buffer) => {
    splitter.push(chunk);
    kept.push(chunk);
    bytes += chunk.length;
    if (bytes <= 2 * KEPT_BYTES) return;
    kept = [Buffer.from(Buffer.concat(kept).subarray(-KEPT_BYTES))];
    bytes = KEPT_BYTES;
  });
  // A program that is ended may break its own pipes; how it ended tells the story.
  child[name]?.on('error', () => undefined);
  return () => {
    splitter.end();
    return Buffer.concat(kept).subarray(-KEPT_BYTES).toString('utf8');
  };
}

type Ending = Pick<CommandResult, 'code' | 'signal' | 'timedOut' | 'aborted' | 'spawnError'>;

interface Started {
  readonly child: ChildProcess;
  /** The system's error code when there is no process; else null, once it has ended. */
  readonly refused: Promise<string | null>;
}

function end(
  { child, refused }: Started,
  { timeout, signal, clock = systemClock }: CommandOptions,
): Promise<Ending> {
  return new Promise((resolve) => {
    let why: 'timedOut' | 'aborted' | null = null;
    const alarms: (() => void)[] = [];
    const abort = (): void => stop('aborted');

    function stop(reason: 'timedOut' | 'aborted'): void {
      if (why !== null || child.pid === undefined) return;
      const { pid } = child;
      why = reason;
      terminateGroup(pid);
      alarms.push(clock.after(GRACE, () => signalGroup(pid, 'SIGKILL')));
    }
    function disarm(): void {
      for (const cancel of alarms) cancel();
      signal?.removeEventListener('abort', abort);
    }

    function finish(ending: Pick<Ending, 'code' | 'signal' | 'spawnError'>): void {
      disarm();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      resolve({
        ...ending,
        timedOut: why === 'timedOut',
        aborted: why === 'aborted' || signal?.aborted === true,
      });
    }

    signal?.addEventListener('abort', abort, { once: true });
    if (timeout !== null) alarms.push(clock.after(timeout, () => stop('timedOut')));
    void refused.then(
      (spawnError) => spawnError !== null && finish({ code: null, signal: null, spawnError }),
    );
    child.once('exit', (code, signalName) => {
      // From here on the group's number may soon be somebody else's.
      disarm();
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      const done = (): void => finish({ code, signal: signalName, spawnError: null });
      child.once('close', done);
      alarms.push(clock.after(DRAIN, done));
    });
  });
}
