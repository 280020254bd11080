// Creation of the home folder: private to the user, with one clear error when it is unusable. A disk that takes no writes is borne.
import { accessSync, chmodSync, constants, existsSync } from 'node:fs';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import { isDiskTrouble } from '../../control/fallback-place.ts';
import { makeFolder } from '../../system/files/make-folder.ts';
import type { Paths } from '../../system/files/paths.ts';

/**
 * Creates the folders of the home and makes them private. Where the disk takes no writes for now, full or read-only, what is
 * missing stays missing: the daemon runs without.
 *
 * @throws WatchdogError HOME_UNUSABLE
 */
export function makeHome(paths: Paths): void {
  // Inherited by npm and the servers, for what they write; a service manager may have set another one.
  process.umask(0o077);
  try {
    for (const folder of [paths.home, paths.run, paths.logs, paths.serverLogs, paths.servers]) {
      makeFolder(folder);
      // It may have been made by hand, and it holds code to run and output that may contain secrets.
      chmodSync(folder, 0o700);
    }
    accessSync(paths.run, constants.W_OK);
  } catch (cause) {
    if (isDiskTrouble(cause) && existsSync(paths.home)) return;
    throw new WatchdogError('HOME_UNUSABLE', `Cannot use the home ${paths.home}: ${messageOf(cause)}`, {
      hint: HINTS[codeOf(cause) ?? ''] ?? 'Make it writable for you, or set MCP_WATCHDOG_HOME.',
      cause,
    });
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, then start it again.',
  EROFS: 'Its file system is read-only: remount it, or set MCP_WATCHDOG_HOME.',
};
