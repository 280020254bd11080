// Heartbeat of each server: one letter for every five minutes of the last six hours, from what the journal records.
import type { EventOf } from '../model/events.ts';
import { stateName } from '../model/lifecycle-state.ts';
import type { HealthVerdict } from '../model/observations.ts';
import type { ServerStateName } from '../model/vocabulary.ts';

/**
 * `u` up, `s` starting, suspect or over a limit, `a` it refuses us, `r` restarted, `d` down, `o` off, `n` nothing known: it
 * was not configured, or the watchdog did not run.
 */
type Beat = 'u' | 's' | 'a' | 'r' | 'd' | 'o' | 'n';

export const BEATS = 72;
/** ms. */
export const BEAT_SPAN = 5 * 60_000;

/** Gravest last. */
const GRAVITY = 'nuosard';

/** Share of five minutes that a state must hold to count, unless it holds at their end. */
const SHARE = 0.1;

/** Changes of one server that are kept: a server in a crash loop has some each minute. */
const MAX_CHANGES = 2_000;

interface ServerBeats {
  readonly phase: Beat;
  /** Null before the first verdict on the process. */
  readonly health: Beat | null;
  readonly over: readonly string[];
  /** Oldest first; the first holds for all time before it as well. */
  readonly changes: readonly { readonly at: number; readonly beat: Beat }[];
  readonly restarts: readonly number[];
}

export type Heartbeats = ReadonlyMap<string, ServerBeats>;

/** Kinds of events that change a heartbeat. */
type BeatEvent =
  | Pick<EventOf<'transition'>, 'at' | 'kind' | 'server' | 'to'>
  | EventOf<'health'>
  | EventOf<'limit'>
  | Pick<EventOf<'restarted'>, 'at' | 'kind' | 'server'>
  | Pick<EventOf<'server-added'>, 'at' | 'kind' | 'server'>
  | EventOf<'server-removed'>
  | EventOf<'gap'>;

const KINDS: ReadonlySet<string> = new Set<BeatEvent['kind']>([
  'transition',
  'health',
  'limit',
  'restarted',
  'server-added',
  'server-removed',
  'gap',
]);

export function isBeatEvent(event: { readonly kind: string }): event is BeatEvent {
  return KINDS.has(event.kind);
}

/** Returns the heartbeats after an event; the same map where it changes nothing. */
export function reduceHeartbeats(all: Heartbeats, event: BeatEvent): Heartbeats {
  if (event.kind === 'gap') return event.cause === 'sleep' ? slept(all, event) : all;
  const { server, at } = event;
  if (event.kind === 'server-removed') return without(all, server);
  const before = all.get(server) ?? { ...NOTHING, changes: [{ at, beat: 'n' as const }] };
  return new Map(all).set(server, changed(before, event));
}

/** Returns the heartbeats of a watchdog that did not run after `at`: what came later is not known. */
export function endHeartbeats(all: Heartbeats, at: number): Heartbeats {
  return new Map(
    [...all].map(([name, beats]) => {
      const { changes, restarts } = beats;
      return [name, record({ ...NOTHING, changes, restarts }, at)];
    }),
  );
}

/** Counts the restarts of a server after `from`, ms since the epoch; of a crash loop the last 2,000 at most. */
export function restartsSince(beats: ServerBeats | undefined, from: number): number {
  return beats?.restarts.filter((at) => at > from).length ?? 0;
}

/** Returns 72 letters, the oldest first; slots begin at full five minutes, and the last one is not over yet. */
export function lettersOf(beats: ServerBeats | undefined, now: number): string {
  if (beats === undefined) return 'n'.repeat(BEATS);
  const end = (Math.floor(now / BEAT_SPAN) + 1) * BEAT_SPAN;
  return pastLetters(beats, end) + letterOf(beats, end - BEAT_SPAN, now);
}

/** What is over stays as it was until the server changes, and the page asks each second. */
const past = new WeakMap<ServerBeats, { readonly end: number; readonly letters: string }>();

function pastLetters(beats: ServerBeats, end: number): string {
  const known = past.get(beats);
  if (known?.end === end) return known.letters;
  const letters = Array.from({ length: BEATS - 1 }, (_, index) => {
    const from = end - (BEATS - index) * BEAT_SPAN;
    return letterOf(beats, from, from + BEAT_SPAN);
  }).join('');
  past.set(beats, { end, letters });
  return letters;
}

const NOTHING: ServerBeats = { phase: 'n', health: null, over: [], changes: [], restarts: [] };

function changed(
  before: ServerBeats,
  event: Exclude<BeatEvent, { kind: 'gap' | 'server-removed' }>,
): ServerBeats {
  const { at } = event;
  switch (event.kind) {
    case 'server-added':
      return record({ ...before, phase: 'n', health: null, over: [] }, at);
    case 'transition': {
      const phase = phaseBeat(stateName(event.to), event.to, before.phase);
      const isUp = phase === 'u';
      return record(
        { ...before, phase, health: isUp ? before.health : null, over: isUp ? before.over : [] },
        at,
      );
    }
    case 'health':
      return record({ ...before, health: healthBeat(event.health) }, at);
    case 'limit': {
      const others = before.over.filter((one) => one !== event.resource);
      return record({ ...before, over: event.level === 'ok' ? others : [...others, event.resource] }, at);
    }
    case 'restarted':
      return { ...before, restarts: [...before.restarts, at].slice(-MAX_CHANGES) };
    default:
      return event satisfies never;
  }
}

function phaseBeat(
  state: ServerStateName,
  { phase, ...rest }: EventOf<'transition'>['to'],
  before: Beat,
): Beat {
  switch (state) {
    case 'running':
      return 'u';
    case 'starting':
      return 's';
    case 'stopping':
      return rest.wanted === 'down' ? 'o' : before;
    case 'backoff':
    case 'crash_looping':
    case 'needs_attention':
      return 'd';
    case 'idle':
      return 'o';
    case 'stopped':
      return phase === 'stopped' && 'because' in rest && rest.because === 'prevented' ? 'd' : 'o';
    default:
      return state satisfies never;
  }
}

function healthBeat({ up, suspect, unauthorized, wrongHost, unasked }: HealthVerdict): Beat | null {
  if (up === null) return null;
  if (!up) return 'd';
  if (unauthorized || wrongHost === true) return 'a';
  // Of a server with a process, its phase says the rest.
  if (unasked !== undefined) return null;
  return suspect ? 's' : 'u';
}

/** A server that has only a url has no phases: its health is all. */
function beatNow({ phase, health, over }: ServerBeats): Beat {
  if (phase !== 'u' && phase !== 'n') return phase;
  const beat = health ?? phase;
  return beat === 'u' && over.length > 0 ? 's' : beat;
}

function record(beats: ServerBeats, at: number): ServerBeats {
  const { changes } = beats;
  const beat = beatNow(beats);
  return changes.at(-1)?.beat === beat
    ? beats
    : { ...beats, changes: trimmed([...changes, { at, beat }], at) };
}

/** Drops what is older than any slot, but for the change that holds at their beginning. */
function trimmed(changes: ServerBeats['changes'], now: number): ServerBeats['changes'] {
  if (changes.length % 100 !== 0) return changes;
  const from = now - (BEATS + 1) * BEAT_SPAN;
  const first = changes.findLastIndex(({ at }) => at <= from);
  return changes.slice(Math.max(0, first)).slice(-MAX_CHANGES);
}

function without(all: Heartbeats, server: string): Heartbeats {
  const left = new Map(all);
  left.delete(server);
  return left;
}

function slept(all: Heartbeats, { at, duration }: EventOf<'gap'>): Heartbeats {
  return new Map(
    [...all].map(([name, beats]) => {
      const beat = beatNow(beats);
      if (beat === 'n' || beat === 'o') return [name, beats];
      const changes = [...beats.changes, { at: at - duration, beat: 'n' as const }, { at, beat }];
      return [name, { ...beats, changes: trimmed(changes, at) }];
    }),
  );
}

/** The gravest that held for a while, or holds at the end; a restart counts, however short. */
function letterOf({ changes, restarts }: ServerBeats, from: number, until: number): Beat {
  const last = changes.findLast(({ at }) => at < until)?.beat ?? 'n';
  const held = new Map<Beat, number>();
  for (const [index, { at, beat }] of changes.entries()) {
    const begin = Math.max(from, at);
    const end = Math.min(until, changes[index + 1]?.at ?? until);
    if (end > begin) held.set(beat, (held.get(beat) ?? 0) + end - begin);
  }
  const counting = [...held].flatMap(([beat, time]) => (time >= SHARE * BEAT_SPAN ? [beat] : []));
  const isRestarted = restarts.some((at) => at >= from && at < until);
  return [...counting, last, ...(isRestarted ? (['r'] as const) : [])].reduce((a, b) =>
    GRAVITY.indexOf(b) > GRAVITY.indexOf(a) ? b : a,
  );
}
