// How the daemon is started in the background and ended, and when that is really done.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '../../control/client.ts';
import type { DaemonInfo } from '../../control/protocol.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import { neutralise } from '../../core/base/text.ts';
import { messageOf } from '../../core/base/guards.ts';
import { makeFolder } from '../../system/files/make-folder.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Paths } from '../../system/files/paths.ts';

const POLL = 50;
const START_TIMEOUT = 30_000;
// Servers are given their grace, then killed; an install may have to be broken off.
const STOP_TIMEOUT = 120_000;

const PROGRAM = fileURLToPath(new URL('../../cli.js', import.meta.url));

/** The running daemon, null when there is none. */
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
 * @throws WatchdogError CONTROL_FAILED with what it said when it ended instead
 */
export async function startInBackground(
  paths: Paths,
  { clock, program = PROGRAM }: { clock: Clock; program?: string },
): Promise<DaemonStatus> {
  const said = join(paths.logs, 'start.log');
  const output = openOutput(paths, said);
  const child = spawn(process.execPath, [program, 'run', '--home', paths.home], {
    detached: true,
    // Its own log tells the rest; this one holds what is said before there is a log, or when it breaks.
    stdio: ['ignore', 'ignore', output],
    cwd: paths.home,
  });
  closeSync(output);
  const end = endOf(child);
  child.unref();
  return await untilUp(paths, clock, {
    failure() {
      const words = end();
      return words === null ? null : notStarted(`it ended with ${words}`, said);
    },
    late: () => notStarted(TOO_LATE, said),
  });
}

const TOO_LATE = `it does not answer after ${START_TIMEOUT / 1000} s`;

/**
 * Waits until a daemon that somebody else starts has taken its config over.
 *
 * @param logHint how to read what it says
 * @throws WatchdogError CONTROL_FAILED when it does not answer in time, CONFIG_INVALID when it waits for another config
 */
export function waitUntilStarted(paths: Paths, clock: Clock, logHint: string): Promise<DaemonStatus> {
  const late = (): WatchdogError =>
    new WatchdogError('CONTROL_FAILED', `Cannot start the daemon: ${TOO_LATE}`, { hint: `See ${logHint}` });
  return untilUp(paths, clock, { failure: () => null, late });
}

interface Waiting {
  /** Asked each time: whether it cannot come any more. */
  readonly failure: () => WatchdogError | null;
  readonly late: () => WatchdogError;
}

async function untilUp(paths: Paths, clock: Clock, { failure, late }: Waiting): Promise<DaemonStatus> {
  const deadline = clock.monotonic() + START_TIMEOUT;
  for (;;) {
    const daemon = await findStarted(paths, clock);
    if (daemon !== null) return daemon;
    const error = failure();
    if (error !== null) throw error;
    if (clock.monotonic() > deadline) throw late();
    await pause(clock, POLL);
  }
}

/** What it ended with; null while it has not failed. */
function endOf(child: ChildProcess): () => string | null {
  let end: string | null = null;
  child.once('error', (error) => (end = error.message));
  child.once('exit', (code, signal) => {
    // 0: another one was quicker to take the home, and will answer.
    if (code !== 0) end = signal ?? `exit code ${code ?? '?'}`;
  });
  return () => end;
}

function openOutput({ home, logs }: Paths, path: string): number {
  try {
    makeFolder(logs);
    return openSync(path, 'w', 0o600);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new WatchdogError('HOME_UNUSABLE', `Cannot start the daemon in "${home}": ${reason}`, {
      hint: 'See whose it is, and whether its mode is 700; or choose another home with --home DIR',
      cause,
    });
  }
}

// It answers from its first moment, to hold the home; what can go wrong goes wrong before it has taken its config over.
async function findStarted(paths: Paths, clock: Clock): Promise<DaemonStatus | null> {
  const daemon = await ask(paths, clock);
  if (daemon === null || daemon.config.loadedAt !== null) return daemon;
  if (daemon.config.error === null) return null;
  throw new WatchdogError('CONFIG_INVALID', `Cannot start the servers: ${daemon.config.error}`, {
    hint: 'The daemon is up and waits: it starts them as soon as the config is right',
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

// It may end between our question and its answer.
function isNoAnswer({ code }: WatchdogError): boolean {
  return code === 'NO_DAEMON' || code === 'CONTROL_FAILED';
}

function notStarted(reason: string, said: string): WatchdogError {
  const [error, ...others] = lastWords(said);
  const hint = others.find((line) => line.startsWith('hint: '))?.slice('hint: '.length);
  const words = error === undefined ? '' : `: ${error.replace(/^error: /u, '')}`;
  return new WatchdogError('CONTROL_FAILED', `Cannot start the daemon: ${reason}${words}`, {
    hint: hint ?? `See ${said}, or run it in the foreground: mcp-watchdog run`,
  });
}

function lastWords(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map(neutralise)
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

/**
 * Ends the daemon with all its servers and waits until it is gone.
 *
 * @returns its pid, null when there was none
 * @throws WatchdogError CONTROL_FAILED when it takes too long
 */
export async function shutDown(paths: Paths, clock: Clock): Promise<number | null> {
  const daemon = await findDaemon(paths, clock);
  if (daemon === null) return null;
  const client = await connect(paths.socket, { clock });
  let isLate = false;
  const cancel = clock.after(STOP_TIMEOUT, () => {
    isLate = true;
    client.close();
  });
  try {
    await client.request('shutdown', {});
    await client.closed;
    for (let waited = 0; isAlive(daemon.pid) && waited < 5000; waited += POLL) await pause(clock, POLL);
  } finally {
    cancel();
    client.close();
  }
  if (!isLate) return daemon.pid;
  throw new WatchdogError(
    'CONTROL_FAILED',
    `Cannot stop the daemon: pid ${daemon.pid} still runs after ${STOP_TIMEOUT / 1000} s`,
    {
      hint: 'mcp-watchdog logs tells what it waits for',
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

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
