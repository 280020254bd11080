// Command line of uv: where it is found and how it is called, depending on the user's index settings and nothing else.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

import { parseVersion } from '../../core/python/pep440.ts';
import { runCommand } from '../../system/process/run-command.ts';
import type { CommandResult } from '../../system/process/run-command.ts';
import type { InstallError } from '../manager/install-error.ts';
import type { ManagerEnvironment, ManagerRun } from '../manager/package-manager.ts';
import { noUv, oldUv, uvBroken } from './uv-errors.ts';

/** Oldest uv whose `--relocatable`, lock files and link modes are what we rely on. */
export const OLDEST_UV = '0.10.8';

/** Finds uv on the PATH, else where its installers put it; null when there is none. */
export function findUv({ PATH = '', HOME = '' }: ManagerEnvironment): string | null {
  const own = HOME === '' ? [] : [join(HOME, '.local/bin'), join(HOME, '.cargo/bin')];
  const folders = [...PATH.split(delimiter), ...own, '/opt/homebrew/bin', '/usr/local/bin'];
  return (
    folders
      .filter(isAbsolute)
      .map((each) => join(each, 'uv'))
      .find(isProgram) ?? null
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** A uv that is there and not too old. */
export interface Uv {
  readonly path: string;
  readonly version: string;
}

export type FoundUv =
  | { readonly ok: true; readonly uv: Uv }
  | { readonly ok: false; readonly error: InstallError };

/** Finds uv and asks for its version. */
export async function requireUv(run: ManagerRun): Promise<FoundUv> {
  const path = findUv(run.environment);
  if (path === null) return { ok: false, error: noUv() };
  const { code, stdout, spawnError } = await runUv([path, '--version'], run);
  const version = readUvVersion(stdout);
  if (code !== 0 || version === null)
    return { ok: false, error: uvBroken(path, spawnError ?? `exit code ${code ?? 'none'}`) };
  return isTooOld(version)
    ? { ok: false, error: oldUv(path, version, OLDEST_UV) }
    : { ok: true, uv: { path, version } };
}

/** Reads `uv 0.13.9 (…)`; null when it is nothing of the kind. */
export function readUvVersion(stdout: string): string | null {
  return /^uv (\d+\.\d+\.\d+)/u.exec(stdout)?.[1] ?? null;
}

/** Tells whether a uv is older than what we rely on. */
export function isTooOld(version: string): boolean {
  const [own = [], oldest = []] = [version, OLDEST_UV].map((each) => parseVersion(each)?.release);
  const differs = oldest.map((each, at) => (own[at] ?? 0) - each).find((each) => each !== 0);
  return (differs ?? 0) < 0;
}

/**
 * Runs uv, or a Python, in `/`: uv reads the settings of the folder that it is run in and of all above. The whole group
 * ends with the daemon, even when that is killed.
 *
 * @param input text for its stdin
 */
export function runUv(
  argv: readonly [string, ...string[]],
  run: ManagerRun,
  input = '',
): Promise<CommandResult> {
  const { environment, timeout, expiry, signal, clock } = run;
  return runCommand(['/bin/sh', '-c', DIE_WITH_PARENT, 'sh', input, ...argv], {
    cwd: '/',
    env: uvEnvironment(environment),
    timeout: expiry === undefined ? timeout : null,
    ...(expiry !== undefined && { expiry }),
    signal,
    clock,
    lifeline: true,
  });
}

/** Stdin ends when the daemon dies. The signal that ended the program becomes the exit code, plus 128. */
const DIE_WITH_PARENT = `
exec 3<&0 </dev/null
input=$1
shift
printf '%s\\n' "$input" | "$@" 3<&- &
child=$!
{ cat <&3; kill -KILL 0; } >/dev/null 2>&1 &
exec 3<&-
wait "$child"`;

/** What a user may have set to reach an index or to find a Python: all other variables of uv stay behind. */
const KEPT =
  /^UV_(?:INDEX.*|DEFAULT_INDEX|EXTRA_INDEX_URL|FIND_LINKS|KEYRING_PROVIDER|.*CERTS?|NATIVE_TLS|INSECURE_HOST|OFFLINE|HTTP_.*|REQUEST_TIMEOUT|CACHE_DIR|NO_CACHE|.*CONFIG.*|EXCLUDE_NEWER.*|PYTHON_.*|CREDENTIALS_DIR)$/u;
/** What an activated environment or another Python left behind. */
const FOREIGN = /^(?:UV_|PYTHON|VIRTUAL_ENV|CONDA_|PIP_)/u;

/** Builds the environment for uv: ours without what an outer Python left in it, HOME kept for the user's settings. */
export function uvEnvironment(environment: ManagerEnvironment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (KEPT.test(name) || !FOREIGN.test(name))) kept[name] = value;
  }
  return { ...kept, UV_NO_WRAP: '1', NO_COLOR: '1', UV_NO_PROGRESS: '1', UV_LOCK_TIMEOUT: '60' };
}
