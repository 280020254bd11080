// Probe schedule of one server: delays in ms, results that do not count, and changes that need a new session.
import { withQuotation } from '../core/base/cause.ts';
import { hashText } from '../core/base/text.ts';
import type { ProbeResult } from '../core/model/observations.ts';
import type { NextProbe } from '../core/lifecycle/health.ts';
import { isRefusal } from '../core/model/vocabulary.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { ProbeSchedule } from '../core/model/probe-policy.ts';
import type { ProbeAttempt } from './probe-kind.ts';

/** From the begin of a first miss to the next round; half the interval when that is shorter. A timeout has used it up. */
const SUSPECT_DELAY = 1_000;
/** Delay between two attempts to connect: short at first, since users wait for the moment when the server answers. */
const EARLY_STARTUP = { delay: 100, until: 5_000 } as const;
const LATE_STARTUP_DELAY = 250;

/**
 * Returns the delay before the next attempt to connect to a server that starts.
 *
 * @param elapsed how long the start has taken so far
 */
export function startupDelay(result: ProbeResult, elapsed: number): number {
  // A server that answers with a refusal is asked less often than one that is not there yet: each refusal costs it work.
  const hasAnswered =
    result.outcome === 'failed' && result.reason !== 'refused' && result.reason !== 'closed';
  return elapsed < EARLY_STARTUP.until && !hasAnswered ? EARLY_STARTUP.delay : LATE_STARTUP_DELAY;
}

/**
 * Returns the delay before the next probe round; null when there is none.
 *
 * @param took how much of the interval the last round itself used
 */
export function delayAfter(next: NextProbe, interval: number, took: number): number | null {
  switch (next) {
    case 'none':
      return null;
    case 'suspect-retry':
      return Math.max(0, Math.min(SUSPECT_DELAY, interval / 2) - took);
    case 'startup-retry':
    case 'interval':
      return Math.max(0, interval - took);
    default:
      return next satisfies never;
  }
}

/** Refusals in a row after which a server that we do not run is asked less often, and the longest delay, ms. */
const PATIENT_REFUSALS = 4;
const LONGEST_REFUSED_DELAY = 30 * 60_000;

/**
 * Returns the delay after a row of refusals: it doubles, up to half an hour. Only a person can cure them, and some services
 * lock out whoever asks again and again without credentials.
 */
export function refusedDelay(refusals: number, interval: number): number {
  const doublings = Math.min(Math.max(0, refusals - PATIENT_REFUSALS), 20);
  return Math.max(interval, Math.min(LONGEST_REFUSED_DELAY, interval * 2 ** doublings));
}

/** Places a server's rounds in the interval: spread over all servers, the same each time. */
export function spread({ name, probe }: Pick<ServerSpec, 'name' | 'probe'>): number {
  return (hashText(name) / 2 ** 32) * probe.interval;
}

/** Returns the delay before the first round of a server that is running already. */
export function firstDelay(spec: Pick<ServerSpec, 'name' | 'probe'>): number {
  return Math.min(spread(spec), SUSPECT_DELAY);
}

/** Reads the result of a round, which is that of its last attempt. */
export function lastResult(attempts: readonly ProbeAttempt[]): ProbeResult {
  return attempts.at(-1)?.result ?? { outcome: 'inconclusive', detail: 'The probe saw nothing' };
}

/** Makes a failure in a quiet time inconclusive; a pass still says that the server lives. */
export function excuseFailure(result: ProbeResult): ProbeResult {
  if (result.outcome !== 'failed' || isRefusal(result.reason)) return result;
  return {
    outcome: 'inconclusive',
    detail: `Not counted, in a quiet time: ${withQuotation(result.detail, result.quote)}`,
  };
}

/** Names all that a session keeps of the spec that it was opened with: another key needs another session. */
export function sessionKey({ transport, url, headers, env, cwd, probe, expect }: ServerSpec): string {
  return JSON.stringify([transport, url, headers, env, cwd, expect, { ...probe, ...NO_SCHEDULE }]);
}

/** A session has no part in the schedule: JSON leaves out what is undefined. */
const NO_SCHEDULE: Readonly<Record<keyof ProbeSchedule, undefined>> = {
  interval: undefined,
  timeout: undefined,
  failures: undefined,
  successes: undefined,
  deepEvery: undefined,
  initialDelay: undefined,
  onFailure: undefined,
};
