// npm behind the interface of a package manager: one `npm install` a version, into a folder of its own.
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import type { CommandResult } from '../../system/process/run-command.ts';
import type { PackageSource } from '../../core/model/server-spec.ts';
import { type InstallError, mislabelled } from '../manager/install-error.ts';
import type {
  InstalledVersion,
  InstallRequest,
  ManagerRun,
  ManagerTool,
  PackageManager,
  ToolSearch,
} from '../manager/package-manager.ts';
import { foreignDependencies, mislabelledPackages } from './check-unpacked.ts';
import { readInstalledPackages } from './installed-packages.ts';
import { readManifest } from './manifest.ts';
import { measureInstall } from './measure-install.ts';
import { findNpm, runNpmInstall, runNpmLock } from './npm-command.ts';
import { errorOfResult, foreignSource, noNpm, notAName, NPM_WORDS, wrongEngine } from './npm-errors.ts';
import { npmVersions } from './npm-versions.ts';
import { describeVersions, listVersions, readAgeLimit } from './registry.ts';
import { resolveBin } from './resolve-bin.ts';

const PACKAGE_NAME = /^(@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/i;

export const npmManager: PackageManager = {
  name: 'npm',
  words: NPM_WORDS,
  versions: npmVersions,
  refuseId: (id) => (PACKAGE_NAME.test(id) ? null : notAName(id)),
  inspect,
  programOf: ({ packageFolder }, bin) => resolveBin(packageFolder, bin),
  faultOf,
  olderWish,
  unfitDependencies,
  install,
  list: listVersions,
  describe: describeVersions,
  notBefore: readAgeLimit,
  runtimeRefuses,
  measure: measureInstall,
  tool: findTool,
};

function inspect(folder: string, { package: name }: PackageSource): InstalledVersion | null {
  const packageFolder = join(folder, 'node_modules', name);
  const manifest = readManifest(packageFolder);
  const version = manifest === null ? null : npmVersions.canonical(manifest.version);
  if (manifest?.name !== name || version === null) return null;
  return { version, folder, packageFolder, engine: manifest.engine };
}

/** npm only warns of another engine, unless ~/.npmrc says `engine-strict`. */
async function faultOf({ engine, version }: InstalledVersion, name: string): Promise<InstallError | null> {
  if (engine === null) return null;
  const { isWithin } = await npmVersions.ranges();
  return isWithin(process.version, engine)
    ? null
    : { ...wrongEngine(`${name}@${version}`, engine), unfitVersion: version };
}

/** Only `latest` means "the newest that there is"; any other tag, and an exact version, mean that one. */
async function olderWish(wish: string, version: string): Promise<string | null> {
  const kind = await npmVersions.wishKind(wish);
  if (kind === 'tag') return wish === 'latest' ? `<${version}` : null;
  if (kind !== 'range') return null;
  const older = wish.split('||').map((each) => `${each.trim()} <${version}`);
  const { isRange } = await npmVersions.ranges();
  return isRange(older.join(' || ')) ? older.join(' || ') : null;
}

async function unfitDependencies({ folder, packageFolder }: InstalledVersion): Promise<readonly string[]> {
  const own = relative(folder, packageFolder);
  const found = readInstalledPackages(folder).filter(({ path, engine }) => path !== own && engine !== null);
  if (found.length === 0) return [];
  const { isRange, isWithin } = await npmVersions.ranges();
  return found.flatMap(({ name, version, engine }) =>
    engine === null || !isRange(engine) || isWithin(process.version, engine)
      ? []
      : [`${name}@${version} asks for node ${engine}`],
  );
}

async function install(request: InstallRequest, run: ManagerRun): Promise<InstallError | null> {
  const { spec, stage, allowScripts, allowGit, ignoreEngines, before, onStarted } = request;
  const npm = findNpm(process.execPath, run.environment['PATH'] ?? '');
  if (npm === null) return noNpm();
  await writeFile(join(stage, 'package.json'), '{ "private": true }\n');
  onStarted();
  const explain = (result: CommandResult): InstallError | null => {
    const { timeout, expiry } = run;
    return errorOfResult(result, { timeout, isStall: expiry !== undefined, wanted: request });
  };
  const wanted = { npm, spec, folder: stage, allowScripts, allowGit, ignoreEngines, before };
  // Scripts would run before what was unpacked can be looked at.
  if (allowScripts && !allowGit) {
    const failed = explain(await runNpmLock(wanted, run)) ?? foreignIn(stage, 'package-lock.json');
    if (failed !== null) return failed;
  }
  const failed = explain(await runNpmInstall(wanted, run));
  if (failed !== null) return failed;
  return (allowGit ? null : foreignIn(stage)) ?? mislabelledIn(stage);
}

function foreignIn(stage: string, list?: string): InstallError | null {
  const found = foreignDependencies(stage, list);
  return found.length === 0 ? null : foreignSource(found.join(', '));
}

function mislabelledIn(stage: string): InstallError | null {
  const found = mislabelledPackages(stage);
  return found.length === 0 ? null : mislabelled(found.join(', '));
}

async function runtimeRefuses(
  engine: string,
  { runtime = process.version }: ManagerRun,
): Promise<string | null> {
  const { isRange, isWithin } = await npmVersions.ranges();
  return isRange(engine) && isWithin(runtime, engine) ? null : `it needs node ${engine}, this is ${runtime}`;
}

async function findTool({ runtime, environment, run }: ToolSearch): Promise<ManagerTool> {
  const path = findNpm(runtime, environment['PATH'] ?? '');
  if (path === null) return { kind: 'missing' };
  const { code, stdout, stderr, spawnError } = await run([runtime, path, '--version']);
  const version = stdout.trim().split('\n').at(-1) ?? '';
  if (code === 0 && /^\d+\./u.test(version)) return { kind: 'found', path, version };
  const reason = spawnError ?? (stderr.trim().split('\n').at(-1) || `exit code ${code ?? 'none'}`);
  return { kind: 'broken', path, reason };
}
