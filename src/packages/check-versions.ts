// How a registry is asked for something newer, in as few questions as will do, and its answers judged.
import type { UpdateCheck } from '../core/model/update.ts';
import { readAgeLimit } from './npm/age-limit.ts';
import type { CandidateQuery } from './choose-candidate.ts';
import type { NpmRun } from './npm/npm-command.ts';
import { describeVersions, listVersions } from './npm/registry.ts';
import type { RegistryAnswer, VersionFacts } from './npm/registry.ts';

/** What stands in an outlook beside names; `error` without what comes before `: `. */
export type VersionCheck = Pick<UpdateCheck, 'latest' | 'candidate' | 'held' | 'error'>;

/** One short npm when there is nothing newer, else three. Never throws for what the registry does. */
export async function checkVersions(
  name: string,
  asked: Omit<CandidateQuery, 'listing' | 'now'>,
  run: NpmRun,
): Promise<VersionCheck> {
  const listing = await listVersions(name, run);
  if (!listing.ok) return { latest: null, candidate: null, held: [], error: listing.story.reason };
  // Loaded where it is needed: what knows ranges takes 5 MB.
  const { pickCandidate, listCandidates } = await import('./choose-candidate.ts');
  const question = { ...asked, listing: listing.value, now: run.clock.now() };
  const { latest, toDescribe } = listCandidates(question);
  const strict = toDescribe.length === 0 ? question : await withAgeLimit(question, run);
  const found = listCandidates(strict);
  const facts = await describe(name, found.toDescribe, run);
  if (!facts.ok) return { latest, candidate: null, held: [], error: facts.story.reason };
  return { ...pickCandidate(found, { question: strict, facts: facts.value }), error: null };
}

async function withAgeLimit(question: CandidateQuery, run: NpmRun): Promise<CandidateQuery> {
  const limit = await readAgeLimit(run);
  return { ...question, minimumAge: Math.max(question.minimumAge, question.now - limit) };
}

async function describe(
  name: string,
  versions: readonly string[],
  run: NpmRun,
): Promise<RegistryAnswer<ReadonlyMap<string, VersionFacts>>> {
  return versions.length === 0 ? { ok: true, value: new Map() } : describeVersions(name, versions, run);
}
