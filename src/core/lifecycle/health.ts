// Is a server up? The kubelet's probe semantics as a pure machine: thresholds, startup, quiet times, hold.
import type { HealthVerdict, ProbeResult } from '../model/observations.ts';
import type { ProbePolicy } from '../model/server-spec.ts';

/**
 * What is known about one incarnation. `starting`: not up until the first pass; `probing`: verdicts may change;
 * `held`: a restart was asked for, nothing counts until the next incarnation begins with a fresh Health.
 */
export interface Health {
  readonly phase: 'starting' | 'probing' | 'held';
  readonly up: boolean | null;
  readonly unauthorized: boolean;
  /** Consecutive. */
  readonly failures: number;
  readonly passes: number;
  readonly detail: string | null;
  /** Failures before this moment, in monotonic ms, do not count. */
  readonly quietUntil: number;
}

/** When to look again: `startup-retry` soon and often, `suspect-retry` after a first miss, `none` on hold. */
export type NextProbe = 'startup-retry' | 'interval' | 'suspect-retry' | 'none';

export interface HealthObservation {
  readonly health: Health;
  /** Set only by the observation that changes the verdict. */
  readonly changed: 'up' | 'down' | null;
  /** The threshold is reached and the policy says restart. Stays true until `hold` or a pass. */
  readonly wantsRestart: boolean;
  readonly next: NextProbe;
}

export type HealthPolicy = Pick<ProbePolicy, 'failures' | 'successes' | 'initialDelay' | 'onFailure'>;

const UNKNOWN: Health = {
  phase: 'starting',
  up: null,
  unauthorized: false,
  failures: 0,
  passes: 0,
  detail: null,
  quietUntil: 0,
};

/** A new incarnation. A server that we do not start has no startup: its first misses count. */
export function beginHealth(isOurs: boolean): Health {
  return isOurs ? UNKNOWN : { ...UNKNOWN, phase: 'probing' };
}

/**
 * Takes one result into account.
 *
 * An answer of `unauthorized` is a sign of life and is flagged; `inconclusive` changes nothing but the words.
 * @param at monotonic ms, when the look began
 */
export function observe(
  health: Health,
  result: ProbeResult,
  policy: HealthPolicy,
  at: number,
): HealthObservation {
  if (health.phase === 'held') return unchanged(health, 'none');
  switch (result.outcome) {
    case 'passed':
      return pass(health, { policy, at, unauthorized: false, detail: null });
    case 'failed':
      return result.reason === 'unauthorized'
        ? pass(health, { policy, at, unauthorized: true, detail: result.detail })
        : miss(health, { policy, at, detail: result.detail });
    case 'inconclusive':
      return inconclusive(health, result.detail);
    default:
      return result satisfies never;
  }
}

/** The restart was asked for: nothing that this incarnation still shows can ask again. */
export function freeze(health: Health): Health {
  return { ...health, phase: 'held' };
}

/** After a sleep or a blocked loop: what was missed is forgotten, and nothing counts before `until` (monotonic ms). */
export function resetFailures(health: Health, until: number): Health {
  const quietUntil = Math.max(health.quietUntil, until);
  // A verdict stands: only a pass makes a server that is down an up one.
  return { ...health, failures: 0, detail: health.up === false ? health.detail : null, quietUntil };
}

/** What downstream may know of it. */
export function verdictOf(health: Health): HealthVerdict {
  return {
    up: health.up,
    suspect: health.up === true && health.failures > 0,
    unauthorized: health.unauthorized,
    consecutiveFailures: health.failures,
    detail: health.detail,
  };
}

/** True when there is nothing new to tell. */
export function isSameVerdict(one: HealthVerdict, other: HealthVerdict): boolean {
  return (
    one.up === other.up &&
    one.suspect === other.suspect &&
    one.unauthorized === other.unauthorized &&
    one.consecutiveFailures === other.consecutiveFailures &&
    one.detail === other.detail
  );
}

interface Pass {
  readonly policy: HealthPolicy;
  readonly at: number;
  readonly unauthorized: boolean;
  readonly detail: string | null;
}

function pass(health: Health, { policy, at, unauthorized, detail }: Pass): HealthObservation {
  const passes = health.passes + 1;
  const isUp = health.up !== false || passes >= policy.successes;
  const next: Health = {
    phase: 'probing',
    up: isUp,
    unauthorized,
    failures: 0,
    passes,
    detail: isUp ? detail : health.detail,
    quietUntil: health.phase === 'starting' ? at + policy.initialDelay : health.quietUntil,
  };
  const changed = isUp && health.up !== true ? 'up' : null;
  return { health: next, changed, wantsRestart: false, next: 'interval' };
}

interface Miss {
  readonly policy: HealthPolicy;
  readonly at: number;
  readonly detail: string;
}

function miss(health: Health, { policy, at, detail }: Miss): HealthObservation {
  // The start timeout, not a count of misses, ends a startup that lasts too long.
  if (health.phase === 'starting') return unchanged({ ...health, detail }, 'startup-retry');
  if (at < health.quietUntil) return unchanged(health, 'interval');
  const failures = health.failures + 1;
  const isDown = failures >= policy.failures;
  const next: Health = { ...health, up: isDown ? false : health.up, failures, passes: 0, detail };
  return {
    health: next,
    changed: isDown && health.up !== false ? 'down' : null,
    wantsRestart: isDown && policy.onFailure === 'restart',
    next: failures === 1 && !isDown ? 'suspect-retry' : 'interval',
  };
}

function inconclusive(health: Health, detail: string): HealthObservation {
  // While nothing is known yet, why nothing is known is worth telling.
  const next = health.up === null ? { ...health, detail } : health;
  return unchanged(next, health.phase === 'starting' ? 'startup-retry' : 'interval');
}

function unchanged(health: Health, next: NextProbe): HealthObservation {
  return { health, changed: null, wantsRestart: false, next };
}
