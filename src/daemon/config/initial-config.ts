// Initial config of the daemon; under a service manager it waits until there is a usable one.
import { loadConfigInChild } from '../../config/load-in-child.ts';
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import { ConfigError } from '../../config/read/problems.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Logger } from '../../system/files/log.ts';
import { statFingerprint } from './fingerprint.ts';
import { pause } from '../../system/time/pause.ts';

/** Waiting for a usable config; without it, an unusable one is an error at once. */
export interface ConfigWait {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Called with why the config cannot be used, once for each reason. */
  readonly tell: (error: WatchdogError) => void;
}

/** Signals that the daemon was stopped before it had a config. */
export class StoppedWhileWaiting extends Error {}

export interface InitialConfigParts {
  readonly path: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publish'>;
  readonly log: Logger;
  /** Called with the reason to refuse commands from now on: what is wrong with the config, or null once it is usable. */
  readonly refuse: (fault: WatchdogError | null) => void;
  readonly wait: ConfigWait | null;
  /** Whether a command has requested the shutdown. */
  readonly isAsked: () => boolean;
}

/** Ms between two stats of the files. */
const POLL_INTERVAL = 1000;
/** Ms after which it is read again although no file has changed: a disk may be mounted again, an update be over. */
const READ_EVERY = 60_000;

/**
 * Loads the config, and with `wait` retries until it is usable. A daemon that exits would be restarted by the service
 * manager again and again, with nothing to see; one that stays answers `status` with the reason.
 *
 * @throws EndedWaiting; without `wait`, what `loadConfigIsolated` throws
 */
export async function loadInitialConfig(parts: InitialConfigParts): Promise<LoadedConfig> {
  const { path, environment, wait } = parts;
  let reported: string | null = null;
  let files: readonly string[] = [path];
  for (;;) {
    // Before it is read, so that a write meanwhile counts as a change.
    const seen = await statFingerprint(files);
    try {
      const config = await loadConfigInChild(path, environment);
      if (reported !== null) {
        parts.refuse(null);
        parts.log.info({ path }, 'The config can be used now');
      }
      return config;
    } catch (error) {
      if (wait === null || !isConfigFault(error)) throw error;
      if (error.message !== reported) report(error, parts, wait);
      reported = error.message;
      const concerned = [path, ...(error instanceof ConfigError ? error.envFiles : [])];
      const isSeen = concerned.join('\n') === files.join('\n');
      files = concerned;
      if (isSeen) await untilChanged(files, seen, parts);
    }
  }
}

function report(
  error: WatchdogError,
  { path, bus, log, refuse }: InitialConfigParts,
  wait: ConfigWait,
): void {
  refuse(error);
  bus.publish({ kind: 'config-loaded', path, ok: false, error: error.message });
  log.error({ path }, 'Waiting for a config that can be used');
  wait.tell(error);
}

async function untilChanged(
  files: readonly string[],
  seen: string,
  { clock, isAsked, wait }: InitialConfigParts,
): Promise<void> {
  const deadline = clock.monotonic() + READ_EVERY;
  while (clock.monotonic() < deadline) {
    await pause(clock, POLL_INTERVAL, wait?.signal);
    if (wait?.signal.aborted === true || isAsked())
      throw new StoppedWhileWaiting('Asked to end before there was a config');
    if ((await statFingerprint(files)) !== seen) return;
  }
}

function isConfigFault(error: unknown): error is WatchdogError {
  return error instanceof WatchdogError && error.code.startsWith('CONFIG_');
}
