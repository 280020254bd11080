// Union of all events on the bus: everything that metrics, journal, logs and status may learn.
import type { OperationBatch } from '../gateway/operations.ts';
import type { ToolChange } from '../gateway/tool-definitions.ts';
import type { ClientLoad } from '../gateway/model.ts';
import type { RefusalReason } from './gateway-policy.ts';
import type { LifecycleState } from './lifecycle-state.ts';
import type { FailingRule } from './alert-rules.ts';
import type { AlertChange } from './notification.ts';
import type {
  LauncherExit,
  Handshake,
  HealthVerdict,
  ProbeResult,
  StartFailure,
  TreeUsage,
} from './observations.ts';
import type { ServerSpec } from './server-spec.ts';
import type { UpdateCheck, UpdateMemory, UpdateProgress } from './update.ts';
import type {
  DeliveryOwner,
  EngineName,
  JobName,
  NotifyFailure,
  NotifyKind,
  NotifySuppression,
  OperatorAction,
  ProbeName,
  RestartReason,
  ServerCondition,
} from './vocabulary.ts';

type Body =
  | { readonly kind: 'server-added'; readonly server: string; readonly spec: ServerSpec }
  | { readonly kind: 'server-changed'; readonly server: string; readonly spec: ServerSpec }
  | { readonly kind: 'server-removed'; readonly server: string }
  | {
      readonly kind: 'transition';
      readonly server: string;
      readonly from: LifecycleState;
      readonly to: LifecycleState;
      /** Kind of the input that moved it. */
      readonly cause: string;
      /** Time of the next start attempt, ms since the epoch; null when none is due. */
      readonly nextAttemptAt: number | null;
      /** Unplanned ends left before the server counts as crash looping. */
      readonly budgetRemaining: number;
    }
  | {
      readonly kind: 'spawned';
      readonly server: string;
      readonly run: number;
      readonly pid: number;
      readonly version: string | null;
    }
  | {
      readonly kind: 'exited';
      readonly server: string;
      readonly run: number;
      readonly code: number | null;
      readonly signal: string | null;
      /** Excerpt of what the server printed, oldest first, already neutralised; a line of stdout begins with `[stdout]`. */
      readonly lastLines: readonly string[];
      /** What the server itself said about its end; left out where that is not known, and where we ended it. */
      readonly quote?: string | undefined;
      /** What is known of a command that only launches a server, and ends with code 0. */
      readonly launcher?: LauncherExit | undefined;
    }
  | {
      readonly kind: 'restarted';
      readonly server: string;
      readonly reason: RestartReason;
      readonly detail: string | null;
      /** The server's own words within `detail`; left out where there are none. */
      readonly quote?: string | undefined;
    }
  | { readonly kind: 'start-failed'; readonly server: string; readonly failure: StartFailure }
  | { readonly kind: 'install-progress'; readonly server: string; readonly line: string }
  | {
      readonly kind: 'installed';
      readonly server: string;
      readonly package: string;
      readonly version: string;
      readonly took: number;
    }
  | {
      readonly kind: 'using-installed';
      readonly server: string;
      readonly version: string;
      readonly why: string;
    }
  | {
      readonly kind: 'handshake';
      readonly server: string;
      readonly run: number;
      readonly handshake: Handshake;
    }
  | {
      readonly kind: 'probed';
      readonly server: string;
      readonly probe: ProbeName;
      readonly result: ProbeResult;
    }
  /** A remark on a running server began, changed, or with a null `message` no longer holds. */
  | {
      readonly kind: 'condition';
      readonly server: string;
      readonly condition: ServerCondition;
      readonly message: string | null;
    }
  | { readonly kind: 'health'; readonly server: string; readonly health: HealthVerdict }
  | { readonly kind: 'sampled'; readonly server: string; readonly usage: TreeUsage }
  | {
      readonly kind: 'limit';
      readonly server: string;
      readonly resource: 'memory' | 'cpu';
      readonly level: 'soft' | 'hard' | 'ok';
      readonly value: number;
      readonly limit: number;
    }
  /**
   * Clients used the server through the gateway: their requests that ended since the last such event, how many of them
   * had been sent a second time, ms that all of them waited for the server, how many connections were cut off since their
   * clients did not read what they got, and the load of now.
   */
  | {
      readonly kind: 'exchanged';
      readonly server: string;
      readonly operations: readonly OperationBatch[];
      readonly retried: number;
      readonly waited: number;
      readonly cutOff: number;
      readonly load: ClientLoad;
    }
  /**
   * What the server says of its tools differs from what was first seen or approved; an empty list when it does no
   * longer. `instructions` stands for the text that the server gives models about itself. `byUpdate` is the version of an
   * update of ours that brought the changes: they are approved with it, and nobody is warned.
   */
  | {
      readonly kind: 'tools-changed';
      readonly server: string;
      readonly changes: readonly ToolChange[];
      readonly byUpdate?: string;
    }
  /** A request was refused before it reached any server. */
  | { readonly kind: 'client-refused'; readonly reason: RefusalReason }
  | { readonly kind: 'log-dropped'; readonly server: string; readonly lines: number; readonly bytes: number }
  | {
      readonly kind: 'collected';
      readonly collector: string;
      readonly took: number;
      readonly error: string | null;
    }
  | { readonly kind: 'ticked' }
  | { readonly kind: 'gap'; readonly cause: 'sleep' | 'blocked' | 'clock-step'; readonly duration: number }
  /** Restart guard: nearly all servers fail at once, so none is restarted; `failing` is 0 when that is over. */
  | { readonly kind: 'brake'; readonly failing: number; readonly watched: number }
  | {
      readonly kind: 'config-loaded';
      readonly path: string;
      readonly ok: boolean;
      readonly error: string | null;
    }
  | { readonly kind: 'waiting'; readonly server: string; readonly on: readonly string[] }
  | { readonly kind: 'listening'; readonly url: string }
  /** Where clients reach the gateway, null for nowhere; `troubles` are the parts that the config asks for and that fail. */
  | {
      readonly kind: 'gateway';
      readonly url: string | null;
      readonly troubles: readonly { readonly message: string; readonly hint: string | null }[];
    }
  /** `isNew`: the attempt before did not fail, or for another reason. */
  | { readonly kind: 'state-persist-failed'; readonly error: string; readonly isNew: boolean }
  /** The state could be saved again, after it could not. */
  | { readonly kind: 'state-persisted' }
  | { readonly kind: 'reaped'; readonly server: string; readonly pid: number; readonly why: string }
  /** A scan of all processes found `found` orphaned processes of MCP servers. */
  | { readonly kind: 'orphans'; readonly found: number }
  | { readonly kind: 'orphan-reaped'; readonly pid: number; readonly command: string }
  /** A scheduled job has ended after `took` ms; `said` is one line for people, `error` null on success. */
  | {
      readonly kind: 'job';
      readonly job: JobName;
      readonly took: number;
      readonly said: string;
      readonly error: string | null;
    }
  /** The registry was asked, or its response, of `lookedAt` (ms since the epoch), was judged again. */
  | {
      readonly kind: 'update-checked';
      readonly server: string;
      readonly outlook: UpdateCheck;
      readonly lookedAt?: number;
    }
  /** An update entered another phase, or reports progress within its phase. */
  | { readonly kind: 'update-moved'; readonly server: string; readonly progress: UpdateProgress }
  /**
   * The update history of a server; `isNews` is true when an update has just ended with `memory.last`, false when it
   * was only read or pinned.
   */
  | {
      readonly kind: 'update-settled';
      readonly server: string;
      readonly memory: UpdateMemory;
      readonly isNews: boolean;
    }
  /** A client has read /metrics; `by` is its user agent, `host` the Host header, both neutralised, empty when missing. */
  | { readonly kind: 'scraped'; readonly by: string; readonly host?: string }
  /**
   * The alert rules were evaluated. `took`: ms for all groups, the last evaluation of each; `failed`: rules that could not
   * be evaluated in this round. `alerts`: number of pending and firing ones by alert name. `failing`: the rules that do not
   * work now, the first of them; left out for none.
   */
  | {
      readonly kind: 'evaluated';
      readonly took: number;
      readonly failed: number;
      readonly alerts: readonly {
        readonly name: string;
        readonly pending: number;
        readonly firing: number;
      }[];
      readonly failing?: readonly FailingRule[];
    }
  /** The history took in one reading of all metrics; `size` is null when it was turned off. */
  | {
      readonly kind: 'recorded';
      readonly size: { readonly seconds: number; readonly bytes: number; readonly series: number } | null;
    }
  /** Somebody acted on the page; `about` is a server, or null for the watchdog. `by` says who, as far as that is known. */
  | {
      readonly kind: 'acted';
      readonly about: string | null;
      readonly action: OperatorAction | 'silence' | 'unsilence' | 'sign-in';
      readonly by: string;
      /** One line for people; null for nothing to add. */
      readonly detail: string | null;
    }
  /** An alert began or ended. `about` is a server, or null for the watchdog itself. */
  | ({ readonly kind: 'alert' } & AlertChange)
  /** New owner of alert delivery, and why, for people. `wasOwner` is the same when only the reasons have changed. */
  | {
      readonly kind: 'delivery';
      readonly owner: DeliveryOwner;
      readonly wasOwner: DeliveryOwner;
      readonly reasons: readonly string[];
    }
  /** Sign of life of an alerting engine, or its absence; `isHeardNow` when the sign has just come. */
  | {
      readonly kind: 'engine';
      readonly engine: EngineName;
      readonly isReachable: boolean;
      readonly isHeardNow: boolean;
    }
  /**
   * One channel got a notification, or `count` of them were suppressed for it; `reason` null when it was sent.
   * `detail` is for people.
   */
  | {
      readonly kind: 'notified';
      readonly channel: NotifyKind;
      readonly result: 'sent' | 'failed' | 'suppressed';
      readonly reason: NotifyFailure | NotifySuppression | null;
      readonly detail: string | null;
      readonly count: number;
    };

/** One thing that happened, at `at` ms since the epoch. */
export type WatchdogEvent = { readonly at: number } & Body;

/** An event before the bus stamps the time on it. */
export type UnstampedEvent = Body;

export type EventKind = WatchdogEvent['kind'];
export type EventOf<K extends EventKind> = Extract<WatchdogEvent, { kind: K }>;

/** One handler for each of `Kinds`: an event that is new does not compile until every such table has decided about it. */
export type EventHandlers<
  Result,
  Args extends readonly unknown[] = [],
  Kinds extends EventKind = EventKind,
> = {
  readonly [Kind in Kinds]: (event: EventOf<Kind>, ...args: Args) => Result;
};

/** Passes the event to its handler. */
export function handleEvent<Result, Args extends readonly unknown[], Kinds extends EventKind>(
  handlers: EventHandlers<Result, Args, Kinds>,
  event: EventOf<Kinds>,
  ...args: Args
): Result {
  return handlers[event.kind](event, ...args);
}
