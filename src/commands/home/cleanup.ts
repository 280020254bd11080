// Command `cleanup [--dry-run] [--json]`: runs in the daemon when there is one, else here under the lock of the home.
import { existsSync, readFileSync } from 'node:fs';
import { loadConfig } from '../../config/load.ts';
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import { type CleanupReport, versionsInUse } from '../../core/model/cleanup-report.ts';
import { parsePackageRef } from '../../core/model/package.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { readRecords } from '../../core/update/update-record.ts';
import { isObject, parseJson } from '../../core/base/guards.ts';
import { cleanUp } from '../../housekeeping/clean-up.ts';
import type { CleanupContext } from '../../housekeeping/cleanup-context.ts';
import { readProcessRecords } from '../../supervisor/process-registry.ts';
import { checkIdentity, readBootId } from '../../system/process/process-identity.ts';
import { pathsInUse } from '../../system/process/paths-in-use.ts';
import type { Paths } from '../../system/files/paths.ts';
import { findDaemon } from '../daemon/daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { withHomeLock } from './home-files.ts';
import { cleanupLines } from './cleanup-report.ts';
import { printResult } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** ms. Removing a large version from a slow disk takes minutes. */
const TIMEOUT = 600_000;

/** Cleans up. @returns 0 when everything could be removed, else 1 */
export async function run(context: CommandContext): Promise<number> {
  const { paths, flags, io } = context;
  const dryRun = flags.dryRun === true;
  const daemon = await findDaemon(paths, io.clock);
  const report =
    daemon === null
      ? await cleanHere(context, dryRun)
      : await withDaemon(context, (daemon) => daemon.request('cleanup', { dryRun }, { timeout: TIMEOUT }));
  printResult(context, report, cleanupLines(report));
  return report.failed.length === 0 ? 0 : 1;
}

async function cleanHere(context: CommandContext, dryRun: boolean): Promise<CleanupReport> {
  const { paths } = context;
  if (!existsSync(paths.home)) {
    throw new WatchdogError('HOME_UNUSABLE', `Cannot clean up ${paths.home}: there is no such folder`, {
      hint: 'Choose another home with --home DIR',
    });
  }
  const work = (): Promise<CleanupReport> => gatherFacts(context).then((facts) => cleanUp(facts, { dryRun }));
  return dryRun ? await work() : await withHomeLock(paths, work);
}

async function gatherFacts({ paths, io }: CommandContext): Promise<CleanupContext> {
  const loaded = loadIfValid(paths, io.env);
  const keep = await readKept(paths);
  return {
    paths,
    now: io.clock.now(),
    servers: loaded === null ? null : new Map(loaded.servers.map(({ name, logs }) => [name, logs.keep])),
    // Without a config there is no limit to apply.
    backupsKept: loaded?.config.backups.keep ?? Infinity,
    running: new Set(survivors(paths)),
    inUse: () => pathsInUse(paths.servers),
    keep,
  };
}

/** Reads which versions the last daemon still needs; none when its state cannot be read, as the newest ones stay anyway. */
async function readKept({ state }: Paths): Promise<CleanupContext['keep']> {
  const { versionsOf } = await import('../../packages/managers.ts');
  const saved = existsSync(state) ? parseJson(readFileSync(state, 'utf8')) : null;
  const { records } = readRecords(isObject(saved) ? saved['updates'] : undefined);
  return (server) => {
    const record = records.get(server);
    if (record === undefined) return () => false;
    const { isSame } = versionsOf(parsePackageRef(record.package).manager);
    const needed = versionsInUse(record.memory, record.progress?.plan ?? null);
    return (version) => needed.some((one) => isSame(one, version));
  };
}

function loadIfValid(paths: Paths, environment: CommandContext['io']['env']): LoadedConfig | null {
  try {
    return loadConfig(paths.config, environment);
  } catch (error) {
    if (error instanceof WatchdogError) return null;
    throw error;
  }
}

/** Lists servers that an earlier daemon left running, or may have. */
function survivors(paths: Paths): string[] {
  return readProcessRecords(paths.processes)
    .filter(({ pid, startToken }) => {
      const verdict = checkIdentity({ pid, startToken, bootId: readBootId() });
      return verdict === 'same' || verdict === 'unknown';
    })
    .map(({ server }) => server);
}
