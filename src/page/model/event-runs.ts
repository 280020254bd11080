// Runs of events: what a server does again and again, as a crash loop, is one entry with its count.
import type { ShownEvent } from '../../core/status/shown-event.ts';

/** An event that stands alone, or a run of them. */
export type EventEntry =
  | { readonly kind: 'event'; readonly event: ShownEvent }
  | { readonly kind: 'run'; readonly run: EventRun };

export interface EventRun {
  readonly server: string;
  /** What happens each time, the first first, without what differs. */
  readonly texts: readonly string[];
  readonly tone: ShownEvent['tone'];
  /** How often. */
  readonly count: number;
  /** Ms since the epoch of its last and its first event. */
  readonly at: number;
  readonly firstAt: number;
  /** The newest first. */
  readonly events: readonly ShownEvent[];
}

/** Times from which it is a run, and different events that one time may have. */
const LEAST = 3;
const MOST_KEYS = 6;

interface Open {
  readonly events: ShownEvent[];
  readonly counts: Map<string, number>;
}

/**
 * Finds runs among the events of each server, whatever others do between. A deed of a person ends one, and so does what did not
 * happen the times before. What happened once stays an entry of its own. @param events the newest first
 */
export function foldRuns(events: readonly ShownEvent[]): readonly EventEntry[] {
  const open = new Map<string, Open>();
  const runs = new Map<ShownEvent, EventRun>();
  const folded = new Set<ShownEvent>();

  function close(server: string): void {
    const run = runOf(server, open.get(server));
    open.delete(server);
    if (run === null) return;
    for (const event of run.events) folded.add(event);
    const [newest] = run.events;
    if (newest !== undefined) runs.set(newest, run);
  }

  for (const event of events) {
    const { server } = event;
    if (server === null) continue;
    if (event.kind === 'acted') {
      close(server);
      continue;
    }
    const key = keyOf(event);
    const known = open.get(server);
    if (known !== undefined && !known.counts.has(key) && isRepeating(known)) close(server);
    const { events: own, counts } = open.get(server) ?? begin(open, server);
    own.push(event);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    // Nothing came again yet: only the last few may be one time of a run.
    if (counts.size > MOST_KEYS) counts.delete(keyOf(own.shift() ?? event));
  }
  for (const server of open.keys()) close(server);
  return events.flatMap((event): EventEntry[] => {
    const run = runs.get(event);
    if (run !== undefined) return [{ kind: 'run', run }];
    return folded.has(event) ? [] : [{ kind: 'event', event }];
  });
}

function begin(open: Map<string, Open>, server: string): Open {
  const fresh: Open = { events: [], counts: new Map() };
  open.set(server, fresh);
  return fresh;
}

function isRepeating({ counts }: Open): boolean {
  return [...counts.values()].some((count) => count > 1);
}

/** Null where nothing alternates often enough. */
function runOf(server: string, found: Open | undefined): EventRun | null {
  const repeated = (found?.events ?? []).filter((event) => (found?.counts.get(keyOf(event)) ?? 0) > 1);
  const keys = new Set(repeated.map(keyOf));
  const times = Math.max(0, ...[...keys].map((key) => found?.counts.get(key) ?? 0));
  const [newest] = repeated;
  const oldest = repeated.at(-1);
  if (keys.size < 2 || times < LEAST || newest === undefined || oldest === undefined) return null;
  const tones = new Set(repeated.map(({ tone }) => tone));
  return {
    server,
    texts: [...new Set(repeated.toReversed().map(plainText))],
    tone: GRAVITY.find((tone) => tones.has(tone)) ?? 'info',
    count: times,
    at: newest.at,
    firstAt: oldest.firstAt,
    events: repeated,
  };
}

const GRAVITY = ['bad', 'warn', 'good', 'info'] as const satisfies readonly ShownEvent['tone'][];

/** The same each time: process ids and durations differ. */
function keyOf(event: ShownEvent): string {
  return `${event.kind} ${plainText(event)}`;
}

function plainText({ text }: ShownEvent): string {
  return text
    .replaceAll(/,? ?\bpid \d+/gu, '')
    .replaceAll(/\b\d+(?:\.\d+)? ?(?:ms|s|min|h|d|m \d+s)\b/gu, '…');
}
