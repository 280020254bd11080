// Interface between the page and the daemon: what is asked, and the shapes of the answers.
import type { ClientSummary } from '../../core/gateway/call-summary.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import type { PageServer, PageStatus } from '../../core/status/page-status.ts';
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type { Trouble } from '../../core/status/troubles.ts';
import type { ToolAccess, ToolHints } from '../../core/tools/tool-hints.ts';

/** One message of the stream. */
export type StreamMessage =
  | { readonly kind: 'hello'; readonly boot: string; readonly assets: string }
  /** What changed; parts that did not are left out. */
  | ({ readonly kind: 'status' } & StatusChanges)
  | { readonly kind: 'event'; readonly event: ShownEvent };

export interface StatusChanges {
  readonly seq: number;
  readonly daemon?: DaemonStatus;
  readonly servers: readonly PageServer[];
  /** Names of all servers in the order of the config. */
  readonly order?: readonly string[];
  readonly troubles?: readonly Trouble[];
}

/** A status with its number and the run of the daemon that it is of. */
export interface NumberedStatus extends PageStatus {
  readonly boot: string;
  readonly seq: number;
}

interface EventPage {
  readonly events: readonly ShownEvent[];
  /** `before` of the next page; null where nothing is older. */
  readonly next: number | null;
}

/** Tools with what clients called of them. */
export interface ToolList {
  /** `list`: what the server lists; `calls`: only what clients called. */
  readonly source: 'list' | 'calls';
  readonly tools: readonly ToolRow[];
}

/** Null where nothing is known. `p50` and `p95` in ms. */
export interface ToolRow {
  readonly name: string;
  readonly calls: number | null;
  readonly errors: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  /** As the server says them; empty where it says none, or does not list the tool now. */
  readonly hints?: ToolHints;
  /** Null where the gateway has no rules for it. */
  readonly access?: ToolAccess | null;
}

export interface LogLine {
  /** Ms since the epoch; null where the line has none. */
  readonly at: number | null;
  readonly stream: string;
  readonly text: string;
}

/** One series of a range query: a value at each step, null where there is none. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
}

export interface RangeResult {
  /** Seconds since the epoch of each step. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly warnings: readonly string[];
}

/** Evaluation at one time: a value for each set of labels. */
export interface InstantResult {
  readonly series: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
  readonly warnings: readonly string[];
}

/** Why a question got no answer that can be shown. */
export interface Fault {
  /** `gone`: nobody listens; `locked`: a session is needed; `foreign`: something else answered; `old`: the daemon does not know the question; `said`: its words. */
  readonly kind: 'gone' | 'locked' | 'denied' | 'foreign' | 'old' | 'said';
  readonly message: string;
}

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault };

export type Action = 'start' | 'stop' | 'restart' | 'update' | 'rollback';

/** An alert as the rule evaluation holds it, with its rule. */
export interface RuleAlert {
  readonly name: string;
  /** Null for the watchdog. */
  readonly about: string | null;
  readonly state: 'pending' | 'firing';
  readonly severity: string;
  /** Ms since the epoch. */
  readonly since: number;
  readonly value: string;
  readonly expression: string;
  /** Seconds that it has to hold. */
  readonly holds: number;
  readonly summary: string;
}

export interface RuleFault {
  readonly name: string;
  readonly error: string;
}

export interface Silence {
  readonly id: string;
  readonly matchers: string;
  readonly comment: string;
  readonly by: string;
  /** Ms since the epoch. */
  readonly until: number;
}

/** Asks the daemon; nothing throws. */
export interface Wire {
  status(): Promise<Answer<NumberedStatus>>;
  /** Passes on messages until the stream ends or `signal` stops it; resolves with why it ended. */
  stream(
    known: Pick<NumberedStatus, 'boot' | 'seq'>,
    onMessage: (message: StreamMessage) => void,
    signal: AbortSignal,
  ): Promise<Fault>;
  /** What needs a person now: all that a hidden page asks. */
  needsYou(): Promise<Answer<number>>;
  events(filter: EventFilter): Promise<Answer<EventPage>>;
  tools(server: string): Promise<Answer<ToolList>>;
  clients(server: string): Promise<Answer<ClientSummary>>;
  /** Passes on batches of lines until the stream ends or `signal` stops it. */
  log(server: string, onLines: (lines: readonly LogLine[]) => void, signal: AbortSignal): Promise<Fault>;
  query(expression: string): Promise<Answer<InstantResult>>;
  range(expression: string, range: TimeRange): Promise<Answer<RangeResult>>;
  rules(): Promise<Answer<{ readonly alerts: readonly RuleAlert[]; readonly faults: readonly RuleFault[] }>>;
  silences(): Promise<Answer<readonly Silence[]>>;
  silence(
    about: { readonly server: string | null; readonly alert: string | null },
    hours: number,
  ): Promise<Answer<null>>;
  endSilence(id: string): Promise<Answer<null>>;
  act(server: string, action: Action, run: number): Promise<Answer<null>>;
  /** Gives the code of the one-time link for a session. */
  signIn(code: string): Promise<Answer<null>>;
  /** True while a session is known here; another one may have ended it. */
  hasSession(): boolean;
}

export interface EventFilter {
  readonly server: string | null;
  readonly kinds: readonly string[];
  readonly before: number | null;
}

/** Seconds since the epoch, and between two steps. */
export interface TimeRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}
