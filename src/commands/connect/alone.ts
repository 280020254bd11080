// Way of a shim without a daemon: it runs the server itself, or uses the one that another shim runs, until a daemon takes over.
import { join } from 'node:path';
import { homeHolder } from '../../control/fallback-place.ts';
import { findUnreachableDaemon } from '../../control/unreachable-daemon.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { SingleServer } from '../../daemon/single-server.ts';
import type { Paths } from '../../system/files/paths.ts';

export interface AloneOptions {
  readonly paths: Paths;
  readonly server: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly tell: (text: string) => void;
}

export interface Alone {
  /**
   * Starts the server here, unless a daemon holds the home or another shim runs the server already.
   *
   * @returns whether it runs here now
   * @throws WatchdogError UNKNOWN_SERVER, CONFIG_…, HOME_UNUSABLE
   */
  takeOver(): Promise<boolean>;
  /** Stops what runs here. */
  stop(): Promise<void>;
}

export function createAlone({ paths, server, environment, tell }: AloneOptions): Alone {
  let running: SingleServer | null = null;
  const single = join(paths.run, 'connect', server, 'control.sock');

  return {
    async takeOver() {
      const isHeld = findUnreachableDaemon(paths.socket) !== null || homeHolder(single) !== null;
      if (running !== null || isHeld) return false;
      // Loaded late: it is most of this program.
      const { startSingleServer } = await import('../../daemon/single-server.ts');
      const { readVersion } = await import('../shared/own-package.ts');
      try {
        const started = await startSingleServer({ paths, server, environment, version: readVersion() });
        running = started;
        void forgetAfter(started);
        tell(
          `no watchdog runs in ${paths.home}: ${server} runs here, until this client ends or a watchdog starts (mcp-watchdog start)`,
        );
        return true;
      } catch (error) {
        if (error instanceof WatchdogError && error.code === 'LOCK_HELD') return false;
        throw error;
      }
    },
    async stop() {
      await running?.stop();
    },
  };

  async function forgetAfter(started: SingleServer): Promise<void> {
    await started.done;
    if (running === started) running = null;
  }
}
