// Way of a shim without a daemon: it runs the server itself, or uses the one that another shim runs, until a daemon takes over.
import { dirname, join } from 'node:path';
import { homeHolder } from '../../control/fallback-place.ts';
import { acquireLock, lockHolder, type LockAttempt } from '../../control/lock.ts';
import { findUnreachableDaemon } from '../../control/unreachable-daemon.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { SERVER_NAME } from '../../core/model/server-spec.ts';
import { makeHome } from '../../daemon/home/make-home.ts';
import type { SingleServer } from '../../daemon/single-server.ts';
import type { Paths } from '../../system/files/paths.ts';
import type { TakeOver } from './dial.ts';

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
   * @throws WatchdogError UNKNOWN_SERVER, CONFIG_…, HOME_UNUSABLE
   */
  takeOver(): Promise<TakeOver>;
  /** Stops what runs here. */
  stop(): Promise<void>;
}

export function createAlone({ paths, server, environment, tell }: AloneOptions): Alone {
  let running: SingleServer | null = null;
  /** It becomes part of paths. */
  const isName = SERVER_NAME.test(server);
  const single = join(paths.run, 'connect', server, 'control.sock');
  const starters = join(dirname(single), 'starting');

  return {
    async takeOver() {
      const holder =
        findUnreachableDaemon(paths.socket) ?? homeHolder(single) ?? (isName ? lockHolder(starters) : null);
      if (running !== null || holder !== null) return 'elsewhere';
      const attempt = becomeStarter();
      if (attempt?.held === false) return 'elsewhere';
      try {
        return await startHere();
      } finally {
        attempt?.release();
      }
    },
    async stop() {
      await running?.stop();
    },
  };

  /**
   * Makes one of all who would start the server the one that does: each would load most of this program, and a hundred
   * that do so at once keep each other from ever being done. Null where there can be no such lock, as on a full disk.
   */
  function becomeStarter(): LockAttempt | null {
    if (!isName) return null;
    try {
      makeHome(paths);
      return acquireLock(starters);
    } catch {
      // What is wrong with the home is told by the start.
      return null;
    }
  }

  async function startHere(): Promise<TakeOver> {
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
      return 'here';
    } catch (error) {
      if (error instanceof WatchdogError && error.code === 'LOCK_HELD') return 'elsewhere';
      throw error;
    }
  }

  async function forgetAfter(started: SingleServer): Promise<void> {
    await started.done;
    if (running === started) running = null;
  }
}
