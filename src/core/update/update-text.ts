// One-line texts about versions and updates, safe to show although a registry may have written parts of them.
import { MANAGER_FACTS, parsePackageRef } from '../model/package.ts';
import type { ServerStatus } from '../model/status.ts';
import { truncate, neutralise } from '../base/text.ts';
import type { HeldVersion, UpdateMemory, UpdateProgress, UpdateStatus } from '../model/update.ts';
import type { HeldReason, UpdateResult } from '../model/vocabulary.ts';
import { ago, span } from '../base/format.ts';

/** UTF-16 units. Ordinary versions are much shorter; semver would allow 256. */
const LONGEST_VERSION = 40;
const LONGEST_DETAIL = 200;

/** Makes a version safe to show: one line, harmless, short. */
export function versionText(version: string): string {
  return truncate(neutralise(version), LONGEST_VERSION);
}

/** `4.0.7 → 4.1.1`. */
export function stepText({ from, to }: { readonly from: string; readonly to: string }): string {
  return `${versionText(from)} → ${versionText(to)}`;
}

/** `4.1.1`, or `4.0.7 → 4.1.1` when another one is available or under way; empty when it is not known. */
export function versionColumn({ version, update }: Pick<ServerStatus, 'version' | 'update'>): string {
  if (version === null) return '';
  const next = nextVersion(update);
  return next === null || next === version ? versionText(version) : stepText({ from: version, to: next });
}

function nextVersion(update: UpdateStatus | null): string | null {
  const progress = update?.progress ?? null;
  if (progress === null) return availableVersion(update);
  return progress.phase === 'rolling_back' ? progress.from : progress.to;
}

/** Returns the version that an update would take; null when there is none, or an update is under way. */
export function availableVersion(update: UpdateStatus | null): string | null {
  if (update === null || update.progress !== null) return null;
  const { candidate = null, running = null } = update.outlook ?? {};
  const hasFailed = update.memory.bad.some(({ version }) => version === candidate);
  return candidate === running || hasFailed ? null : candidate;
}

/** False for reasons that pass with time or that an operator set. */
export function isWorrying({ reason }: HeldVersion): boolean {
  return reason !== 'minimum_age' && reason !== 'pinned';
}

/** Describes the update under way with the time left: `4.1.1 on probation, 8 min left`; null while nothing is. */
export function describeProgress(update: UpdateStatus | null, now: number): string | null {
  const progress = update?.progress ?? null;
  return progress === null ? null : phaseText(progress, countdown(progress, now));
}

/** Describes it without the time left, so that the text changes only with the phase. */
export function describePhase(progress: UpdateProgress): string {
  return phaseText(progress, '');
}

function phaseText(progress: UpdateProgress, left: string): string {
  const { phase, detail } = progress;
  return `${PHASES[phase](progress)}${left}${detail === null ? '' : `: ${detailText(detail)}`}`;
}

function countdown({ phase, until }: UpdateProgress, now: number): string {
  if (until === null) return '';
  if (phase === 'probation') return `, ${span(until - now)} left`;
  return phase === 'waiting' ? `, within ${span(until - now)}` : '';
}

const PHASES: Readonly<Record<UpdateProgress['phase'], (progress: UpdateProgress) => string>> = {
  installing: ({ to }) => `installing ${versionText(to)}`,
  canary: ({ to }) => `canary of ${versionText(to)}`,
  waiting: ({ to }) => `ready to switch to ${versionText(to)}`,
  switching: ({ to }) => `switching to ${versionText(to)}`,
  probation: ({ to }) => `${versionText(to)} on probation`,
  rolling_back: ({ from }) => `rolling back to ${versionText(from)}`,
};

type Last = NonNullable<UpdateMemory['last']>;

/** Describes the end of the last update: `update 4.0.7 → 4.1.1 committed 3 min ago`. */
export function describeLastUpdate({ at, reason, ...last }: Last, now: number): string {
  const why = reason === null ? '' : `: ${detailText(reason)}`;
  return `update ${stepText(last)} ${RESULTS[last.result]} ${ago(at, now)}${why}`;
}

const RESULTS: Readonly<Record<UpdateResult, string>> = {
  committed: 'committed',
  rolled_back: 'rolled back',
  failed: 'failed',
  held: 'held',
};

/** `4.2.0: it needs node >=22, this is 20.19.0`. */
export function describeHeld(held: HeldVersion, packageId: string): string {
  const why = detailText(held.detail);
  if (why === '') return summarizeHeld(held, packageId);
  // Alone, the reason of a failure could be read as a statement about the version in general.
  const gist = held.reason === 'bad' ? `${HELD.bad}, ` : '';
  return `${versionText(held.version)}: ${gist}${why}`;
}

/** `4.2.0, needs another node`: for narrow output. */
export function summarizeHeld({ version, reason }: HeldVersion, packageId: string): string {
  const { runtime } = MANAGER_FACTS[parsePackageRef(packageId).manager];
  const gist = reason === 'engine' ? `needs another ${runtime}` : HELD[reason];
  return `${versionText(version)}, ${gist}`;
}

const HELD: Readonly<Record<Exclude<HeldReason, 'engine'>, string>> = {
  minimum_age: 'too new',
  deprecated: 'deprecated',
  bad: 'a bad version',
  backwards: 'the tag went back',
  attestation: 'attestation lost',
  install_script: 'new install script',
  publisher: 'another publisher',
  pinned: 'pinned',
  tools: 'fewer tools',
};

/** Makes the text of npm, a registry or a failing server one harmless line. */
export function detailText(detail: string): string {
  return truncate(neutralise(detail.replaceAll(/\s+/gu, ' ').trim()), LONGEST_DETAIL);
}
