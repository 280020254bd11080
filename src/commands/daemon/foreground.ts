// How a daemon lives in a terminal or under a service manager: what is shown, and which signal does what.
import type { CommandContext } from '../shared/command.ts';
import { inactiveKeyLines } from '../shared/inactive-keys.ts';
import { createLiveView } from './live-view.ts';
import type { RunningDaemon } from './running-daemon.ts';

export interface ForegroundOptions {
  /** @param alsoLogTo gets each log line, newline included; null where log lines would disturb */
  readonly start: (alsoLogTo: ((line: string) => void) | null) => Promise<RunningDaemon>;
  /** The config was written just now. */
  readonly isFirst: boolean;
  /** Ends a process group at once. */
  readonly kill?: (group: number) => void;
}

const AFTER_SIGNAL = 143;

/** @returns 143 after a signal, 0 when the daemon was stopped by a command */
export async function runForeground(context: CommandContext, options: ForegroundOptions): Promise<number> {
  // Whatever becomes of the terminal, pipe or file that we print to: the servers go on, and the log has it all.
  context.io.outliveOutput();
  const isLive = context.io.out.isTTY === true && context.flags.json !== true;
  const show = isLive ? createLiveView(context) : null;
  const say = show === null ? () => {} : (lines: readonly string[]) => show.print(lines);
  if (options.isFirst) say([`Wrote a first config: ${context.paths.config}`]);
  const signals = listenToSignals(context, { say, isLive, kill: options.kill ?? killGroup });
  try {
    const starting = options.start(isLive ? null : (line) => void context.io.out.write(line));
    const daemon = await Promise.race([starting, signals.killed]);
    if (typeof daemon === 'number') return daemon;
    say([
      ...daemon.config.warnings.map((warning) => `warning: ${warning}`),
      ...inactiveKeyLines(daemon.config.inactive),
    ]);
    show?.attach(daemon);
    signals.attach(daemon);
    const allStopped = daemon.done.then(() => {
      say(['Everything is stopped']);
      return signals.exitCode();
    });
    return await Promise.race([allStopped, signals.killed]);
  } finally {
    signals.release();
    show?.end();
  }
}

interface Signals {
  attach(daemon: RunningDaemon): void;
  exitCode(): number;
  /** Resolves when a second signal ended everything at once. */
  readonly killed: Promise<number>;
  release(): void;
}

interface Listening {
  readonly say: (lines: readonly string[]) => void;
  readonly isLive: boolean;
  readonly kill: (group: number) => void;
}

function listenToSignals({ io }: CommandContext, { say, isLive, kill }: Listening): Signals {
  let daemon: RunningDaemon | null = null;
  let signalled = 0;
  let giveUp: (code: number) => void = () => {};
  const killed = new Promise<number>((resolve) => (giveUp = resolve));

  function onStop(): void {
    signalled += 1;
    // Nothing was started that would have to be stopped; the first signal is obeyed once there is a daemon.
    if (daemon === null) return signalled > 1 ? giveUp(AFTER_SIGNAL) : undefined;
    const running = daemon.status().servers.filter(({ pid }) => pid !== null);
    if (signalled > 1) {
      say([`Killing ${running.map(({ name }) => name).join(', ') || 'what is left'} at once`]);
      for (const { pid } of running) if (pid !== null) kill(pid);
      return giveUp(AFTER_SIGNAL);
    }
    const names = running.map(({ name }) => name).join(', ');
    say([names === '' ? 'Stopping' : `Stopping ${names}. Ctrl-C again kills at once`]);
    // Its outcome is `done`.
    void daemon.stop().catch(() => giveUp(AFTER_SIGNAL));
  }

  const releases = [
    io.onSignal('SIGINT', onStop),
    io.onSignal('SIGTERM', onStop),
    // From a terminal it means that the terminal is gone; without one it is an operator's wish for the new config,
    // and a config that is refused stays where it is shown: in status, log and metrics.
    io.onSignal('SIGHUP', isLive ? onStop : () => void daemon?.reload().catch(() => {})),
  ];
  return {
    killed,
    exitCode: () => (signalled > 0 ? AFTER_SIGNAL : 0),
    release: () => releases.forEach((release) => release()),
    attach(started) {
      daemon = started;
      // Asked to end while it was still starting.
      if (signalled > 0) {
        signalled = 0;
        onStop();
      }
    },
  };
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
