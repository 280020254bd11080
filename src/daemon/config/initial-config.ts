// With which config the daemon begins: under a service manager, with the first one that can be used, however long that takes.
import { loadConfigInChild } from '../../config/load-in-child.ts';
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import { ConfigError } from '../../config/read/problems.ts';
import type { ControlHandlers } from '../../control/server.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Logger } from '../../system/files/log.ts';
import { statFingerprint } from './fingerprint.ts';

/** How a config is waited for; without it, one that cannot be used is an error at once. */
export interface ConfigWait {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Told why the config cannot be used, once for each reason. */
  readonly tell: (error: WatchdogError) => void;
}

/** The daemon was asked to end before it had a config. */
export class StoppedWhileWaiting extends Error {}

export interface InitialConfigParts {
  readonly path: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publish'>;
  readonly log: Logger;
  /** What commands are answered with meanwhile is written into it. */
  readonly handlers: ControlHandlers;
  readonly wait: ConfigWait | null;
  /** Asked to end by a command. */
  readonly isAsked: () => boolean;
}

/** Ms between two glances at the files. */
const GLANCE_EVERY = 1000;
/** Ms after which it is read again although no file has changed: a disk may have come back, or an update be over. */
const READ_EVERY = 60_000;

/**
 * A service manager would start a daemon that ends at once again and again, more and more rarely, and present that badly;
 * one that stays answers `status` with the reason.
 *
 * @throws EndedWaiting; without `wait`, what `loadConfigIsolated` throws
 */
export async function loadInitialConfig(parts: InitialConfigParts): Promise<LoadedConfig> {
  const { path, environment, wait } = parts;
  let told: string | null = null;
  let files: readonly string[] = [path];
  for (;;) {
    // Before it is read: what is written meanwhile is news.
    const seen = await statFingerprint(files);
    try {
      const config = await loadConfigInChild(path, environment);
      if (told !== null) parts.log.info({ path }, 'The config can be used now');
      return config;
    } catch (error) {
      if (wait === null || !isConfigFault(error)) throw error;
      if (error.message !== told) tell(error, parts, wait);
      told = error.message;
      const concerned = [path, ...(error instanceof ConfigError ? error.envFiles : [])];
      const isSeen = concerned.join('\n') === files.join('\n');
      files = concerned;
      if (isSeen) await untilChanged(files, seen, parts);
    }
  }
}

function tell(
  error: WatchdogError,
  { path, bus, log, handlers }: InitialConfigParts,
  wait: ConfigWait,
): void {
  Object.assign(handlers, refusing(error));
  bus.publish({ kind: 'config-loaded', path, ok: false, error: error.message });
  log.error({ path }, 'Waiting for a config that can be used');
  wait.tell(error);
}

type Refused = 'start' | 'stop' | 'restart' | 'check' | 'reload' | 'cleanup' | 'notifyTest';

function refusing({ code, message }: WatchdogError): Pick<ControlHandlers, Refused> {
  const refuse = (): never => {
    throw new WatchdogError(code, `The watchdog waits for a config that can be used: ${message}`, {
      hint: 'Mend the file: it is read again as soon as it changes',
    });
  };
  return {
    start: refuse,
    stop: refuse,
    restart: refuse,
    check: refuse,
    reload: refuse,
    cleanup: refuse,
    notifyTest: refuse,
  };
}

async function untilChanged(
  files: readonly string[],
  seen: string,
  { clock, isAsked, wait }: InitialConfigParts,
): Promise<void> {
  const deadline = clock.monotonic() + READ_EVERY;
  while (clock.monotonic() < deadline) {
    await pause(clock, wait?.signal);
    if (wait?.signal.aborted === true || isAsked())
      throw new StoppedWhileWaiting('Asked to end before there was a config');
    if ((await statFingerprint(files)) !== seen) return;
  }
}

function pause(clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(GLANCE_EVERY, done);
    signal?.addEventListener('abort', done);
    if (signal?.aborted === true) done();
  });
}

function isConfigFault(error: unknown): error is WatchdogError {
  return error instanceof WatchdogError && error.code.startsWith('CONFIG_');
}
