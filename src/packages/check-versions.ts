// Check of a package's versions: asks the registry as little as possible and picks the candidate.
import type { UpdateCheck } from '../core/model/update.ts';
import { type CandidateQuery, listCandidates, pickCandidate } from './choose-candidate.ts';
import type { ManagerRun, PackageManager, RegistryAnswer, VersionFacts } from './manager/package-manager.ts';

/** An update check without names; `error` without what comes before `: `. */
export type VersionCheck = Pick<UpdateCheck, 'latest' | 'candidate' | 'held' | 'error'>;

export type VersionQuery = Omit<CandidateQuery, 'listing' | 'now' | 'versions' | 'ranges'> & {
  readonly manager: PackageManager;
  readonly package: string;
  /** True when what a version needs of the runtime does not matter. */
  readonly ignoreEngines: boolean;
};

/** Asks once when there is nothing newer, else up to three times. Never throws for what the registry does. */
export async function checkVersions(
  { manager, package: id, ignoreEngines, ...asked }: VersionQuery,
  run: ManagerRun,
): Promise<VersionCheck> {
  const listing = await manager.list(id, run);
  if (!listing.ok) return { latest: null, candidate: null, held: [], error: listing.error.reason };
  const ranges = await manager.versions.ranges();
  const { versions } = manager;
  const query = { ...asked, versions, ranges, listing: listing.value, now: run.clock.now() };
  const { latest, toDescribe } = listCandidates(query);
  const strict = toDescribe.length === 0 ? query : await withAgeLimit(query, manager, run);
  const found = listCandidates(strict);
  const answer = await describe(id, found.toDescribe, { manager, run });
  if (!answer.ok) return { latest, candidate: null, held: [], error: answer.error.reason };
  const facts = answer.value;
  const refusals = ignoreEngines
    ? new Map<string, string>()
    : await findRefusals([...facts.values()], manager, run);
  return { ...pickCandidate(found, { query: strict, facts, refusals }), error: null };
}

async function withAgeLimit(
  query: CandidateQuery,
  manager: PackageManager,
  run: ManagerRun,
): Promise<CandidateQuery> {
  const limit = await manager.notBefore(run);
  return { ...query, minimumAge: Math.max(query.minimumAge, query.now - limit) };
}

async function describe(
  id: string,
  versions: readonly string[],
  { manager, run }: { readonly manager: PackageManager; readonly run: ManagerRun },
): Promise<RegistryAnswer<ReadonlyMap<string, VersionFacts>>> {
  return versions.length === 0 ? { ok: true, value: new Map() } : manager.describe(id, versions, run);
}

/** Why the runtime refuses versions, by what they need of it. */
async function findRefusals(
  facts: readonly VersionFacts[],
  manager: PackageManager,
  run: ManagerRun,
): Promise<ReadonlyMap<string, string>> {
  const refusals = new Map<string, string>();
  for (const engine of new Set(facts.flatMap((each) => each.engine ?? []))) {
    const refusal = await manager.runtimeRefuses(engine, run);
    if (refusal !== null) refusals.set(engine, refusal);
  }
  return refusals;
}
