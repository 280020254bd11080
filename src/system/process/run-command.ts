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
  /** Milliseconds after which the program's process group is killed; null for no limit. */
  readonly timeout: number | null;
  /** Kills it as `timeout` does, at a time that the caller decides. */
  readonly expiry?: AbortSignal;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Gives the program a stdin that stays open until it or we end, so that it can notice our death. */
  readonly lifeline?: boolean;
  /** Text for the program's stdin, which it may ignore. No stdin when left out. */
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
/** Ms between SIGTERM and SIGKILL. */
const KILL_GRACE = 1_000;
/** Ms for which output is read after the exit: a process that left the group may hold the pipes open for ever. */
const DRAIN_TIMEOUT = 500;

/**
 * Runs `argv` without a shell in a process group of its own, and kills the rest of the group when the program ends.
 * Never rejects: failures are in the result.
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
  // The pipe breaks when the program ends first; the exit tells that.
  child.stdin?.on('error', () => undefined);
  // Reported once more by what execa resolves to.
  child.on('error', () => undefined);
  if (options.input !== undefined) child.stdin?.end(options.input);
  const stdout = collect(child, 'stdout', options);
  const stderr = collect(child, 'stderr', options);
  // An immediate refusal of the system (arguments too long, no memory) emits no event.
  const refused = running.then(({ code }) => (child.pid === undefined ? (code ?? 'UNKNOWN') : null));
  const ending = await end({ child, refused }, options);
  return { ...ending, stdout: stdout(), stderr: stderr() };
}

/** Returns a function that gives the last bytes of the stream as text. */
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
  // A program that is killed may break its own pipes; its exit tells enough.
  child[name]?.on('error', () => undefined);
  return () => {
    splitter.end();
    return Buffer.concat(kept).subarray(-KEPT_BYTES).toString('utf8');
  };
}

type Ending = Pick<CommandResult, 'code' | 'signal' | 'timedOut' | 'aborted' | 'spawnError'>;

interface Started {
  readonly child: ChildProcess;
  /** The system's error code when there is no process; else null, once the process has ended. */
  readonly refused: Promise<string | null>;
}

function end(
  { child, refused }: Started,
  { timeout, expiry, signal, clock = systemClock }: CommandOptions,
): Promise<Ending> {
  return new Promise((resolve) => {
    let why: 'timedOut' | 'aborted' | null = null;
    const timers: (() => void)[] = [];
    const abort = (): void => stop('aborted');
    const expire = (): void => stop('timedOut');

    function stop(reason: 'timedOut' | 'aborted'): void {
      if (why !== null || child.pid === undefined) return;
      const { pid } = child;
      why = reason;
      terminateGroup(pid);
      timers.push(clock.after(KILL_GRACE, () => signalGroup(pid, 'SIGKILL')));
    }
    function disarm(): void {
      for (const cancel of timers) cancel();
      signal?.removeEventListener('abort', abort);
      expiry?.removeEventListener('abort', expire);
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
    expiry?.addEventListener('abort', expire, { once: true });
    if (expiry?.aborted === true) expire();
    if (timeout !== null) timers.push(clock.after(timeout, expire));
    void refused.then(
      (spawnError) => spawnError !== null && finish({ code: null, signal: null, spawnError }),
    );
    child.once('exit', (code, signalName) => {
      // From here on the group id may soon be reused.
      disarm();
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      const done = (): void => finish({ code, signal: signalName, spawnError: null });
      child.once('close', done);
      timers.push(clock.after(DRAIN_TIMEOUT, done));
    });
  });
}
