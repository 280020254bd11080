// Files of a home that commands change themselves, and the lock around that.
import { loadConfig } from '../../config/load.ts';
import { ConfigError } from '../../config/read/problems.ts';
import { acquireFallbackLock, acquireHomeLock, isDiskTrouble } from '../../control/fallback-place.ts';
import type { LockAttempt } from '../../control/lock.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { Paths } from '../../system/files/paths.ts';
import type { CommandContext } from '../shared/command.ts';

/** Runs `work` while no daemon can start. @throws WatchdogError LOCK_HELD when a daemon is just starting or stopping */
export async function withHomeLock<T>(paths: Paths, work: () => T | Promise<T>): Promise<T> {
  const lock = acquire(paths);
  if (!lock.held) {
    throw new WatchdogError('LOCK_HELD', `Cannot work in ${paths.home}: it is locked by pid ${lock.pid}`, {
      hint: 'A daemon is starting or stopping: try again in a few seconds.',
    });
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** On a full disk too: making room is one of the things that commands do under this lock. */
function acquire({ socket }: Paths): LockAttempt {
  try {
    return acquireHomeLock(socket);
  } catch (error) {
    if (!isDiskTrouble(error)) throw error;
    return acquireFallbackLock(socket);
  }
}

/** Lists the absolute paths of files that the config names, as far as it can be read; `warning` says why no further, else null. */
export function filesNamedByConfig({ paths, io }: CommandContext): {
  readonly besides: readonly string[];
  readonly warning: string | null;
} {
  try {
    const { envFiles, config } = loadConfig(paths.config, io.env);
    const { webConfigFile } = config.metrics;
    return { besides: webConfigFile === null ? envFiles : [...envFiles, webConfigFile], warning: null };
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    const besides = error instanceof ConfigError ? error.envFiles : [];
    return { besides, warning: `warning: ${error.message.split('\n')[0] ?? ''}` };
  }
}
