// Probe policy of a server: the schedule that all kinds share, and the settings of the kind that probes it.
// Durations are milliseconds.
import type { ProbeKindName } from './vocabulary.ts';

/** Schedule and thresholds, the same for every kind. */
export interface ProbeSchedule {
  readonly interval: number;
  readonly timeout: number;
  /** Consecutive failures after which the server is down. */
  readonly failures: number;
  /** Consecutive passes after which a server that was down is up again. */
  readonly successes: number;
  /** Every n-th probe is the full one (`tools/list`). */
  readonly deepEvery: number;
  /** Quiet time after readiness before the first periodic probe. */
  readonly initialDelay: number;
  /** Reaction to a server that is down: a restart, or only a report (readiness semantics). */
  readonly onFailure: 'restart' | 'report';
}

/** Settings that only one kind has. */
interface ProbeSettings {
  readonly mcp: object;
  /** URL to GET, null for that of the server; status codes that mean alive. */
  readonly http: { readonly url: string | null; readonly expectStatus: readonly number[] };
  /** Program and arguments; exit 0 means alive. */
  readonly exec: { readonly command: readonly string[] };
}

/** Union by kind: a kind without settings of its own in `ProbeSettings` does not compile. */
export type ProbePolicy<Name extends ProbeKindName = ProbeKindName> = {
  [Kind in Name]: ProbeSchedule & { readonly kind: Kind } & ProbeSettings[Kind];
}[Name];
