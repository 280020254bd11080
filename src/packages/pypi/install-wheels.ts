// Installation of a Python package with uv: an environment, a lock with hashes, wheels only, and no code of any package.
import { existsSync, readlinkSync, realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { registryName } from '../../core/model/package.ts';
import { exactVersion, formatPythonPackage, pythonWishKind } from '../../core/python/requirement.ts';
import {
  parseSpecifiers,
  parseVersion,
  satisfies,
  compareVersions,
  isPrerelease,
} from '../../core/python/pep440.ts';
import { installedElsewhere, type InstallError, mislabelled } from '../manager/install-error.ts';
import type { InstallRequest, ManagerRun } from '../manager/package-manager.ts';
import { readDistributions } from './dist-info.ts';
import { NO_OPTIONS, RECORD_FILE, type InstalledRecord } from './installed-record.ts';
import { findKeptLock } from './kept-lock.ts';
import { askIndex } from './python-index.ts';
import { requireUv, runUv, type Uv } from './uv-command.ts';
import { errorOfUv, foreignRequirement, neededPython, noPython, noSuchExtra, UV_WORDS } from './uv-errors.ts';

/** What all steps of one installation share. */
interface Installation {
  readonly uv: Uv;
  readonly request: InstallRequest;
  readonly run: ManagerRun;
  readonly venv: string;
  readonly python: string;
  readonly wish: string;
  readonly lock: string;
}

/** Installs into `stage`; the record is written last. */
export async function installWheels(request: InstallRequest, run: ManagerRun): Promise<InstallError | null> {
  const found = await requireUv(run);
  if (!found.ok) return found.error;
  request.onStarted();
  const { stage } = request;
  const venv = join(stage, 'venv');
  const installation: Installation = {
    uv: found.uv,
    request,
    run,
    venv,
    python: join(venv, 'bin', 'python'),
    wish: join(stage, 'requirements.in'),
    lock: join(stage, 'requirements.lock'),
  };
  await writeFile(installation.wish, `${requirementsOf(request).join('\n')}\n`);
  const isKept = await reinstallKept(installation);
  const chosen = isKept ? UNASKED : await chooseInterpreter(request, run);
  const failed = isKept ? null : await resolveOn(chosen, installation);
  if (failed !== null) return failed;
  const interpreter = linkOf(installation.python);
  const fault =
    foreignIn(await readFile(installation.lock, 'utf8')) ??
    (isKept ? null : await unpack(installation)) ??
    faultOfUnpacked(installation, interpreter);
  if (fault !== null) return fault;
  await compileBytecode(installation, interpreter);
  return await record(installation, chosen.newest);
}

/**
 * Installs again what an earlier lock names, where the Python of that version has gone: the same files, from uv's cache where
 * the index is away. False when there is no such lock, or it does not work any more.
 */
async function reinstallKept(installation: Installation): Promise<boolean> {
  const { request, lock } = installation;
  const kept = findKeptLock(request);
  if (kept === null) return false;
  const need = request.source.python?.interpreter ?? usable(kept.engine);
  if ((await makeVenv(need, installation)) !== null) return false;
  const text = await readFile(kept.lock, 'utf8');
  if (foreignIn(text) !== null) return false;
  await writeFile(lock, text);
  return (await unpack(installation)) === null || (await unpack(installation, ['--offline'])) === null;
}

/** Lines for uv: the package itself, then what the config adds. Each was checked when the config was read. */
function requirementsOf({ source, version }: InstallRequest): readonly string[] {
  const { extras, with: beside } = source.python ?? NO_OPTIONS;
  const name = formatPythonPackage({ name: registryName(source.package), extras });
  const exact = exactVersion(version);
  const wish = version === 'latest' || version === '*' ? '' : exact === null ? version : `==${exact}`;
  return [`${name}${wish}`, ...beside];
}

/** What uv is asked for: the config's Python, else what the version that would be taken needs; null for any. */
async function chooseInterpreter(request: InstallRequest, run: ManagerRun): Promise<Interpreter> {
  const { source, version, before } = request;
  const named = source.python?.interpreter ?? null;
  const answer = await askIndex(source.package, run);
  if (!answer.ok) return { ...UNASKED, need: named, isFixed: named !== null };
  const kind = pythonWishKind(version);
  const exact = parseVersion(exactVersion(version) ?? '');
  const allowed = kind === 'range' ? (parseSpecifiers(version) ?? []) : [];
  const candidates = answer.value.versions.flatMap((each) => {
    const parsed = parseVersion(each.version);
    if (parsed === null) return [];
    const isWanted =
      exact === null
        ? each.yanked === null && !isPrerelease(parsed) && satisfies(parsed, allowed)
        : compareVersions(parsed, exact) === 0;
    const isOldEnough = before === null || (each.uploadedAt ?? 0) <= before;
    return isWanted && isOldEnough ? [{ parsed, version: each.version, need: each.engine }] : [];
  });
  const newest = candidates.toSorted((one, other) => compareVersions(other.parsed, one.parsed))[0];
  const engine = usable(newest?.need ?? null);
  return {
    need: named ?? engine,
    isFixed: named !== null || exact !== null,
    newest: newest === undefined ? null : { version: newest.version, engine },
  };
}

interface Interpreter {
  readonly need: string | null;
  /** Whether an older version, for another Python, is not what was asked for. */
  readonly isFixed: boolean;
  /** The newest version that was asked for; null when the index does not tell. */
  readonly newest: { readonly version: string; readonly engine: string | null } | null;
}

const UNASKED: Interpreter = { need: null, isFixed: false, newest: null };

/** An index may say anything; what are no specifiers never reaches uv. */
function usable(need: string | null): string | null {
  return need !== null && (parseSpecifiers(need)?.length ?? 0) > 0 ? need : null;
}

async function resolveOn(
  { need, isFixed }: Pick<Interpreter, 'need' | 'isFixed'>,
  installation: Installation,
): Promise<InstallError | null> {
  const first = await makeVenv(need, installation);
  // Then it is for uv to choose what is older and fits the Python that there is.
  if (first !== null && (isFixed || first.code !== 'ENGINE_MISMATCH')) return first;
  const failed = first === null ? null : await makeVenv(null, installation);
  return failed ?? (await compile(installation, need === null));
}

async function makeVenv(need: string | null, installation: Installation): Promise<InstallError | null> {
  const { uv, run, venv } = installation;
  const flags = ['--relocatable', '--no-project', '--clear', ...(need === null ? [] : ['--python', need])];
  const result = await runUv([uv.path, 'venv', '-q', ...flags, venv], run);
  if (result.code === 0 && !existsSync(installation.python)) return installedElsewhere(UV_WORDS);
  return explain(result, installation);
}

/** @param mayRetry whether another Python may be tried, once, when what uv chose does not fit this one */
async function compile(installation: Installation, mayRetry: boolean): Promise<InstallError | null> {
  const { uv, run, python, wish, lock, request } = installation;
  const { before, allowScripts } = request;
  const flags = ['--generate-hashes', '--emit-index-annotation', '--no-header'];
  if (!allowScripts) flags.push('--only-binary', ':all:');
  if (before !== null) flags.push('--exclude-newer', new Date(before).toISOString());
  const argv = [uv.path, 'pip', 'compile', '-q', wish, '--python', python, ...flags, '-o', lock] as const;
  const result = await runUv([...argv], run);
  const error = explain(result, installation);
  const need = error?.code === 'ENGINE_MISMATCH' && mayRetry ? usable(neededPython(result.stderr)) : null;
  if (need === null) return error;
  const failed = await makeVenv(need, installation);
  if (failed !== null) return failed.code === 'ENGINE_MISMATCH' ? noPython(need) : failed;
  return await compile(installation, false);
}

/** Finds a line of the lock that is no `name==version` with hashes; null when there is none. */
export function foreignIn(lock: string): InstallError | null {
  const lines = lock
    .replaceAll(/\\\n/gu, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/u, '').trim())
    .filter((line) => line !== '');
  const foreign = lines.find((line) => !LOCKED.test(line));
  return foreign === undefined ? null : foreignRequirement(foreign);
}

const LOCKED = /^[\w.-]+(?:\[[\w.,-]+\])?==[\w.!+-]+(?:\s*;[^#]*?)?(?:\s+--hash=sha256:[a-f\d]{64})+$/u;

async function unpack(
  installation: Installation,
  more: readonly string[] = [],
): Promise<InstallError | null> {
  const { uv, run, python, lock, request } = installation;
  const flags = ['--require-hashes', '--no-deps', '--link-mode', 'copy', ...more];
  if (!request.allowScripts) flags.push('--only-binary', ':all:');
  const result = await runUv(
    [uv.path, 'pip', 'install', '-q', '--python', python, ...flags, '-r', lock],
    run,
  );
  return explain(result, installation);
}

interface InterpreterLink {
  readonly target: string;
  readonly real: string;
}

function linkOf(python: string): InterpreterLink {
  return { target: readlinkSync(python), real: realpathSync(python) };
}

/** Checks what was unpacked before anything runs in it. Old uv let a wheel replace the interpreter. */
function faultOfUnpacked(
  { request, venv, python }: Installation,
  before: InterpreterLink,
): InstallError | null {
  const name = registryName(request.source.package);
  const all = readDistributions(venv);
  const impostor = all.find(({ impostors }) => impostors.length > 0);
  if (impostor !== undefined)
    return mislabelled(`${impostor.name} brings a program called ${impostor.impostors.join(', ')}`);
  if (!isSameLink(python, before)) return mislabelled('a package has replaced the interpreter');
  const own = all.filter((each) => each.name === name);
  if (own.length > 1) return mislabelled(`${name} is there ${own.length} times`);
  const [itself] = own;
  if (itself === undefined) return installedElsewhere(UV_WORDS);
  // uv only warns of it.
  const unknown = request.source.python?.extras.find((each) => !itself.extras.includes(each));
  return unknown === undefined ? null : noSuchExtra(unknown, itself.extras);
}

function isSameLink(python: string, { target, real }: InterpreterLink): boolean {
  try {
    const now = linkOf(python);
    return now.target === target && now.real === real;
  } catch {
    return false;
  }
}

/**
 * Compiles the modules, so that nothing is written later. Without `site`, since that runs the `.pth` files of packages;
 * modules that do not compile stay as they are.
 */
async function compileBytecode({ run, venv }: Installation, { real }: InterpreterLink): Promise<void> {
  await runUv([real, '-I', '-S', '-m', 'compileall', '-q', join(venv, 'lib')], run);
}

async function record(
  { request, venv, uv }: Installation,
  newest: Interpreter['newest'],
): Promise<InstallError | null> {
  const { source, stage } = request;
  const name = registryName(source.package);
  const own = readDistributions(venv).find((each) => each.name === name);
  if (own === undefined) return installedElsewhere(UV_WORDS);
  const content: InstalledRecord = {
    manager: 'pypi',
    id: source.package,
    version: own.version,
    engine: own.engine,
    options: source.python ?? NO_OPTIONS,
    info: relative(stage, own.folder),
    uv: uv.version,
    instead: insteadOf(own.version, newest, await pythonIn(venv)),
  };
  await writeFile(join(stage, RECORD_FILE), `${JSON.stringify(content, null, 2)}\n`);
  return null;
}

/** Tells why `version` is older than what was asked for; null when it is not. */
function insteadOf(version: string, newest: Interpreter['newest'], python: string): string | null {
  const [own, best] = [parseVersion(version), parseVersion(newest?.version ?? '')];
  if (newest === null || own === null || best === null || compareVersions(own, best) >= 0) return null;
  const here = parseVersion(python);
  const needed = parseSpecifiers(newest.engine ?? '') ?? [];
  const why =
    here !== null && !satisfies(here, needed)
      ? `${newest.version} needs Python ${newest.engine ?? ''}, this is ${python}`
      : `${newest.version} does not go with what else it, \`with\` or the settings of uv ask for`;
  return `${why}; using ${version}, the newest that fits`;
}

async function pythonIn(venv: string): Promise<string> {
  const text = await readFile(join(venv, 'pyvenv.cfg'), 'utf8').catch(() => '');
  return /^version_info = (\S+)$/mu.exec(text)?.[1] ?? '';
}

function explain(
  result: Awaited<ReturnType<typeof runUv>>,
  { request, run }: Installation,
): InstallError | null {
  const { timeout, expiry } = run;
  return errorOfUv(result, {
    wanted: request,
    timeout,
    isStall: expiry !== undefined,
    isLimited: request.before !== null,
  });
}
