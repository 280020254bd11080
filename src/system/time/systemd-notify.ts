// Notifications to systemd (sd_notify): ready, reloading, stopping, status, watchdog.
import { spawn } from 'node:child_process';
import type { Clock } from './clock.ts';
import { pause } from './pause.ts';

/** Variables of a notification; see sd_notify(3). */
type SystemdState = Readonly<
  Partial<Record<'READY' | 'RELOADING' | 'STOPPING' | 'WATCHDOG' | 'STATUS' | 'EXTEND_TIMEOUT_USEC', string>>
>;

export interface SystemdSettings {
  /** Path of systemd's socket. */
  readonly socket: string;
  /** Ms without a watchdog signal after which systemd kills us; null when it does not watch us. */
  readonly watchdog: number | null;
  readonly path: string;
}

export interface SystemdNotifier {
  /** Never waits and never fails. Notifications during an earlier one are merged into the next. */
  notify(state: SystemdState): void;
  /** Resolves when every notification was sent or given up. */
  flush(): Promise<void>;
}

/**
 * Removes systemd's variables from `env`, so that no program that we start can notify in our name.
 *
 * @returns null when we do not run under systemd
 */
export function takeSystemdSettings(env: Record<string, string | undefined>): SystemdSettings | null {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: limit, WATCHDOG_PID: watched, PATH: path } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (socket === undefined || socket === '') return null;
  const milliseconds = Number(limit) / 1000;
  const isOurs = watched === undefined || Number(watched) === process.pid;
  return {
    socket,
    watchdog: isOurs && milliseconds > 0 ? milliseconds : null,
    path: path ?? '/usr/bin:/bin',
  };
}

export interface SystemdNotifierOptions extends Pick<SystemdSettings, 'socket' | 'path'> {
  readonly clock: Clock;
  /** Called once when the program `systemd-notify` is missing. */
  readonly onMissing: () => void;
}

/** Ms after which systemd-notify is killed: systemd is busy, and the next notification is newer. */
const SEND_TIMEOUT = 10_000;
/** Ms between two attempts when the system refuses to start one more process. */
const RETRY_DELAY = 1000;

/**
 * Notifies systemd through the program `systemd-notify`, one call at a time (5 to 10 ms of another process): Node has no
 * Unix datagram sockets, and a native module would need a compiler at each installation.
 */
export function createSystemdNotifier({
  socket,
  path,
  clock,
  onMissing,
}: SystemdNotifierOptions): SystemdNotifier {
  let waiting: SystemdState = {};
  let working: Promise<void> | null = null;
  let isMissing = false;

  async function work(): Promise<void> {
    while (!isMissing && Object.keys(waiting).length > 0) {
      const state = waiting;
      waiting = {};
      const fault = await send(state, { socket, path, clock });
      if (fault === 'ENOENT') {
        isMissing = true;
        onMissing();
      } else if (fault !== null) {
        waiting = { ...state, ...waiting };
        await pause(clock, RETRY_DELAY);
      }
    }
    working = null;
  }

  return {
    notify(state) {
      waiting = merge(waiting, state);
      working ??= work();
    },
    flush: () => working ?? Promise.resolve(),
  };
}

/** Later values win; READY, RELOADING and STOPPING replace each other, because systemd uses the last one. */
function merge(earlier: SystemdState, later: SystemdState): SystemdState {
  const { READY: _ready, RELOADING: _reloading, STOPPING: _stopping, ...rest } = earlier;
  const isNewState = ['READY', 'RELOADING', 'STOPPING'].some((name) => name in later);
  return { ...(isNewState ? rest : earlier), ...later };
}

interface SendOptions extends Pick<SystemdSettings, 'socket' | 'path'> {
  readonly clock: Clock;
}

/** Returns the system's error code when no process could be started, else null; the exit code does not matter. */
function send(state: SystemdState, { socket, path, clock }: SendOptions): Promise<string | null> {
  const variables = Object.entries(state).map(([name, value]) => `${name}=${value}`);
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', variables, {
      env: { PATH: path, NOTIFY_SOCKET: socket },
      stdio: 'ignore',
    });
    const cancel = clock.after(SEND_TIMEOUT, () => child.kill('SIGKILL'));
    const end = (fault: string | null): void => {
      cancel();
      resolve(fault);
    };
    child.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    child.once('exit', () => end(null));
  });
}
