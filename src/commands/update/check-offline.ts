// Update check without a daemon, from the config, the installed versions and the saved state.
import { loadConfig } from '../../config/load.ts';
import { readRecords, type UpdateRecord } from '../../core/update/update-record.ts';
import { isPackage, type PackageSpec } from '../../core/model/server-spec.ts';
import { isObject, parseJson } from '../../core/base/guards.ts';
import { NO_UPDATES, type UpdateCheck, type UpdateMemory } from '../../core/model/update.ts';
import type { CommandContext } from '../shared/command.ts';
import { requirePackages } from './request-change.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';

/** Checks for updates; writes nothing. @throws WatchdogError CONFIG_*, UNKNOWN_SERVER, CONTROL_FAILED */
export async function checkOffline(
  { paths, io }: CommandContext,
  names: readonly string[],
): Promise<readonly UpdateCheck[]> {
  const { servers } = loadConfig(paths.config, io.env);
  requirePackages({ servers: servers.map(({ name, source }) => ({ name, source: source.kind })) }, names);
  const wanted = servers.filter(isPackage).filter(({ name }) => names.length === 0 || names.includes(name));
  if (wanted.length === 0) return [];
  const [{ createPackageUpdates }, { createInstallQueue }] = await Promise.all([
    import('../../packages/package-updates.ts'),
    import('../../packages/install-queue.ts'),
  ]);
  const packages = createPackageUpdates({
    paths,
    clock: io.clock,
    queue: createInstallQueue(),
    environment: io.env,
  });
  const { records } = readRecords(readUpdates(paths.state));
  const outlooks: UpdateCheck[] = [];
  for (const spec of wanted) {
    const memory = memoryOf(records.get(spec.name), spec);
    outlooks.push(await packages.check(spec, memory, new AbortController().signal));
  }
  return outlooks;
}

/** Reads what is remembered of the server; nothing when the record is about another package. */
function memoryOf(record: UpdateRecord | undefined, { source }: PackageSpec): UpdateMemory {
  return record?.package === source.package ? record.memory : NO_UPDATES;
}

/** Reads the saved state and never repairs it: only the daemon sets a damaged file aside and knows its backup. */
function readUpdates(path: string): unknown {
  const state = parseJson(readFileOrNull(path) ?? '');
  return isObject(state) ? state['updates'] : null;
}
