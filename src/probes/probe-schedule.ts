// When a server is looked at next, ms.
import type { ProbeResult } from '../core/model/observations.ts';
import type { NextProbe } from '../core/lifecycle/health.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';

/** After a first miss; half the interval when that is shorter. */
const SUSPECT_DELAY = 1_000;
/** While a server starts: often at first, since its users wait for the moment when it answers again. */
const EAGER = { every: 100, during: 5_000 } as const;
const PATIENT = 250;

/** @param since how long the start has taken so far */
export function startupDelay(result: ProbeResult, since: number): number {
  // Who refuses is asked with less haste than who is not there yet: it does work for each refusal.
  const hasAnswered =
    result.outcome === 'failed' && result.reason !== 'refused' && result.reason !== 'closed';
  return since < EAGER.during && !hasAnswered ? EAGER.every : PATIENT;
}

/** @param took how much of the interval the look itself used; null: there is no next look */
export function delayAfter(next: NextProbe, interval: number, took: number): number | null {
  switch (next) {
    case 'none':
      return null;
    case 'suspect-retry':
      return Math.min(SUSPECT_DELAY, interval / 2);
    case 'startup-retry':
    case 'interval':
      return Math.max(0, interval - took);
    default:
      return next satisfies never;
  }
}

/** Where in the interval a server's looks fall: spread over all servers, the same each time. FNV-1a of the name. */
export function spread({ name, probe }: Pick<ServerSpec, 'name' | 'probe'>): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 16_777_619) >>> 0;
  }
  return (hash / 2 ** 32) * probe.interval;
}

/** The first look at a server that is running already. */
export function firstDelay(spec: Pick<ServerSpec, 'name' | 'probe'>): number {
  return Math.min(spread(spec), SUSPECT_DELAY);
}
