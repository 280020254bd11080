// Daemon process as commands see it: found, started in the background, awaited and shut down.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '../../control/client.ts';
import { isDiskTrouble } from '../../control/fallback-place.ts';
import type { DaemonInfo } from '../../control/protocol.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import { neutralise } from '../../core/base/text.ts';
import { messageOf } from '../../core/base/guards.ts';
import { makeFolder } from '../../system/files/make-folder.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Paths } from '../../system/files/paths.ts';
import { pause } from '../../system/time/pause.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';

/** ms between two questions. */
const POLL_INTERVAL = 50;
/** ms. */
const START_TIMEOUT = 30_000;
/** ms. Servers get their grace period before they are killed, and an installation may have to be aborted. */
const STOP_TIMEOUT = 120_000;

const PROGRAM = fileURLToPath(new URL('../../cli.js', import.meta.url));

/** Asks the running daemon who it is; null when none runs. */
export async function findDaemon(paths: Paths, clock: Clock): Promise<DaemonInfo | null> {
  try {
    const client = await connect(paths.socket, { clock });
    return await client.request('ping', {}).finally(() => client.close());
  } catch (error) {
    if (error instanceof WatchdogError && error.code === 'NO_DAEMON') return null;
    throw error;
  }
}

/**
 * Starts the daemon, detached from this terminal, and waits until it answers.
 *
 * @throws WatchdogError CONTROL_FAILED with its last output when it exits instead
 */
export async function startInBackground(
  paths: Paths,
  { clock, program = PROGRAM }: { clock: Clock; program?: string },
): Promise<DaemonStatus> {
  const { path: outputPath, descriptor: output, remove } = openOutput(paths);
  const child = spawn(process.execPath, [program, 'run', '--home', paths.home], {
    detached: true,
    // The daemon has its own log. This file holds what it prints before the log is open, or when the log fails.
    stdio: ['ignore', 'ignore', output],
    cwd: paths.home,
  });
  closeSync(output);
  const failureOf = watchExit(child);
  child.unref();
  try {
    return await waitUntilUp(paths, clock, {
      failure() {
        const exit = failureOf();
        return exit === null ? null : startError(`it ended with ${exit}`, outputPath);
      },
      onTimeout: () => startError(TIMED_OUT, outputPath),
    });
  } finally {
    remove();
  }
}

const TIMED_OUT = `it does not answer after ${START_TIMEOUT / 1000} s`;

/**
 * Waits until a daemon that a service manager starts has loaded its config.
 *
 * @param logHint how to read its log
 * @throws WatchdogError CONTROL_FAILED when it does not answer in time, CONFIG_INVALID when its config cannot be used
 */
export function waitUntilStarted(paths: Paths, clock: Clock, logHint: string): Promise<DaemonStatus> {
  const onTimeout = (): WatchdogError =>
    new WatchdogError('CONTROL_FAILED', `Cannot start the daemon: ${TIMED_OUT}`, { hint: `See ${logHint}` });
  return waitUntilUp(paths, clock, { failure: () => null, onTimeout });
}

interface WaitOptions {
  /** Asked at each poll; null while the daemon may still come up. */
  readonly failure: () => WatchdogError | null;
  readonly onTimeout: () => WatchdogError;
}

async function waitUntilUp(
  paths: Paths,
  clock: Clock,
  { failure, onTimeout }: WaitOptions,
): Promise<DaemonStatus> {
  const deadline = clock.monotonic() + START_TIMEOUT;
  for (;;) {
    const daemon = await findStarted(paths, clock);
    if (daemon !== null) return daemon;
    const error = failure();
    if (error !== null) throw error;
    if (clock.monotonic() > deadline) throw onTimeout();
    await pause(clock, POLL_INTERVAL);
  }
}

/** Returns a function that says how the process failed; null while it has not. */
function watchExit(child: ChildProcess): () => string | null {
  let failure: string | null = null;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code, signal) => {
    // 0: another daemon took the home first, and will answer.
    if (code !== 0) failure = signal ?? `exit code ${code ?? '?'}`;
  });
  return () => failure;
}

interface StartOutput {
  readonly path: string;
  readonly descriptor: number;
  /** Removes the file where it was made only for the time of the start. */
  readonly remove: () => void;
}

function openOutput({ home, logs }: Paths): StartOutput {
  try {
    makeFolder(logs);
    const path = join(logs, 'start.log');
    return { path, descriptor: openSync(path, 'w', 0o600), remove: () => {} };
  } catch (cause) {
    if (isDiskTrouble(cause) && existsSync(home)) return openTemporaryOutput();
    const reason = messageOf(cause);
    throw new WatchdogError('HOME_UNUSABLE', `Cannot start the daemon in "${home}": ${reason}`, {
      hint: 'Check its owner, and that its mode is 700; or choose another home with --home DIR',
      cause,
    });
  }
}

/** Stands in for the file in a home that takes no writes. */
function openTemporaryOutput(): StartOutput {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-watchdog-start-'));
  const path = join(folder, 'start.log');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return { path, descriptor: openSync(path, 'w', 0o600), remove };
}

// The daemon answers from its first moment, because it holds the home; it counts as started once it has loaded its config.
async function findStarted(paths: Paths, clock: Clock): Promise<DaemonStatus | null> {
  const daemon = await ask(paths, clock);
  if (daemon === null || daemon.config.loadedAt !== null) return daemon;
  if (daemon.config.error === null) return null;
  throw new WatchdogError('CONFIG_INVALID', `Cannot start the servers: ${daemon.config.error}`, {
    hint: 'The daemon runs and waits: it starts them as soon as the config is valid',
  });
}

async function ask(paths: Paths, clock: Clock): Promise<DaemonStatus | null> {
  try {
    const client = await connect(paths.socket, { clock });
    return (await client.request('status', {}).finally(() => client.close())).daemon;
  } catch (error) {
    if (error instanceof WatchdogError && isNoAnswer(error)) return null;
    throw error;
  }
}

// The daemon may exit between our question and its answer.
function isNoAnswer({ code }: WatchdogError): boolean {
  return code === 'NO_DAEMON' || code === 'CONTROL_FAILED';
}

function startError(reason: string, outputPath: string): WatchdogError {
  const [error, ...others] = outputLines(outputPath);
  const hint = others.find((line) => line.startsWith('hint: '))?.slice('hint: '.length);
  const output = error === undefined ? '' : `: ${error.replace(/^error: /u, '')}`;
  return new WatchdogError('CONTROL_FAILED', `Cannot start the daemon: ${reason}${output}`, {
    hint: hint ?? `See ${outputPath}, or run it in the foreground: mcp-watchdog run`,
  });
}

function outputLines(path: string): string[] {
  return (readFileOrNull(path) ?? '')
    .split('\n')
    .map(neutralise)
    .filter((line) => line !== '');
}

/**
 * Shuts the daemon and all its servers down and waits until the process is gone.
 *
 * @returns its pid; null when none ran
 * @throws WatchdogError CONTROL_FAILED after two minutes
 */
export async function shutDown(paths: Paths, clock: Clock): Promise<number | null> {
  const daemon = await findDaemon(paths, clock);
  if (daemon === null) return null;
  const client = await connect(paths.socket, { clock });
  let hasTimedOut = false;
  const cancel = clock.after(STOP_TIMEOUT, () => {
    hasTimedOut = true;
    client.close();
  });
  try {
    await client.request('shutdown', {});
    await client.closed;
    for (let waited = 0; isAlive(daemon.pid) && waited < 5000; waited += POLL_INTERVAL)
      await pause(clock, POLL_INTERVAL);
  } finally {
    cancel();
    client.close();
  }
  if (!hasTimedOut) return daemon.pid;
  throw new WatchdogError(
    'CONTROL_FAILED',
    `Cannot stop the daemon: pid ${daemon.pid} still runs after ${STOP_TIMEOUT / 1000} s`,
    {
      hint: 'mcp-watchdog logs shows what it waits for',
    },
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
