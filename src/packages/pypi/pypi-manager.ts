// uv behind the interface of a package manager: one environment a version, in a folder of its own.
import { parsePackageRef } from '../../core/model/package.ts';
import { type PythonVersion, parseSpecifiers, parseVersion, satisfies } from '../../core/python/pep440.ts';
import type { ManagerRun, ManagerTool, PackageManager, ToolSearch } from '../manager/package-manager.ts';
import { readAgeLimit } from './age-limit.ts';
import { installWheels } from './install-wheels.ts';
import { inspectInstalled } from './installed-record.ts';
import { measureVenv } from './measure-venv.ts';
import { pypiVersions } from './pypi-versions.ts';
import { describeVersions, listVersions } from './python-index.ts';
import { resolveScript } from './resolve-script.ts';
import { findUv, readUvVersion, requireUv, runUv } from './uv-command.ts';
import { notAPythonName, UV_WORDS } from './uv-errors.ts';

export const pypiManager: PackageManager = {
  name: 'pypi',
  words: UV_WORDS,
  versions: pypiVersions,
  refuseId: (id) => (isId(id) ? null : notAPythonName(id)),
  inspect: inspectInstalled,
  programOf: resolveScript,
  // uv itself takes no version, and no dependency, that does not fit the Python of the environment.
  faultOf: () => Promise.resolve(null),
  olderWish: () => Promise.resolve(null),
  unfitDependencies: () => Promise.resolve([]),
  install: installWheels,
  list: listVersions,
  describe: describeVersions,
  notBefore: readAgeLimit,
  runtimeRefuses,
  measure: measureVenv,
  tool: findTool,
};

function isId(id: string): boolean {
  const { manager, package: known, extras } = parsePackageRef(id);
  return manager === 'pypi' && known === id && extras === undefined && /^pypi:[a-z\d][a-z\d-]*$/u.test(id);
}

/**
 * uv lists every Python that it knows, here or to be downloaded, as far as the user's settings allow. Of those only the ones
 * that the config names count.
 */
async function runtimeRefuses(engine: string, run: ManagerRun): Promise<string | null> {
  const needed = parseSpecifiers(engine) ?? [];
  if (needed.length === 0) return `what it needs of Python cannot be understood`;
  const found = await requireUv(run);
  if (!found.ok) return found.error.reason;
  const { runtime = engine } = run;
  const { code, stdout } = await runUv([found.uv.path, 'python', 'list', runtime], run);
  const fits = listedPythons(stdout).some((version) => satisfies(version, needed));
  if (code === 0 && fits) return null;
  const which =
    run.runtime === undefined ? 'there is none' : `python: ${JSON.stringify(runtime)} of the config is none`;
  return `it needs Python ${engine}, and ${which}`;
}

/** Reads lines such as `cpython-3.12.16-linux-x86_64-gnu    /usr/bin/python3.12`; `+freethreaded` may follow the version. */
function listedPythons(text: string): PythonVersion[] {
  return text.split('\n').flatMap((line) => {
    const [, written = ''] = /^[a-z]+-([\d.]+(?:(?:a|b|rc)\d+)?)[+-]/u.exec(line) ?? [];
    const version = parseVersion(written);
    return version === null ? [] : [version];
  });
}

async function findTool({ environment, run }: ToolSearch): Promise<ManagerTool> {
  const path = findUv(environment);
  if (path === null) return { kind: 'missing' };
  const { code, stdout, stderr, spawnError } = await run([path, '--version']);
  const version = readUvVersion(stdout);
  if (code === 0 && version !== null) return { kind: 'found', path, version };
  const reason = spawnError ?? (stderr.trim().split('\n').at(-1) || `exit code ${code ?? 'none'}`);
  return { kind: 'broken', path, reason };
}
