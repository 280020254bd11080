// Foreground mode of the daemon: its output and its signals, in a terminal or under a service manager.
import type { CommandContext } from '../shared/command.ts';
import { cureOfUnsaved } from '../../core/status/troubles.ts';
import { inactiveKeyLines } from '../shared/inactive-keys.ts';
import { createLiveView } from './live-view.ts';
import type { RunningDaemon } from './running-daemon.ts';

export interface ForegroundOptions {
  /** @param alsoLogTo gets each log line, newline included; null where log lines would disturb */
  readonly start: (alsoLogTo: ((line: string) => void) | null) => Promise<RunningDaemon>;
  /** A first config was written just now. */
  readonly isFirst: boolean;
  /** Kills a process group at once. */
  readonly kill?: (group: number) => void;
}

export const EXIT_AFTER_SIGNAL = 143;

/** Runs the daemon until it has stopped. @returns 143 after a signal, 0 when a command stopped it */
export async function runForeground(context: CommandContext, options: ForegroundOptions): Promise<number> {
  // The servers outlive the terminal, pipe or file that we print to; the log has every line as well.
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
    const trouble = homeTroubleLines(daemon);
    // Where nobody watches, the log says so too; standard error is read when there is no log.
    if (!isLive) context.io.err.write(trouble.map((line) => `${line}\n`).join(''));
    say([
      ...trouble,
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

function homeTroubleLines({ homeTrouble }: RunningDaemon): readonly string[] {
  if (homeTrouble === null) return [];
  return [
    `warning: the home takes no writes, the servers run all the same: ${homeTrouble}`,
    `hint: what is stopped, started and counted is kept in memory and saved as soon as that works; ${cureOfUnsaved(homeTrouble)}`,
  ];
}

interface Signals {
  attach(daemon: RunningDaemon): void;
  exitCode(): number;
  /** Resolves to the exit code when a second signal killed everything. */
  readonly killed: Promise<number>;
  release(): void;
}

interface SignalOptions {
  readonly say: (lines: readonly string[]) => void;
  readonly isLive: boolean;
  readonly kill: (group: number) => void;
}

function listenToSignals({ io }: CommandContext, { say, isLive, kill }: SignalOptions): Signals {
  let daemon: RunningDaemon | null = null;
  let signals = 0;
  let endNow: (code: number) => void = () => {};
  const killed = new Promise<number>((resolve) => (endNow = resolve));

  function onStop(): void {
    signals += 1;
    // No daemon yet, so nothing to stop; the first signal takes effect once there is one.
    if (daemon === null) return signals > 1 ? endNow(EXIT_AFTER_SIGNAL) : undefined;
    const running = daemon.status().servers.filter(({ pid }) => pid !== null);
    if (signals > 1) {
      say([`Killing ${running.map(({ name }) => name).join(', ') || 'what is left'} at once`]);
      for (const { pid } of running) if (pid !== null) kill(pid);
      return endNow(EXIT_AFTER_SIGNAL);
    }
    const names = running.map(({ name }) => name).join(', ');
    say([names === '' ? 'Stopping' : `Stopping ${names}. Ctrl-C again kills at once`]);
    // Its completion shows in `done`.
    void daemon.stop().catch(() => endNow(EXIT_AFTER_SIGNAL));
  }

  const releases = [
    io.onSignal('SIGINT', onStop),
    io.onSignal('SIGTERM', onStop),
    // On a terminal SIGHUP means that the terminal is gone; without one it asks for a reload,
    // and a refused config shows in status, log and metrics.
    io.onSignal('SIGHUP', isLive ? onStop : () => void daemon?.reload().catch(() => {})),
  ];
  return {
    killed,
    exitCode: () => (signals > 0 ? EXIT_AFTER_SIGNAL : 0),
    release: () => releases.forEach((release) => release()),
    attach(started) {
      daemon = started;
      // A signal came while it was starting.
      if (signals > 0) {
        signals = 0;
        onStop();
      }
    },
  };
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Already gone.
  }
}
