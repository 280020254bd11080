// How young a package may be by the user's own npm settings, which ours must not soften.
import { findNpm, runNpmConfig } from './npm-command.ts';
import type { NpmRun } from './npm-command.ts';

const DAY = 86_400_000;

/**
 * The moment after which nothing that is installed may have been published, ms since the epoch; Infinity when the user
 * does not say. npm 10 does not know `min-release-age`, and says so by `undefined`.
 */
export async function readAgeLimit(run: NpmRun): Promise<number> {
  const npm = findNpm(process.execPath, run.environment['PATH'] ?? '');
  if (npm === null) return Infinity;
  const { stdout } = await runNpmConfig(npm, ['before', 'min-release-age'], run);
  const before = Date.parse(valueOf('before', stdout));
  const days = Number(valueOf('min-release-age', stdout));
  // npm: of both, `before` counts.
  if (!Number.isNaN(before)) return before;
  return days > 0 ? run.clock.now() - days * DAY : Infinity;
}

function valueOf(key: string, stdout: string): string {
  const line = stdout.split('\n').find((each) => each.startsWith(`${key}=`)) ?? '';
  return line
    .slice(key.length + 1)
    .replaceAll('"', '')
    .trim();
}
