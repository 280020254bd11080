// Which newer version a server may go to, by what the registry says and what was seen here; and why not to a newer one.
import compare from 'semver/functions/compare.js';
import parse from 'semver/functions/parse.js';
import rcompare from 'semver/functions/rcompare.js';

import { truncate, neutralise } from '../core/base/text.ts';
import type { HeldVersion, UpdateCheck, UpdateMemory } from '../core/model/update.ts';
import type { HeldReason } from '../core/model/vocabulary.ts';
import { span } from '../core/base/format.ts';
import type { WishKind } from './choose-installed.ts';
import { isRange, isWithin } from './npm/ranges.ts';
import type { VersionListing, VersionFacts } from './npm/registry.ts';

export interface CandidateQuery {
  readonly listing: VersionListing;
  /** Null when nothing is installed: then there is nothing to go on from. */
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
  /** The version of the node that runs servers. */
  readonly node: string;
  readonly memory: Pick<UpdateMemory, 'bad' | 'pinned'>;
}

/** Newer versions that were asked for, the newest first, as far as a list of all versions tells. */
export interface CandidateList {
  readonly latest: string | null;
  readonly candidates: readonly Candidate[];
  /** Of which more must be known before one is chosen: the running one and a few prospects. */
  readonly toDescribe: readonly string[];
}

interface Candidate {
  readonly version: string;
  readonly held: HeldVersion | null;
}

/** So many are looked at closely: whoever publishes more that cannot be used has to be helped by people. */
const MOST_DESCRIBED = 5;
/** The list goes through status, page and journal: who publishes daily would fill them. */
const MOST_HELD = 20;

/** Pure, like all here. */
export function listCandidates(question: CandidateQuery): CandidateList {
  const { running, listing } = question;
  const stable = stableVersions(listing.versions);
  const latest = stable[0] ?? null;
  if (running === null) return { latest, candidates: [], toDescribe: [] };
  const newer = stable.filter((version) => compare(version, running) > 0);
  const obstacle = obstacleTo(question, running, newer[0] ?? null);
  if (obstacle !== null) {
    const prospects = obstacle.held === null ? [] : [{ version: obstacle.held.version, held: obstacle.held }];
    return { latest, candidates: prospects, toDescribe: [] };
  }
  const prospects = prefilterCandidates(newer, question);
  const open = prospects.filter(({ held }) => held === null).map(({ version }) => version);
  return { latest, candidates: prospects, toDescribe: open.length === 0 ? [] : [running, ...open] };
}

/** @param facts of the versions in `toDescribe`; a version that the registry would not describe is passed over */
export function pickCandidate(
  { latest, candidates: prospects }: CandidateList,
  {
    question,
    facts,
  }: { readonly question: CandidateQuery; readonly facts: ReadonlyMap<string, VersionFacts> },
): Pick<UpdateCheck, 'latest' | 'candidate' | 'held'> {
  const held: HeldVersion[] = [];
  const running = facts.get(question.running ?? '');
  for (const { version, held: known } of prospects) {
    const own = facts.get(version);
    if (known === null && own === undefined) continue;
    const refusal = known ?? (own === undefined ? null : checkFacts(own, running, question));
    if (refusal === null) return { latest, candidate: version, held };
    held.push(refusal);
    // Whoever took the package over may also have published what comes before.
    if (SUSPICIOUS.has(refusal.reason)) break;
  }
  return { latest, candidate: null, held };
}

const SUSPICIOUS: ReadonlySet<HeldReason> = new Set(['attestation', 'install_script', 'publisher']);

function stableVersions(versions: readonly string[]): string[] {
  return versions
    .map((version) => parse(version))
    .filter((version) => version !== null && version.prerelease.length === 0)
    .sort((one, other) => (one === null || other === null ? 0 : rcompare(one, other)))
    .flatMap((version) => (version === null ? [] : [version.version]));
}

/** What stands in the way of every version; `held` is null when there is nothing newer to tell of. */
function obstacleTo(
  question: CandidateQuery,
  running: string,
  newest: string | null,
): { readonly held: HeldVersion | null } | null {
  const { kind, wish, memory } = question;
  const pinned = kind === 'exact' ? 'the config asks for exactly' : 'an operator chose';
  if (kind === 'exact' || memory.pinned !== null) {
    const detail = `${pinned} ${kind === 'exact' ? wish : memory.pinned}`;
    return { held: newest === null ? null : hold(newest, 'pinned', detail) };
  }
  const tag = tagOf(question);
  if (tag === null || isPrerelease(running) || compare(tag.version, running) >= 0) return null;
  const detail = `\`${tag.name}\` went back to ${tag.version}: ${running}, which runs, may have been withdrawn`;
  return { held: hold(tag.version, 'backwards', detail) };
}

interface Tag {
  readonly name: string;
  readonly version: string;
}

/** What the maintainers recommend to whoever has this wish; null when they recommend nothing of it. */
function tagOf({ listing, wish, kind }: CandidateQuery): Tag | null {
  const name = kind === 'tag' && listing.tags.has(wish) ? wish : 'latest';
  const version = listing.tags.get(name);
  if (version === undefined || (kind === 'range' && !isWithin(version, wish))) return null;
  return { name, version };
}

function prefilterCandidates(newer: readonly string[], question: CandidateQuery): readonly Candidate[] {
  const tag = tagOf(question);
  const isOver = (version: string): boolean => tag !== null && compare(version, tag.version) > 0;
  const prospects: Candidate[] = [];
  let open = 0;
  for (const version of newer) {
    if (open === MOST_DESCRIBED || prospects.length - open === MOST_HELD) break;
    if (!isAskedFor(version, question) || (isOver(version) && tag?.name !== 'latest')) continue;
    const held = isOver(version) ? holdUntagged(version, tag) : prefilter(version, question);
    if (held === null) open += 1;
    prospects.push({ version, held });
  }
  return prospects;
}

function isAskedFor(version: string, { wish, kind, range }: CandidateQuery): boolean {
  return isWithin(version, range) && (kind !== 'range' || isWithin(version, wish));
}

function holdUntagged(version: string, tag: Tag | null): HeldVersion {
  return hold(version, 'backwards', `\`latest\` is ${tag?.version ?? 'another'}, and this one is newer`);
}

/** What the list of versions tells against one of them. */
function prefilter(
  version: string,
  { listing, memory, minimumAge, now }: CandidateQuery,
): HeldVersion | null {
  const bad = memory.bad.find((each) => each.version === version);
  if (bad !== undefined) return hold(version, 'bad', bad.reason);
  if (minimumAge === 0) return null;
  const at = listing.publishedAt.get(version);
  if (at === undefined)
    return hold(version, 'minimum_age', 'the registry does not tell when it was published');
  if (now - at >= minimumAge) return null;
  const when = now < at ? 'published in the future' : `published ${span(now - at)} ago`;
  return hold(version, 'minimum_age', `${when}; ${span(minimumAge)} must have passed`);
}

/** What its description tells against it, by itself and beside the one that runs. */
function checkFacts(
  own: VersionFacts,
  running: VersionFacts | undefined,
  { node }: CandidateQuery,
): HeldVersion | null {
  const { version, deprecated, engine } = own;
  if (deprecated !== null) return hold(version, 'deprecated', deprecated);
  if (engine !== null && !(isRange(engine) && isWithin(node, engine)))
    return hold(version, 'engine', `it needs node ${engine}, this is ${node}`);
  return running === undefined ? null : supplyChainChanges(own, running);
}

/** Signs that somebody else than before has published it. Nobody is accused where the registry does not tell. */
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

/** Registries, packages and servers choose some of the words. */
function hold(version: string, reason: HeldReason, detail: string): HeldVersion {
  const line = neutralise(detail.replaceAll(/\s+/gu, ' ')).trim();
  return { version, reason, detail: truncate(line, LONGEST_DETAIL) };
}

function isPrerelease(version: string): boolean {
  return (parse(version)?.prerelease.length ?? 0) > 0;
}
