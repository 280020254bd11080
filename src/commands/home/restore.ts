// Command `backup restore ID`: checks everything before it touches anything, and backs up what it replaces.
import { readFileSync } from 'node:fs';
import { readConfig } from '../../config/load.ts';
import { ConfigError, formatProblem } from '../../config/read/problems.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { makeBackup } from '../../housekeeping/make-backup.ts';
import {
  copyPath,
  findBackup,
  refuseLinks,
  replaceFiles,
  type VerifiedBackup,
} from '../../housekeeping/restore-backup.ts';
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import { findDaemon, shutDown, startInBackground } from '../daemon/daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { filesNamedByConfig, withHomeLock } from './home-files.ts';
import { readVersion } from '../shared/own-package.ts';
import { installedService } from '../shared/service.ts';
import { runsBesideService, startService, stopService } from '../daemon/service-control.ts';
import { printJson, printLines } from '../shared/output.ts';

interface RestoreResult {
  readonly id: string;
  /** Relative to the home. */
  readonly files: readonly string[];
  /** Id of the backup of what was replaced; null when nothing was there. */
  readonly before: string | null;
  /** Pid of the daemon after the restore; null when none ran before. */
  readonly daemon: number | null;
}

/**
 * Restores a backup and prints each step.
 *
 * @param wanted an id, or `latest`
 * @throws WatchdogError BACKUP_FAILED, CONFIG_INVALID (of the backup), or what stopping and starting the daemon throws
 */
export async function restoreBackup(context: CommandContext, wanted: string): Promise<number> {
  const { paths, flags } = context;
  const say = (line: string): void => {
    if (flags.json !== true) printLines(context, [line]);
  };
  const backup = findBackup(paths, wanted);
  refuseLinks(backup, paths);
  refuseInvalid(backup, context);
  say(`${backup.id} is complete, and its config is valid`);
  const control = await findDaemonControl(context);
  if (control !== null) say(`Stopped the daemon with pid ${await control.stop()} and all its servers`);
  let result: Omit<RestoreResult, 'daemon'>;
  try {
    result = await withHomeLock(paths, () => replace(backup, context));
    if (result.before !== null) say(`What was there is backed up as ${result.before}`);
    say(`Restored ${result.files.join(', ')}`);
  } finally {
    // Each file is whole, old or new, even after a failure: the servers can start again.
    await control?.start();
  }
  const daemon = (await findDaemon(paths, context.io.clock))?.pid ?? null;
  if (daemon !== null) say(`The daemon runs again, pid ${daemon}`);
  if (flags.json === true) printJson(context, { ...result, daemon } satisfies RestoreResult);
  return 0;
}

/** Checks the config of the backup as if it were in place already. @throws WatchdogError CONFIG_INVALID */
function refuseInvalid(backup: VerifiedBackup, { paths, io }: CommandContext): void {
  const config = copyPath(backup, paths, paths.config);
  if (config === null) return;
  try {
    readConfig(readFileSync(config, 'utf8'), {
      path: paths.config,
      environment: io.env,
      locate: (file) => copyPath(backup, paths, file) ?? file,
    });
  } catch (error) {
    if (error instanceof ConfigError) throw invalidBackup(backup.id, error);
    throw error;
  }
}

/** Replaces the message of the cause, which names the config in place instead of the one in the backup. */
function invalidBackup(id: string, cause: ConfigError): WatchdogError {
  const [first = '', ...others] = cause.problems.map(formatProblem);
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return new WatchdogError(
    'CONFIG_INVALID',
    `Cannot restore ${id}: its config is not valid: ${first}${more}`,
    {
      hint: 'Nothing was changed. mcp-watchdog backup list shows the others.',
      cause,
    },
  );
}

function replace(backup: VerifiedBackup, context: CommandContext): Omit<RestoreResult, 'daemon'> {
  const { paths } = context;
  const before = backUpPresent(context);
  return { id: backup.id, files: replaceFiles(backup, paths), before };
}

/** Backs up what is in place. @returns its id; null when nothing was there */
function backUpPresent(context: CommandContext): string | null {
  const { paths, io } = context;
  const { besides } = filesNamedByConfig(context);
  const now = io.clock.now();
  const outcome = makeBackup({ paths, now, by: 'restore', version: readVersion(), additionalFiles: besides });
  return outcome.kind === 'made' ? outcome.backup.id : null;
}

interface DaemonControl {
  readonly stop: () => Promise<number | null>;
  readonly start: () => Promise<unknown>;
}

/** Finds out how to stop the running daemon and start it again the same way; null when none runs. */
async function findDaemonControl(context: CommandContext): Promise<DaemonControl | null> {
  const { paths, io } = context;
  const daemon = await findDaemon(paths, io.clock);
  if (daemon === null) return null;
  const service: ServiceManager | null = installedService(context);
  if (service === null || (await runsBesideService(service, daemon))) {
    return { stop: () => shutDown(paths, io.clock), start: () => startInBackground(paths, io) };
  }
  return { stop: () => stopService(context, service), start: () => startService(context, service) };
}
