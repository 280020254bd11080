// Choice of the newer version that a server may go to, and the reasons why newer ones are held back.
import { span } from '../core/base/format.ts';
import { neutralise, truncate } from '../core/base/text.ts';
import type { HeldVersion, UpdateCheck, UpdateMemory } from '../core/model/update.ts';
import type { HeldReason } from '../core/model/vocabulary.ts';
import type {
  ManagerVersions,
  VersionFacts,
  VersionListing,
  VersionRanges,
  WishKind,
} from './manager/package-manager.ts';

export interface CandidateQuery {
  readonly versions: ManagerVersions;
  readonly ranges: VersionRanges;
  readonly listing: VersionListing;
  /** Null when nothing is installed: then there is nothing to update from. */
  readonly running: string | null;
  /** The config's `version`. */
  readonly wish: string;
  readonly kind: WishKind;
  /** The config's `update.range`. */
  readonly range: string;
  /** Ms. */
  readonly minimumAge: number;
  /** Ms since the epoch. */
  readonly now: number;
  readonly memory: Pick<UpdateMemory, 'bad' | 'pinned'>;
}

/** Newer versions within the wish, the newest first, prefiltered by what the listing tells. */
export interface CandidateList {
  readonly latest: string | null;
  readonly candidates: readonly Candidate[];
  /** Versions whose facts are needed to choose: the running one and a few candidates. */
  readonly toDescribe: readonly string[];
}

interface Candidate {
  readonly version: string;
  readonly held: HeldVersion | null;
}

/** So many are described: where even more in a row are unusable, a person has to choose. */
const MOST_DESCRIBED = 5;
/** The list goes through status, page and journal, which a package with daily releases would fill. */
const MOST_HELD = 20;

/** Lists the candidates. Pure, like all here. */
export function listCandidates(query: CandidateQuery): CandidateList {
  const { running, versions } = query;
  const stable = stableVersions(query);
  const latest = stable[0] ?? null;
  if (running === null) return { latest, candidates: [], toDescribe: [] };
  const newer = stable.filter((version) => versions.compare(version, running) > 0);
  const obstacle = obstacleTo(query, running, newer[0] ?? null);
  if (obstacle !== null) {
    const candidates =
      obstacle.held === null ? [] : [{ version: obstacle.held.version, held: obstacle.held }];
    return { latest, candidates, toDescribe: [] };
  }
  const candidates = prefilterCandidates(newer, query);
  const open = candidates.filter(({ held }) => held === null).map(({ version }) => version);
  return { latest, candidates, toDescribe: open.length === 0 ? [] : [running, ...open] };
}

export interface CandidateFacts {
  readonly query: CandidateQuery;
  /** Of the versions in `toDescribe`; a version that the registry did not describe is passed over. */
  readonly facts: ReadonlyMap<string, VersionFacts>;
  /** Why the runtime of servers refuses a version, by what the version needs of it. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** Picks the newest candidate that nothing is held against. */
export function pickCandidate(
  { latest, candidates }: CandidateList,
  { query, facts, refusals }: CandidateFacts,
): Pick<UpdateCheck, 'latest' | 'candidate' | 'held'> {
  const held: HeldVersion[] = [];
  const running = facts.get(query.running ?? '');
  for (const { version, held: known } of candidates) {
    const own = facts.get(version);
    if (known === null && own === undefined) continue;
    const refusal = known ?? (own === undefined ? null : checkFacts(own, running, refusals));
    if (refusal === null) return { latest, candidate: version, held };
    held.push(refusal);
    // Whoever took the package over may also have published what comes before.
    if (SUSPICIOUS.has(refusal.reason)) break;
  }
  return { latest, candidate: null, held };
}

const SUSPICIOUS: ReadonlySet<HeldReason> = new Set(['attestation', 'install_script', 'publisher']);

/** The newest first. */
function stableVersions({ listing, versions }: CandidateQuery): string[] {
  return listing.versions
    .filter((version) => versions.isStable(version))
    .sort((one, other) => versions.compare(other, one));
}

/** Finds what holds back every version; `held` is null when there is nothing newer to report. */
function obstacleTo(
  query: CandidateQuery,
  running: string,
  newest: string | null,
): { readonly held: HeldVersion | null } | null {
  const { kind, wish, memory, versions } = query;
  const pinned = kind === 'exact' ? 'the config asks for exactly' : 'an operator chose';
  if (kind === 'exact' || memory.pinned !== null) {
    const detail = `${pinned} ${kind === 'exact' ? wish : memory.pinned}`;
    return { held: newest === null ? null : hold(newest, 'pinned', detail) };
  }
  const tag = tagOf(query);
  if (tag === null || !versions.isStable(running) || versions.compare(tag.version, running) >= 0) return null;
  const detail = `\`${tag.name}\` went back to ${tag.version}: ${running}, which runs, may have been withdrawn`;
  return { held: hold(tag.version, 'backwards', detail) };
}

interface Tag {
  readonly name: string;
  readonly version: string;
}

/** Finds the tag by which the maintainers recommend a version for this wish; null when they do not. */
function tagOf({ listing, wish, kind, ranges }: CandidateQuery): Tag | null {
  const name = kind === 'tag' && listing.tags.has(wish) ? wish : 'latest';
  const version = listing.tags.get(name);
  if (version === undefined || (kind === 'range' && !ranges.isWithin(version, wish))) return null;
  return { name, version };
}

function prefilterCandidates(newer: readonly string[], query: CandidateQuery): readonly Candidate[] {
  const tag = tagOf(query);
  const isOver = (version: string): boolean =>
    tag !== null && query.versions.compare(version, tag.version) > 0;
  const candidates: Candidate[] = [];
  let open = 0;
  for (const version of newer) {
    if (open === MOST_DESCRIBED || candidates.length - open === MOST_HELD) break;
    if (!isAskedFor(version, query) || (isOver(version) && tag?.name !== 'latest')) continue;
    const held = isOver(version) ? holdUntagged(version, tag) : prefilter(version, query);
    if (held === null) open += 1;
    candidates.push({ version, held });
  }
  return candidates;
}

function isAskedFor(version: string, { wish, kind, range, ranges }: CandidateQuery): boolean {
  return ranges.isWithin(version, range) && (kind !== 'range' || ranges.isWithin(version, wish));
}

function holdUntagged(version: string, tag: Tag | null): HeldVersion {
  return hold(version, 'backwards', `\`latest\` is ${tag?.version ?? 'another'}, and this one is newer`);
}

/** Holds a version back by what the listing tells of it; null when nothing. */
function prefilter(
  version: string,
  { listing, memory, minimumAge, now, versions }: CandidateQuery,
): HeldVersion | null {
  const bad = memory.bad.find((each) => versions.isSame(each.version, version));
  if (bad !== undefined) return hold(version, 'bad', bad.reason);
  if (minimumAge === 0) return null;
  const at = listing.publishedAt.get(version);
  if (at === undefined)
    return hold(version, 'minimum_age', 'the registry does not tell when it was published');
  if (now - at >= minimumAge) return null;
  const when = now < at ? 'published in the future' : `published ${span(now - at)} ago`;
  return hold(version, 'minimum_age', `${when}; ${span(minimumAge)} must have passed`);
}

/** Holds a version back by its facts, alone and compared with the running one; null when nothing. */
function checkFacts(
  own: VersionFacts,
  running: VersionFacts | undefined,
  refusals: CandidateFacts['refusals'],
): HeldVersion | null {
  const { version, deprecated, engine } = own;
  if (deprecated !== null) return hold(version, 'deprecated', deprecated);
  const unfit = engine === null ? undefined : refusals.get(engine);
  if (unfit !== undefined) return hold(version, 'engine', unfit);
  return running === undefined ? null : supplyChainChanges(own, running);
}

/** Holds a version back for signs that somebody else than before published it; what the registry does not tell is no sign. */
function supplyChainChanges(own: VersionFacts, running: VersionFacts): HeldVersion | null {
  const { version } = own;
  const before = running.version;
  if (running.isAttested && !own.isAttested)
    return hold(version, 'attestation', `unlike ${before}, it does not prove where it was built`);
  if (running.isSigned && !own.isSigned)
    return hold(version, 'attestation', `unlike ${before}, the registry has not signed it`);
  const scripts = own.installScripts.filter((name) => !running.installScripts.includes(name));
  if (scripts.length > 0)
    return hold(version, 'install_script', `unlike ${before}, it runs a script (${scripts.join(', ')})`);
  const change = changeOfPeople(own, running);
  return change === null ? null : hold(version, 'publisher', change);
}

function changeOfPeople(own: VersionFacts, running: VersionFacts): string | null {
  const before = running.version;
  if (running.isTrusted && !own.isTrusted)
    return `published by ${own.publisher ?? 'nobody knows whom'}; ${before} came from a trusted build`;
  const isKnown =
    own.publisher === null ||
    running.publisher === null ||
    own.isTrusted ||
    [running.publisher, ...running.maintainers].includes(own.publisher);
  if (!isKnown) return `published by ${own.publisher}, ${before} by ${running.publisher}`;
  if (own.maintainers.length === 0 || running.maintainers.length === 0) return null;
  const added = own.maintainers.filter((name) => !running.maintainers.includes(name));
  const removed = running.maintainers.filter((name) => !own.maintainers.includes(name));
  const signs = [...added.map((name) => `+${name}`), ...removed.map((name) => `-${name}`)];
  return signs.length === 0 ? null : `other maintainers than ${before}: ${signs.join(', ')}`;
}

const LONGEST_DETAIL = 200;

/** Cleans the detail: registries, packages and servers choose some of the words. */
function hold(version: string, reason: HeldReason, detail: string): HeldVersion {
  const line = neutralise(detail.replaceAll(/\s+/gu, ' ')).trim();
  return { version, reason, detail: truncate(line, LONGEST_DETAIL) };
}
