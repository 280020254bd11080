// Compiled code of commands, kept in the home, so that the next command need not compile it again (Node 22.1 and newer).
import { statSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { resolvePaths } from '../system/files/paths.ts';

/**
 * Turns the cache on for a home that a daemon has used before; a home of somebody else, or none, is left alone. To be called
 * before the code is loaded. `run` and `connect` stay without it: they start once, and would hold its memory for good.
 *
 * @returns the folder; null where it stays off
 */
export function keepCompiled(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { enable = enableOfNode(), user = process.getuid?.() }: CompileCacheOptions = {},
): string | null {
  if (enable === null || argv.includes('run') || argv.includes('connect')) return null;
  try {
    const given = [homeOf(argv), env['MCP_WATCHDOG_HOME']].find((home) => home !== undefined && home !== '');
    const { run } = resolvePaths(given);
    if (statSync(run).uid !== user) return null;
    const folder = join(run, 'compiled');
    enable(folder);
    return folder;
  } catch {
    // No such home.
    return null;
  }
}

type Enable = (folder: string) => unknown;

export interface CompileCacheOptions {
  /** Null where Node has no such cache. */
  readonly enable?: Enable | null;
  readonly user?: number | undefined;
}

function enableOfNode(): Enable | null {
  const found: unknown = Reflect.get(nodeModule, 'enableCompileCache');
  return typeof found === 'function'
    ? (folder) => privately(() => Reflect.apply(found, undefined, [folder]))
    : null;
}

/** Node makes the folders at once, as the umask lets it. */
function privately(make: () => unknown): unknown {
  const before = process.umask(0o077);
  try {
    return make();
  } finally {
    process.umask(before);
  }
}

function homeOf(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('--home');
  const [joined] = argv.filter((word) => word.startsWith('--home='));
  return at === -1 ? joined?.slice('--home='.length) : argv[at + 1];
}
