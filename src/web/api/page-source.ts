// Source of everything that the page's API shows; the daemon provides it.
import type { ClientSummary } from '../../core/gateway/call-summary.ts';
import type { Status } from '../../core/model/status.ts';
import type { Heartbeats } from '../../core/status/heartbeat.ts';
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { ToolAccess, ToolHints } from '../../core/tools/tool-hints.ts';

export interface PageSource {
  readonly clock: Clock;
  /** Identity of this run of the daemon: a page that sees another one fetches all anew. */
  readonly boot: string;
  readonly status: () => Status;
  /** Resolves when it knows what the journal says of the time before this daemon, or that it cannot be read. */
  readonly ready: Promise<void>;
  readonly beats: () => Heartbeats;
  /** Alerts whose condition holds, but not for long enough yet. */
  readonly pendingAlerts: () => number;
  /** Calls the listener after anything that may have changed the status, with the event for people where there is one. */
  readonly subscribe: (listener: (event: ShownEvent | null) => void) => () => void;
  /** Lists recorded events, the newest first and not folded. */
  readonly events: (query: EventQuery) => Promise<EventPage>;
  /** Tools of a server with what clients call of them; null for a server that is not known. */
  readonly tools: (server: string) => Promise<ToolList | null>;
  /** Null for a server that is not known. */
  readonly clients: (server: string) => ClientSummary | null;
  /** Removes from a text what is not for everybody: places on the disk. */
  readonly hide: (text: string) => string;
}

export interface EventQuery {
  /** Only events from before this time, ms since the epoch; null for the newest. */
  readonly before: number | null;
  /** Null for all, the watchdog's own included. */
  readonly server: string | null;
  /** Null for all. */
  readonly kinds: readonly string[] | null;
  readonly limit: number;
}

export interface EventPage {
  readonly events: readonly ShownEvent[];
  /** `before` of the next page; null when there are no older events. */
  readonly next: number | null;
}

export interface ToolList {
  /** `list`: what the server lists; `calls`: only what clients called, as its list is not known. */
  readonly source: 'list' | 'calls';
  readonly tools: readonly ToolRow[];
}

/** Numbers are of the last requests of clients; null where none can be known. `p50` and `p95` in ms. */
export interface ToolRow {
  readonly name: string;
  readonly calls: number | null;
  readonly errors: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  /** As the server says them; empty where it says none, or does not list the tool now. */
  readonly hints: ToolHints;
  /** Null where the gateway has no rules for it. */
  readonly access: ToolAccess | null;
}
