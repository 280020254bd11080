// `backup restore ID`: nothing is touched before everything is checked, and what is replaced is backed up first.
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

interface Restored {
  readonly id: string;
  /** Relative to the home. */
  readonly files: readonly string[];
  /** The backup of what was replaced; null when there was nothing. */
  readonly before: string | null;
  /** Pid of the daemon afterwards; null when none ran before. */
  readonly daemon: number | null;
}

/**
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
  say(`${backup.id} is whole, and its config is valid`);
  const runner = await findRunner(context);
  if (runner !== null) say(`Stopped the daemon with pid ${await runner.stop()} and all its servers`);
  let result: Omit<Restored, 'daemon'>;
  try {
    result = await withHomeLock(paths, () => replace(backup, context));
    if (result.before !== null) say(`What was there is backed up as ${result.before}`);
    say(`Restored ${result.files.join(', ')}`);
  } finally {
    // Whatever has become of the files, each is an old or a new one: the servers are wanted back.
    await runner?.start();
  }
  const daemon = (await findDaemon(paths, context.io.clock))?.pid ?? null;
  if (daemon !== null) say(`The daemon runs again, pid ${daemon}`);
  if (flags.json === true) printJson(context, { ...result, daemon } satisfies Restored);
  return 0;
}

/** @throws WatchdogError CONFIG_INVALID as if the backup were in place already */
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
    if (error instanceof ConfigError) throw notValid(backup.id, error);
    throw error;
  }
}

/** Its own words name the config that is in place, which nobody has to mend. */
function notValid(id: string, cause: ConfigError): WatchdogError {
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

function replace(backup: VerifiedBackup, context: CommandContext): Omit<Restored, 'daemon'> {
  const { paths } = context;
  const before = backUpPresent(context);
  return { id: backup.id, files: replaceFiles(backup, paths), before };
}

/** @returns null when there was nothing */
function backUpPresent(context: CommandContext): string | null {
  const { paths, io } = context;
  const { besides } = filesNamedByConfig(context);
  const now = io.clock.now();
  const outcome = makeBackup({ paths, now, by: 'restore', version: readVersion(), additionalFiles: besides });
  return outcome.kind === 'made' ? outcome.backup.id : null;
}

interface Runner {
  readonly stop: () => Promise<number | null>;
  readonly start: () => Promise<unknown>;
}

/** How the daemon that runs is ended, and started again the same way; null when none runs. */
async function findRunner(context: CommandContext): Promise<Runner | null> {
  const { paths, io } = context;
  const daemon = await findDaemon(paths, io.clock);
  if (daemon === null) return null;
  const service: ServiceManager | null = installedService(context);
  if (service === null || (await runsBesideService(service, daemon))) {
    return { stop: () => shutDown(paths, io.clock), start: () => startInBackground(paths, io) };
  }
  return { stop: () => stopService(context, service), start: () => startService(context, service) };
}
