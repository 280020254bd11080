// Command `update [names...] [--check] [--to V] [--dry-run] [--wait]`: brings servers to a newer version.
import { WatchdogError } from '../../core/base/errors.ts';
import type { UpdateCheck } from '../../core/model/update.ts';
import { findDaemon } from '../daemon/daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { checkOffline } from './check-offline.ts';
import { requirePackages, REGISTRY_TIMEOUT, requestChange, withRegistryNotice } from './request-change.ts';
import { checkLines } from './update-report.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** @returns 0 done or nothing to do; 1 held, failed or rolled back, or the registry could not be asked */
export async function run(context: CommandContext): Promise<number> {
  const { flags } = context;
  refuseConflicts(context);
  if (flags.check === true) return await check(context);
  const { to, dryRun = false } = flags;
  return await requestChange(context, {
    action: 'update',
    ask: (daemon, names) =>
      daemon.request(
        'update',
        { names, dryRun, ...(to === undefined ? {} : { to }) },
        { timeout: REGISTRY_TIMEOUT },
      ),
  });
}

/** One exact version, as semver writes it; a range or tag is refused. */
const VERSION = /^\d+\.\d+\.\d+(?:-[\dA-Za-z.-]+)?(?:\+[\dA-Za-z.-]+)?$/u;

/** The versions of Python packages that nothing else looks like: an epoch, four numbers, `2.0rc1`, `1.0.post1`. */
const PYTHON_VERSION =
  /^(?:\d+![\d.]+|(?:\d+\.){3,}\d+|(?:\d+\.)*\d+(?:(?:a|b|rc)\d+|(?=\.post\d|\.dev\d)))(?:\.post\d+)?(?:\.dev\d+)?(?:\+[a-z\d.]+)?$/u;

function refuseConflicts({ arguments: names, flags: { to, check, wait, dryRun } }: CommandContext): void {
  if (check === true && (to !== undefined || wait === true || dryRun === true)) {
    throw usageError('--check only looks, and goes with no other option', 'Leave out --check, or the others');
  }
  if (to === undefined) return;
  if (new Set(names).size !== 1) {
    throw usageError(
      `--to is for one server, got ${names.length}`,
      `For example: update context7 --to ${to}`,
    );
  }
  if (!VERSION.test(to) && !PYTHON_VERSION.test(to))
    throw usageError(`--to must be a whole version, got "${to}"`, wholeVersionHint(to));
}

/** Completes what was typed, so that the hint can be typed instead: `v1.2` and `^1.2` become 1.2.0. */
function wholeVersionHint(to: string): string {
  const [, major, minor = '0', patch = '0'] =
    /^[v=^~<>]*\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.?[x*])*$/iu.exec(to) ?? [];
  return major === undefined
    ? 'Leave --to out for the newest version that may be taken; --check shows which there are'
    : `For example: --to ${major}.${minor}.${patch}; leave --to out for the newest that may be taken`;
}

function usageError(reason: string, hint: string): WatchdogError {
  return new WatchdogError('USAGE', `Cannot read the command line: ${reason}`, { hint });
}

async function check(context: CommandContext): Promise<number> {
  const daemon = await findDaemon(context.paths, context.io.clock);
  const names = [...new Set(context.arguments)];
  const look = daemon === null ? checkOffline : lookThroughDaemon;
  const outlooks = await withRegistryNotice(context, () => look(context, names));
  const exitCode = outlooks.every(({ error }) => error === null) ? 0 : 1;
  if (context.flags.json === true) printJson(context, { exitCode, servers: outlooks });
  else printLines(context, checkLines(outlooks, viewOptions(context)));
  return exitCode;
}

function lookThroughDaemon(
  context: CommandContext,
  names: readonly string[],
): Promise<readonly UpdateCheck[]> {
  return withDaemon(context, async (daemon) => {
    requirePackages(await daemon.request('status', {}), names);
    return await daemon.request('updateCheck', { names }, { timeout: REGISTRY_TIMEOUT });
  });
}
