// Notifications to systemd (sd_notify): ready, reloading, stopping, status, watchdog.
import { spawn } from 'node:child_process';
import type { Clock } from './clock.ts';
import { pause } from './pause.ts';

/** What may be told; see sd_notify(3). */
type Notice = Readonly<
  Partial<Record<'READY' | 'RELOADING' | 'STOPPING' | 'WATCHDOG' | 'STATUS' | 'EXTEND_TIMEOUT_USEC', string>>
>;

export interface SystemdSettings {
  /** Where systemd listens. */
  readonly socket: string;
  /** Ms without a sign of life after which it ends us; null when it does not watch us. */
  readonly watchdog: number | null;
  readonly path: string;
}

export interface SystemdNotifier {
  /** Never waits and never fails. What is told while an earlier notice is on its way is merged into the next one. */
  notify(notice: Notice): void;
  /** Resolves when all that was told has been taken, or given up. */
  flush(): Promise<void>;
}

/**
 * Takes what systemd told us about itself out of `env`, so that no program that we start can speak in our name.
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
  /** Told once, when the program that tells is missing. */
  readonly onMissing: () => void;
}

/** After this long systemd-notify is ended: systemd is busy, and what is told next is newer. */
const PATIENCE = 10_000;
/** Between two attempts, where the system refuses to start one more process. */
const RETRY_DELAY = 1000;

/**
 * By the program `systemd-notify`, one at a time: Node has no datagram sockets of the kind that systemd listens on, and a
 * native module would need a compiler at each installation. One call takes 5 to 10 ms of another process.
 */
export function createSystemdNotifier({
  socket,
  path,
  clock,
  onMissing,
}: SystemdNotifierOptions): SystemdNotifier {
  let waiting: Notice = {};
  let working: Promise<void> | null = null;
  let isMissing = false;

  async function work(): Promise<void> {
    while (!isMissing && Object.keys(waiting).length > 0) {
      const notice = waiting;
      waiting = {};
      const fault = await send(notice, { socket, path, clock });
      if (fault === 'ENOENT') {
        isMissing = true;
        onMissing();
      } else if (fault !== null) {
        waiting = { ...notice, ...waiting };
        await pause(clock, RETRY_DELAY);
      }
    }
    working = null;
  }

  return {
    notify(notice) {
      waiting = merge(waiting, notice);
      working ??= work();
    },
    flush: () => working ?? Promise.resolve(),
  };
}

/** Later values win; READY, RELOADING and STOPPING take each other's place, because systemd looks at the last. */
function merge(earlier: Notice, later: Notice): Notice {
  const { READY: _ready, RELOADING: _reloading, STOPPING: _stopping, ...rest } = earlier;
  const isNewState = ['READY', 'RELOADING', 'STOPPING'].some((name) => name in later);
  return { ...(isNewState ? rest : earlier), ...later };
}

interface Way extends Pick<SystemdSettings, 'socket' | 'path'> {
  readonly clock: Clock;
}

/** @returns the system's code when no process could be started, else null: what systemd made of it is not our concern */
function send(notice: Notice, { socket, path, clock }: Way): Promise<string | null> {
  const words = Object.entries(notice).map(([name, value]) => `${name}=${value}`);
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', words, {
      env: { PATH: path, NOTIFY_SOCKET: socket },
      stdio: 'ignore',
    });
    const cancel = clock.after(PATIENCE, () => child.kill('SIGKILL'));
    const end = (fault: string | null): void => {
      cancel();
      resolve(fault);
    };
    child.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    child.once('exit', () => end(null));
  });
}
