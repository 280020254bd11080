// Registry of npm packages, asked through the user's own npm: lists and describes versions, and reads npm's age limit.
import valid from 'semver/functions/valid.js';

import { isObject, parseJson } from '../../core/base/guards.ts';
import type { CommandResult } from '../../system/process/run-command.ts';
import type { ManagerRun, RegistryAnswer, VersionFacts, VersionListing } from '../manager/package-manager.ts';
import { findNpm, runNpmConfig, runNpmView } from './npm-command.ts';
import { errorOfResult, noNpm, unreadableAnswer } from './npm-errors.ts';

/** Lists every version of `name`. Costs one npm: half a second and 100 MB for its life. */
export async function listVersions(name: string, run: ManagerRun): Promise<RegistryAnswer<VersionListing>> {
  const answer = await view(name, { spec: name, fields: ['versions', 'time', 'dist-tags'], run });
  if (!answer.ok) return answer;
  const listing = readListing(answer.value[0]);
  return listing === null ? { ok: false, error: unreadableAnswer() } : { ok: true, value: listing };
}

const FIELDS = [
  'name',
  'version',
  'engines',
  'deprecated',
  'dist',
  'hasInstallScript',
  'scripts',
  'maintainers',
  '_npmUser',
];

/** Describes those of `versions` that the registry has, by version; one npm for all. */
export async function describeVersions(
  name: string,
  versions: readonly string[],
  run: ManagerRun,
): Promise<RegistryAnswer<ReadonlyMap<string, VersionFacts>>> {
  const answer = await view(name, { spec: `${name}@${versions.join(' || ')}`, fields: FIELDS, run });
  if (!answer.ok) return answer;
  const facts = answer.value.filter((each) => each['name'] === name).map(readFacts);
  const known = facts.filter((each) => each !== null).filter(({ version }) => versions.includes(version));
  return { ok: true, value: new Map(known.map((each) => [each.version, each])) };
}

type JsonObject = Readonly<Record<string, unknown>>;

async function view(
  name: string,
  { spec, fields, run }: { spec: string; fields: readonly string[]; run: ManagerRun },
): Promise<RegistryAnswer<readonly JsonObject[]>> {
  const npm = findNpm(process.execPath, run.environment['PATH'] ?? '');
  if (npm === null) return { ok: false, error: noNpm() };
  const result = await runNpmView({ npm, spec, fields }, run);
  const wanted = { package: name, spec, folder: 'the temporary files' };
  const error = errorOfResult(result, { timeout: run.timeout, wanted });
  if (error !== null) return { ok: false, error };
  const objects = readObjects(result);
  return objects.length > 0 ? { ok: true, value: objects } : { ok: false, error: unreadableAnswer() };
}

function readObjects({ stdout }: CommandResult): readonly JsonObject[] {
  const value = parseJson(stdout);
  return (Array.isArray(value) ? value : [value]).filter(isObject);
}

/** Reads a listing; null without a single version. */
export function readListing(answer: JsonObject | undefined): VersionListing | null {
  const versions = stringsIn(answer?.['versions']).filter((each) => valid(each) === each);
  if (versions.length === 0) return null;
  const known = new Set(versions);
  const publishedAt = new Map<string, number>();
  for (const [version, text] of entriesIn(answer?.['time'])) {
    const at = Date.parse(text);
    if (known.has(version) && !Number.isNaN(at)) publishedAt.set(version, at);
  }
  const tags = new Map(entriesIn(answer?.['dist-tags']).filter(([, version]) => known.has(version)));
  return { versions: [...known], publishedAt, tags };
}

/** Reads the facts of one version; null without a version. */
export function readFacts(answer: JsonObject): VersionFacts | null {
  const { version, engines, deprecated, dist } = answer;
  if (typeof version !== 'string') return null;
  const engine = isObject(engines) ? engines['node'] : undefined;
  return {
    version,
    engine: typeof engine === 'string' ? engine : null,
    deprecated: readDeprecation(deprecated),
    isAttested: isObject(dist) && isObject(dist['attestations']),
    isSigned: isObject(dist) && Array.isArray(dist['signatures']) && dist['signatures'].length > 0,
    installScripts: readInstallScripts(answer),
    maintainers: readPeople(answer['maintainers']),
    publisher: readPerson(answer['_npmUser']),
    isTrusted: isTrusted(answer['_npmUser']),
  };
}

/** Reads the reason; some registries write `true`, or `false` or an empty text when it was taken back. */
function readDeprecation(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim();
  return value === true ? 'without a word' : null;
}

const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'];

function readInstallScripts({ scripts, hasInstallScript }: JsonObject): readonly string[] {
  const named = INSTALL_SCRIPTS.filter((name) => isObject(scripts) && typeof scripts[name] === 'string');
  return named.length === 0 && hasInstallScript === true ? ['install'] : named;
}

function readPeople(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return [...new Set(list.map(readPerson).filter((each) => each !== null))].sort();
}

/** npm writes `name <mail> (page)` in place of an object where it can. */
function readPerson(value: unknown): string | null {
  const name = isObject(value) ? value['name'] : value;
  const [plain = ''] = typeof name === 'string' ? name.split(/\s*[<(]/, 1) : [];
  return plain === '' ? null : plain;
}

/** npm 11 shortens the object to its name and mail: only the mail still tells that it was nobody's token. */
function isTrusted(user: unknown): boolean {
  if (isObject(user)) return isObject(user['trustedPublisher']);
  return typeof user === 'string' && /<npm-oidc-no-reply@/.test(user);
}

const DAY = 86_400_000;

/**
 * Reads the age limit of the user's own npm settings, which ours must not soften: ms since the epoch, after which nothing
 * that is installed may have been published; Infinity when the user sets none. npm 10 does not know `min-release-age`, and
 * prints `undefined` for it.
 */
export async function readAgeLimit(run: ManagerRun): Promise<number> {
  const npm = findNpm(process.execPath, run.environment['PATH'] ?? '');
  if (npm === null) return Infinity;
  const { stdout } = await runNpmConfig(npm, ['before', 'min-release-age'], run);
  const before = Date.parse(valueOf('before', stdout));
  const days = Number(valueOf('min-release-age', stdout));
  // As in npm itself, `before` wins over the other.
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

function stringsIn(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((each) => typeof each === 'string');
}

function entriesIn(value: unknown): readonly (readonly [string, string])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : []));
}
