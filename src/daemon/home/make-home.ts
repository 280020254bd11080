// The home: made private, and refused in one sentence when it cannot be used.
import { accessSync, chmodSync, constants } from 'node:fs';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import { makeFolder } from '../../system/files/make-folder.ts';
import type { Paths } from '../../system/files/paths.ts';

/** @throws WatchdogError HOME_UNUSABLE */
export function makeHome(paths: Paths): void {
  // For what npm and the servers write, which inherit it: whatever started us, as a service does.
  process.umask(0o077);
  try {
    for (const folder of [paths.home, paths.run, paths.logs, paths.serverLogs, paths.servers]) {
      makeFolder(folder);
      // It was perhaps made by hand: what is in it is code to be run and output that may hold secrets.
      chmodSync(folder, 0o700);
    }
    accessSync(paths.run, constants.W_OK);
  } catch (cause) {
    throw new WatchdogError('HOME_UNUSABLE', `Cannot use the home ${paths.home}: ${messageOf(cause)}`, {
      hint: HINTS[codeOf(cause) ?? ''] ?? 'Make it writable for you, or set MCP_WATCHDOG_HOME.',
      cause,
    });
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: make room, then start it again.',
  EROFS: 'Its file system takes no writes now: mount it anew, or set MCP_WATCHDOG_HOME.',
};
