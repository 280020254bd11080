// What a registry says of the versions of a package, asked by the user's own npm; nothing of it is believed unread.
import valid from 'semver/functions/valid.js';

import { isObject, parseJson } from '../../core/base/guards.ts';
import type { CommandResult } from '../../system/process/run-command.ts';
import { noNpm, unreadableAnswer } from '../manager/install-error.ts';
import type { InstallError } from '../manager/install-error.ts';
import { errorOfResult } from './npm-errors.ts';
import { findNpm, runNpmView } from './npm-command.ts';
import type { NpmRun } from './npm-command.ts';

/** All that is published. */
export interface VersionListing {
  /** Each is a version, in no order. */
  readonly versions: readonly string[];
  /** Ms since the epoch, by version; what the registry does not tell is missing. */
  readonly publishedAt: ReadonlyMap<string, number>;
  /** By name; each points to a version that is there. */
  readonly tags: ReadonlyMap<string, string>;
}

/** What is compared from one version to the next. */
export interface VersionFacts {
  readonly version: string;
  /** `engines.node` */
  readonly engine: string | null;
  /** The words of its maintainers. */
  readonly deprecated: string | null;
  /** Whether the registry keeps a statement of where it was built. */
  readonly isAttested: boolean;
  /** Whether the registry has signed it. */
  readonly isSigned: boolean;
  /** Names of the scripts that run when it is installed. */
  readonly installScripts: readonly string[];
  /** Names; empty when the registry does not tell. */
  readonly maintainers: readonly string[];
  readonly publisher: string | null;
  /** Published by a build that the registry trusts, and not with somebody's token. */
  readonly isTrusted: boolean;
}

export type RegistryAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly story: InstallError };

/** Every version of `name`. Costs one npm: half a second and 100 MB for its life. */
export async function listVersions(name: string, run: NpmRun): Promise<RegistryAnswer<VersionListing>> {
  const answer = await view(name, { spec: name, fields: ['versions', 'time', 'dist-tags'], run });
  if (!answer.ok) return answer;
  const listing = readListing(answer.value[0]);
  return listing === null ? { ok: false, story: unreadableAnswer() } : { ok: true, value: listing };
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

/** Facts by version, of those of `versions` that the registry has; all by one npm. */
export async function describeVersions(
  name: string,
  versions: readonly string[],
  run: NpmRun,
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
  { spec, fields, run }: { spec: string; fields: readonly string[]; run: NpmRun },
): Promise<RegistryAnswer<readonly JsonObject[]>> {
  const npm = findNpm(process.execPath, run.environment['PATH'] ?? '');
  if (npm === null) return { ok: false, story: noNpm() };
  const result = await runNpmView({ npm, spec, fields }, run);
  const wanted = { package: name, spec, folder: 'the temporary files' };
  const story = errorOfResult(result, { timeout: run.timeout, wanted });
  if (story !== null) return { ok: false, story };
  const objects = readObjects(result);
  return objects.length > 0 ? { ok: true, value: objects } : { ok: false, story: unreadableAnswer() };
}

function readObjects({ stdout }: CommandResult): readonly JsonObject[] {
  const value = parseJson(stdout);
  return (Array.isArray(value) ? value : [value]).filter(isObject);
}

/** Null without a single version. */
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

/** Null without a version. */
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

/** Some registries write `true`, or a `false` or an empty text when it was taken back. */
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

function stringsIn(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((each) => typeof each === 'string');
}

function entriesIn(value: unknown): readonly (readonly [string, string])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : []));
}
