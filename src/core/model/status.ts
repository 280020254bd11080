// Status of the watchdog and its servers, as page, command line and API show it.
import type {
  DeliveryOwner,
  EngineName,
  NotifyKind,
  ProbeName,
  RestartReason,
  ServerCondition,
  ServerStateName,
} from './vocabulary.ts';
import type { LauncherExit, Handshake, HealthVerdict, StartFailure, TreeUsage } from './observations.ts';
import type { ClientLoad } from '../gateway/model.ts';
import type { LifecycleState, RestartCause } from './lifecycle-state.ts';
import type { FailingRule } from './alert-rules.ts';
import type { FiringAlert } from './notification.ts';
import type { ServerSpec } from './server-spec.ts';
import type { UpdateStatus } from './update.ts';

/** Times are milliseconds since the epoch, durations milliseconds. */
export interface Status {
  readonly daemon: DaemonStatus;
  /** In the order of the config. */
  readonly servers: readonly ServerStatus[];
}

export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  readonly startedAt: number;
  /** Where clients reach the gateway, and what of it fails, with a cure each; left out before it has opened. */
  readonly gateway?: {
    readonly url: string | null;
    readonly troubles: readonly { readonly message: string; readonly hint: string | null }[];
  };
  /** URL of /metrics and the page, null while not listening. */
  readonly listen: string | null;
  readonly config: {
    readonly path: string;
    readonly ok: boolean;
    readonly error: string | null;
    readonly loadedAt: number | null;
  };
  readonly lastTickAt: number | null;
  readonly gaps: { readonly count: number; readonly sleptMs: number; readonly lastWakeAt: number | null };
  readonly braked: boolean;
  /** Last scrape of /metrics; null for none since the start. */
  readonly lastScrapeAt: number | null;
  /** Orphaned processes of MCP servers; null before the first scan. */
  readonly orphans: number | null;
  /** Alerts that fire now, in the order in which they began. */
  readonly alerts: readonly FiringAlert[];
  /** Owner of alert delivery. `since` in ms since the epoch. */
  readonly delivery: {
    readonly owner: DeliveryOwner;
    readonly since: number;
    /** Why Prometheus with Alertmanager does not deliver; empty when it does. */
    readonly reasons: readonly string[];
    /** `lastSeenAt` in ms since the epoch, null for never since the start. */
    readonly engines: Readonly<
      Record<EngineName, { readonly isReachable: boolean; readonly lastSeenAt: number | null }>
    >;
  };
  /** Channels whose last notification failed, and why. */
  readonly deafChannels: Readonly<Partial<Record<NotifyKind, string>>>;
  /** Last failed write of the state file; null for none. */
  readonly lastPersistFailureAt: number | null;
  /** Why and since when the state cannot be saved, so that a restart would lose what is newer; left out while it is saved. */
  readonly unsaved?: { readonly since: number; readonly reason: string } | undefined;
  /** Alert rules whose last evaluation failed, the first of them; left out for none. */
  readonly failingRules?: readonly FailingRule[] | undefined;
}

export interface ServerStatus {
  readonly name: string;
  readonly source: ServerSpec['source']['kind'];
  readonly package: string | null;
  readonly transport: ServerSpec['transport'];
  /** Without user, password, query and fragment. */
  readonly url: string | null;
  readonly enabled: boolean;
  readonly desired: 'up' | 'down';
  /** `watched`: it has only a url, so health but no lifecycle. */
  readonly state: ServerStateName | 'watched';
  /** Null while it is not stopped, and before its first start. `prevented`: by its exit code or its restart policy. */
  readonly stoppedBecause: Extract<LifecycleState, { phase: 'stopped' }>['because'] | null;
  /** Of `state`. */
  readonly since: number;
  /** When what is shown of it (`running`, `unauthorized`, `memory high`) was something else last; left out before the first change. */
  readonly verdictSince?: number | undefined;
  readonly run: number;
  readonly pid: number | null;
  readonly startedAt: number | null;
  /** True after it has been ready for `restart.stableAfter`. */
  readonly isStable: boolean;
  readonly version: string | null;
  readonly handshake: Handshake | null;
  readonly health: HealthVerdict;
  readonly usage: TreeUsage | null;
  readonly limits: ServerSpec['limits'];
  readonly overLimit: readonly ('memory' | 'cpu')[];
  readonly tools: number | null;
  /** Tools in its last list that was not empty; null for none since its config changed. */
  readonly toolsBefore: number | null;
  /** Clients that use it through the gateway; null while none has. */
  readonly clients: ClientLoad | null;
  /** Tools that are defined otherwise than when they were first seen or approved; `the instructions` among them. */
  readonly changedTools: readonly string[];
  /** The last result of each probe kind that was used; `took` in ms, null when it did not pass. */
  readonly probes: Readonly<
    Partial<Record<ProbeName, { readonly at: number; readonly ok: boolean; readonly took: number | null }>>
  >;
  readonly restarts: Readonly<Record<RestartReason, number>>;
  readonly startFailures: number;
  readonly lastRestart: {
    readonly at: number;
    readonly reason: RestartReason;
    readonly detail: string | null;
    /** The server's own words within `detail`; left out where there are none. */
    readonly quote?: string | undefined;
  } | null;
  readonly lastExit: {
    readonly at: number;
    readonly code: number | null;
    readonly signal: string | null;
    /** What the server itself said about its end; left out where that is not known. */
    readonly quote?: string | undefined;
    /** Left out where the command is no launcher, as far as that is known. */
    readonly launcher?: LauncherExit | undefined;
  } | null;
  /** Why its last process ended or is being ended, unless that was planned; left out while none has. */
  readonly endCause?: RestartCause | undefined;
  readonly lastFailure: ({ readonly at: number } & StartFailure) | null;
  /** Time of the next start attempt; null when none is due. */
  readonly nextAttemptAt: number | null;
  readonly backoff: number;
  /** Unplanned ends until it counts as crash looping; `UNLIMITED_ENDS` where the config sets no budget. */
  readonly budgetRemaining: number;
  /** Repetitions of SIGKILL: more than 0 means that the kernel does not end the process. */
  readonly killRepeats: number;
  /** Null for what is not a package. */
  readonly update: UpdateStatus | null;
  /** A line to show beside the state: an install in progress, an older version in use offline; null for none. */
  readonly note: string | null;
  /** Remarks that hold, one sentence each; those of the last process while there is none. */
  readonly conditions: Readonly<Partial<Record<ServerCondition, string>>>;
  /** Excerpt of what it printed before its last exit, neutralised; a line of stdout begins with `[stdout]`. */
  readonly lastLines: readonly string[];
}

/** Returns the delivery status before any engine was seen. */
export function noEngines(since: number): DaemonStatus['delivery'] {
  const unseen = { isReachable: false, lastSeenAt: null };
  return { owner: 'us', since, reasons: [], engines: { prometheus: unseen, alertmanager: unseen } };
}

/** Part of a server's status that outlives the daemon in `run/state.json`. */
export type ServerHistory = Pick<ServerStatus, 'restarts' | 'startFailures' | 'lastRestart' | 'lastExit'>;

export const NO_HISTORY: ServerHistory = {
  restarts: {
    exit: 0,
    signal: 0,
    probe: 0,
    start_timeout: 0,
    memory: 0,
    cpu: 0,
    requested: 0,
    update: 0,
    config: 0,
    unobserved: 0,
  },
  startFailures: 0,
  lastRestart: null,
  lastExit: null,
};
