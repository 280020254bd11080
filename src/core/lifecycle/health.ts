// Health state machine with the kubelet's probe semantics: thresholds, startup, quiet time after readiness, freeze.
import type { HealthVerdict, ProbeResult } from '../model/observations.ts';
import { withoutQuote } from '../base/cause.ts';
import type { ProbeSchedule } from '../model/probe-policy.ts';
import { isRefusal } from '../model/vocabulary.ts';

/**
 * Health of one server process. `starting`: not up until the first pass; `probing`: verdicts may change; `frozen`: a
 * restart was requested, nothing counts until the next process begins with a fresh Health.
 */
export interface Health {
  readonly phase: 'starting' | 'probing' | 'frozen';
  readonly up: boolean | null;
  /** Why it refuses us although it lives; null while it does not. */
  readonly refusal: 'unauthorized' | 'wrong_host' | null;
  /** Consecutive. */
  readonly failures: number;
  readonly passes: number;
  readonly detail: string | null;
  /** The server's own words within `detail`. */
  readonly quote?: string | undefined;
  /** Probes in a row that came to no result. */
  readonly inconclusive: number;
  /** Why they did not, once there were as many as make a verdict. */
  readonly unasked: string | null;
  /** Failures before this moment, in monotonic ms, do not count. */
  readonly quietUntil: number;
}

/** Time of the next probe: `startup-retry` soon and often, `suspect-retry` after a first failure, `none` while frozen. */
export type NextProbe = 'startup-retry' | 'interval' | 'suspect-retry' | 'none';

export interface HealthObservation {
  readonly health: Health;
  /** Set only when this result changes the verdict. */
  readonly changed: 'up' | 'down' | null;
  /** The threshold is reached and the policy says restart. Stays true until `freeze` or a pass. */
  readonly wantsRestart: boolean;
  readonly next: NextProbe;
}

export type HealthPolicy = Pick<ProbeSchedule, 'failures' | 'successes' | 'initialDelay' | 'onFailure'>;

const UNKNOWN: Health = {
  phase: 'starting',
  up: null,
  refusal: null,
  failures: 0,
  passes: 0,
  detail: null,
  inconclusive: 0,
  unasked: null,
  quietUntil: 0,
};

/** Starts the health of a new process. A server that we do not start has no startup: its first failures count. */
export function beginHealth(isOurs: boolean): Health {
  return isOurs ? UNKNOWN : { ...UNKNOWN, phase: 'probing' };
}

/**
 * Takes one result into account.
 *
 * A refusal (`unauthorized`, `wrong_host`) is a sign of life and is flagged; `inconclusive` changes no verdict,
 * but several of them leave it open whether it still holds.
 * @param at monotonic ms, start of the probe
 */
export function observe(
  health: Health,
  result: ProbeResult,
  policy: HealthPolicy,
  at: number,
): HealthObservation {
  if (health.phase === 'frozen') return unchanged(health, 'none');
  switch (result.outcome) {
    case 'passed':
      return pass(health, { policy, at, refusal: null, detail: null });
    case 'failed':
      return isRefusal(result.reason)
        ? pass(health, { policy, at, refusal: result.reason, detail: result.detail, quote: result.quote })
        : miss(health, { policy, at, detail: result.detail, quote: result.quote });
    case 'inconclusive':
      return inconclusive(health, result.detail, policy);
    default:
      return result satisfies never;
  }
}

/** Freezes it after a restart was requested, so that this process cannot request another. */
export function freeze(health: Health): Health {
  return { ...health, phase: 'frozen' };
}

/** Resets failures after a sleep or a blocked loop; none counts before `until` (monotonic ms). */
export function resetFailures(health: Health, until: number): Health {
  const quietUntil = Math.max(health.quietUntil, until);
  // A verdict stands: only a pass makes a server that is down an up one.
  const rested = { ...health, failures: 0, ...CONCLUSIVE, quietUntil };
  return health.up === false ? rested : { ...rested, detail: null, quote: undefined };
}

/** Returns the part that goes out with events. */
export function verdictOf(health: Health): HealthVerdict {
  const { up, failures, refusal, detail, quote, unasked } = health;
  return {
    up,
    suspect: up === true && failures > 0,
    unauthorized: refusal !== null,
    ...(refusal === 'wrong_host' && { wrongHost: true }),
    consecutiveFailures: failures,
    detail,
    ...(detail !== null && { cause: withoutQuote(detail, quote), ...(quote !== undefined && { quote }) }),
    ...(up === true && unasked !== null && { unasked }),
  };
}

/** True when both say the same. */
export function isSameVerdict(one: HealthVerdict, other: HealthVerdict): boolean {
  return (
    one.up === other.up &&
    one.suspect === other.suspect &&
    one.unauthorized === other.unauthorized &&
    one.wrongHost === other.wrongHost &&
    one.consecutiveFailures === other.consecutiveFailures &&
    one.detail === other.detail &&
    one.quote === other.quote &&
    one.unasked === other.unasked
  );
}

interface Pass {
  readonly policy: HealthPolicy;
  readonly at: number;
  readonly refusal: Health['refusal'];
  readonly detail: string | null;
  readonly quote?: string | undefined;
}

function pass(health: Health, { policy, at, refusal, detail, quote }: Pass): HealthObservation {
  const passes = health.passes + 1;
  const isUp = health.up !== false || passes >= policy.successes;
  const next: Health = {
    phase: 'probing',
    up: isUp,
    refusal,
    failures: 0,
    passes,
    detail: isUp ? detail : health.detail,
    quote: isUp ? quote : health.quote,
    ...CONCLUSIVE,
    quietUntil: health.phase === 'starting' ? at + policy.initialDelay : health.quietUntil,
  };
  const changed = isUp && health.up !== true ? 'up' : null;
  return { health: next, changed, wantsRestart: false, next: 'interval' };
}

interface Miss {
  readonly policy: HealthPolicy;
  readonly at: number;
  readonly detail: string;
  readonly quote?: string | undefined;
}

function miss(health: Health, { policy, at, detail, quote }: Miss): HealthObservation {
  // The start timeout, not a count of failures, ends a startup that takes too long.
  if (health.phase === 'starting') return unchanged({ ...health, detail, quote }, 'startup-retry');
  if (at < health.quietUntil) return unchanged(health, 'interval');
  const failures = health.failures + 1;
  const isDown = failures >= policy.failures;
  const next: Health = {
    ...health,
    up: isDown ? false : health.up,
    failures,
    passes: 0,
    detail,
    quote,
    ...CONCLUSIVE,
  };
  return {
    health: next,
    changed: isDown && health.up !== false ? 'down' : null,
    wantsRestart: isDown && policy.onFailure === 'restart',
    next: failures === 1 && !isDown ? 'suspect-retry' : 'interval',
  };
}

const CONCLUSIVE = { inconclusive: 0, unasked: null };

function inconclusive(health: Health, detail: string, { failures }: HealthPolicy): HealthObservation {
  const count = health.inconclusive + 1;
  const seen = { ...health, inconclusive: count, unasked: count >= failures ? detail : null };
  // As long as there is no verdict, the reason is worth showing.
  const next = health.up === null ? { ...seen, detail, quote: undefined } : seen;
  return unchanged(next, health.phase === 'starting' ? 'startup-retry' : 'interval');
}

function unchanged(health: Health, next: NextProbe): HealthObservation {
  return { health, changed: null, wantsRestart: false, next };
}
