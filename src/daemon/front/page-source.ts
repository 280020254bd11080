// Source of the page's API in the daemon: heartbeats and events from bus and journal, tools and clients from the gateway.
import { randomBytes } from 'node:crypto';
import type { ClientSummary } from '../../core/gateway/call-summary.ts';
import type { EventOf, WatchdogEvent } from '../../core/model/events.ts';
import {
  endHeartbeats,
  type Heartbeats,
  isBeatEvent,
  reduceHeartbeats,
} from '../../core/status/heartbeat.ts';
import { createPathHider } from '../../core/status/public-status.ts';
import { type RecordedEvent, shownEvent, type ShownEvent } from '../../core/status/shown-event.ts';
import type { OfferedTool } from '../../core/tools/tool-diff.ts';
import { readJournalBack } from '../../journal/read-back.ts';
import type { JournalEntry } from '../../journal/journal.ts';
import { userHome } from '../../system/files/paths.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { EventPage, EventQuery, PageSource, ToolList, ToolRow } from '../../web/api/page-source.ts';
import type { DaemonContext } from '../context.ts';
import type { Projections } from '../home/projections.ts';

export interface PageSourceParts {
  readonly context: Pick<DaemonContext, 'bus' | 'log' | 'paths' | 'redactor'>;
  /** The time of day. */
  readonly clock: Clock;
  readonly front: Pick<Projections, 'status' | 'redactedBus' | 'lastAliveAt'>;
  readonly clients: (server: string) => ClientSummary;
  /** Lists the tools of a server that runs; null when it does not answer. */
  readonly tools: (server: string) => Promise<readonly OfferedTool[] | null>;
}

/** Events in memory; older ones are read from the journal. */
const RECENT_EVENTS = 500;
const SIX_HOURS = 6 * 60 * 60_000;
const DAY = 24 * 60 * 60_000;
/** Bytes of the journal that are read for the heartbeats, and for one page of events. */
const REPLAY_BYTES = 8 * 1024 ** 2;
const PAGE_BYTES = 16 * 1024 ** 2;
/** Ms for which a server's list of tools counts as known. */
const TOOLS_AGE = 60_000;

export function openPageSource(parts: PageSourceParts): PageSource {
  const { context, clock, front } = parts;
  const { paths } = context;
  const records = followRecords(parts);
  let lastRead: Promise<unknown> = Promise.resolve();
  const lists = new Map<string, { readonly at: number; readonly tools: readonly OfferedTool[] | null }>();
  const isKnown = (name: string): boolean => front.status().servers.some((server) => server.name === name);

  async function listOf(server: string): Promise<readonly OfferedTool[] | null> {
    const known = lists.get(server);
    if (known !== undefined && clock.monotonic() - known.at < TOOLS_AGE) return known.tools;
    // At once: whoever asks meanwhile gets what was known.
    lists.set(server, { at: clock.monotonic(), tools: known?.tools ?? null });
    const tools =
      context.redactor.scrubWithin(await parts.tools(server).catch(() => null)) ?? known?.tools ?? null;
    lists.set(server, { at: clock.monotonic(), tools });
    return tools;
  }

  return {
    clock,
    boot: randomBytes(8).toString('hex'),
    status: front.status,
    ready: records.ready,
    beats: records.beats,
    pendingAlerts: records.pendingAlerts,
    subscribe: records.subscribe,
    events(query) {
      // One after the other: each may read megabytes.
      const page = lastRead.then(() => listEvents(paths.journal, records.recent(), query));
      lastRead = page.catch(() => {});
      return page;
    },
    async tools(server) {
      return isKnown(server) ? toolList(await listOf(server), parts.clients(server)) : null;
    },
    clients: (server) => (isKnown(server) ? parts.clients(server) : null),
    hide: createPathHider(paths.home, userHome()),
  };
}

interface Records {
  readonly ready: Promise<void>;
  readonly beats: () => Heartbeats;
  readonly pendingAlerts: () => number;
  /** Oldest first. */
  readonly recent: () => readonly ShownEvent[];
  readonly subscribe: PageSource['subscribe'];
}

/** Follows the bus, and learns from the journal what was before. */
function followRecords({ context, clock, front }: PageSourceParts): Records {
  const startedAt = clock.now();
  let beats: Heartbeats = new Map();
  let recent: ShownEvent[] = [];
  let pendingAlerts = 0;
  /** Events that came while the journal was read; null when it is. */
  let early: RecordedEvent[] | null = [];

  const healths = new Map<string, string>();
  const listeners = new Set<(event: ShownEvent | null) => void>();

  function take(event: RecordedEvent): ShownEvent | null {
    if (event.kind === 'health' && !isNews(event, healths)) return null;
    if (isBeatEvent(event)) beats = reduceHeartbeats(beats, event);
    const shown = ROUTINE.has(event.kind) ? null : shownEvent(event);
    if (shown !== null) recent = [...recent.slice(1 - RECENT_EVENTS), shown];
    return shown;
  }

  async function replay(): Promise<void> {
    const entries: JournalEntry[] = [];
    const options = { before: startedAt, maxBytes: REPLAY_BYTES };
    for await (const entry of readJournalBack(context.paths.journal, options)) {
      if (entry.at < startedAt - DAY) break;
      // Of what is older than the heartbeats only restarts are counted.
      if (entry.at >= startedAt - SIX_HOURS || entry.kind === 'restarted') entries.push(entry);
    }
    const live = early ?? [];
    early = null;
    beats = new Map();
    recent = [];
    healths.clear();
    let lastAt = 0;
    for (const entry of entries.toReversed()) {
      // Where a daemon begins, nobody knows what was since the last word of the one before.
      if (entry.kind === 'listening') beats = endHeartbeats(beats, lastAt);
      lastAt = entry.at;
      take(entry);
    }
    beats = endHeartbeats(beats, Math.max(lastAt, front.lastAliveAt ?? 0));
    for (const event of live) take(event);
  }

  front.redactedBus.subscribe((event) => {
    if (event.kind === 'evaluated')
      pendingAlerts = event.alerts.reduce((sum, { pending }) => sum + pending, 0);
    if (isBeatEvent(event) || !ROUTINE.has(event.kind)) early?.push(event);
    const shown = take(event);
    for (const listener of listeners) listener(shown);
  });
  const ready = replay().catch((err: unknown) => {
    early = null;
    context.log.warn({ err }, 'Cannot read the journal for the heartbeats of the page');
  });
  return {
    ready,
    beats: () => beats,
    pendingAlerts: () => pendingAlerts,
    recent: () => recent,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Verdicts come with every probe: only another one is news. */
function isNews({ server, health }: EventOf<'health'>, known: Map<string, string>): boolean {
  const { up, suspect, unauthorized, wrongHost = false } = health;
  const key = `${up} ${suspect} ${unauthorized} ${wrongHost}`;
  const isOther = known.get(server) !== key;
  known.set(server, key);
  return isOther;
}

/** Events of every tick, probe and call. */
const ROUTINE: ReadonlySet<WatchdogEvent['kind']> = new Set<WatchdogEvent['kind']>([
  'ticked',
  'sampled',
  'exchanged',
  'collected',
  'evaluated',
  'recorded',
  'scraped',
  'engine',
  'orphans',
  'recorded',
  'install-progress',
  'handshake',
]);

async function listEvents(
  path: string,
  recent: readonly ShownEvent[],
  { before, server, kinds, limit }: EventQuery,
): Promise<EventPage> {
  const until = before ?? Number.POSITIVE_INFINITY;
  const isWanted = (event: ShownEvent): boolean =>
    event.at < until && (server === null || event.server === server) && kinds?.includes(event.kind) !== false;
  const found = recent.filter(isWanted).toReversed();
  if (found.length > limit) return pageOf(found, limit);
  const oldest = recent[0]?.at ?? Number.POSITIVE_INFINITY;
  // Events of one time that are in memory only in part are read again.
  const older = readJournalBack(path, { before: Math.min(until, oldest), maxBytes: PAGE_BYTES });
  for await (const entry of older) {
    const shown = shownEvent(entry);
    if (shown === null || !isWanted(shown)) continue;
    found.push(shown);
    if (found.length > limit && found[limit - 1]?.at !== shown.at) break;
  }
  return pageOf(found, limit);
}

/** Cuts after `limit` events, and after all of the same time as the last: the next page begins before that. */
function pageOf(found: readonly ShownEvent[], limit: number): EventPage {
  const last = found[limit - 1]?.at;
  if (last === undefined || found.length === limit) return { events: found, next: null };
  const events = found.filter(({ at }, index) => index < limit || at === last);
  return { events, next: events.length === found.length ? null : last };
}

function toolList(listed: readonly OfferedTool[] | null, { load, tools: called }: ClientSummary): ToolList {
  const calls = new Map(called.map((tool) => [tool.tool, tool]));
  const known = new Map((listed ?? []).map((tool) => [tool.name, tool]));
  const names = new Set([...called.map(({ tool }) => tool), ...known.keys()]);
  const none = load === null ? null : 0;
  const tools = [...names].map((name): ToolRow => {
    const own = calls.get(name);
    const { calls: count = none, errors = none, p50 = null, p95 = null } = own ?? {};
    const { hints = {}, access = null } = known.get(name) ?? {};
    return { name, calls: count, errors, p50, p95, hints, access };
  });
  return { source: listed === null ? 'calls' : 'list', tools };
}
