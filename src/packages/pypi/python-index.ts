// Index of Python packages: lists and describes versions, and reads the age limit of the user's own uv.
import { registryName } from '../../core/model/package.ts';
import { parseVersion, compareVersions, isPrerelease } from '../../core/python/pep440.ts';
import type { ManagerRun, RegistryAnswer, VersionFacts, VersionListing } from '../manager/package-manager.ts';
import { fetchProject, type IndexProject, type IndexVersion } from './index-page.ts';
import { errorOfUv, unreadableIndex } from './uv-errors.ts';
import { requireUv, runUv } from './uv-command.ts';

/** Lists every version that is not withdrawn. `latest` is the newest stable one: so what runs may turn out to be gone. */
export async function listVersions(id: string, run: ManagerRun): Promise<RegistryAnswer<VersionListing>> {
  const answer = await askIndex(id, run);
  if (!answer.ok) return answer;
  const all = answer.value.versions;
  const offered = all.filter(({ yanked }) => yanked === null).map(({ version }) => version);
  const publishedAt = new Map<string, number>();
  for (const { version, uploadedAt } of all) if (uploadedAt !== null) publishedAt.set(version, uploadedAt);
  const latest = newestStable(offered);
  const tags = new Map(latest === null ? [] : [['latest', latest]]);
  return { ok: true, value: { versions: offered, publishedAt, tags } };
}

function newestStable(versions: readonly string[]): string | null {
  const read = versions.map((text) => ({ text, version: parseVersion(text) }));
  const stable = read.flatMap(({ text, version }) =>
    version === null || isPrerelease(version) ? [] : [{ text, version }],
  );
  return stable.toSorted((one, other) => compareVersions(other.version, one.version))[0]?.text ?? null;
}

/** Describes those of `versions` that the index has. */
export async function describeVersions(
  id: string,
  versions: readonly string[],
  run: ManagerRun,
): Promise<RegistryAnswer<ReadonlyMap<string, VersionFacts>>> {
  const answer = await askIndex(id, run);
  if (!answer.ok) return answer;
  const { status } = answer.value;
  const known = answer.value.versions.filter(({ version }) => versions.includes(version));
  return { ok: true, value: new Map(known.map((each) => [each.version, factsOf(each, status)])) };
}

function factsOf(own: IndexVersion, status: string | null): VersionFacts {
  const { version, engine, yanked, isAttested, hasWheel } = own;
  return {
    version,
    engine,
    deprecated: yanked ?? status,
    isAttested,
    isSigned: false,
    // Without a wheel it would be built here, and that runs its code.
    installScripts: hasWheel ? [] : ['build'],
    maintainers: [],
    publisher: null,
    isTrusted: false,
  };
}

/**
 * Finds the index that uv takes the package from, and reads its page. Where that has no JSON, uv itself is the only one to
 * ask: then there is the one version that it would install, and nothing is known of its age.
 */
export async function askIndex(id: string, run: ManagerRun): Promise<RegistryAnswer<IndexProject>> {
  const name = registryName(id);
  const found = await requireUv(run);
  if (!found.ok) return found;
  const flags = ['--no-deps', '--no-header', '--emit-index-annotation'];
  const result = await runUv([found.uv.path, 'pip', 'compile', '-q', '-', ...flags], run, name);
  const wanted = { package: id, spec: id, folder: 'the temporary files' };
  const error = errorOfUv(result, { wanted, timeout: run.timeout });
  return error === null ? await readIndex(name, result.stdout, run) : { ok: false, error };
}

async function readIndex(name: string, lock: string, run: ManagerRun): Promise<RegistryAnswer<IndexProject>> {
  const [, chosen = ''] = /^[\w.-]+==(\S+)/mu.exec(lock) ?? [];
  const [, index = ''] = /^\s*# from (\S+)/mu.exec(lock) ?? [];
  if (parseVersion(chosen) === null) return { ok: false, error: unreadableIndex() };
  const project = await fetchProject(index, name, run);
  if (project !== null && project.versions.length > 0) return { ok: true, value: project };
  const only = {
    version: chosen,
    hasWheel: true,
    uploadedAt: null,
    yanked: null,
    engine: null,
    isAttested: false,
  };
  return { ok: true, value: { versions: [only], status: null } };
}
