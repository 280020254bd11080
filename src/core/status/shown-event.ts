// Event as page, monitor and API list it: one line for people, and equal neighbours as one.
import { describeCause, withoutQuotations, withoutQuote } from '../base/cause.ts';
import { neutralise } from '../base/text.ts';
import type { EventKind, EventOf, WatchdogEvent } from '../model/events.ts';
import { eventLine } from './event-line.ts';
import { describeHealth, describeRestart } from './health-summary.ts';

/** `good` and `bad` as a person sees it; `info` for what is neither. */
type EventTone = 'bad' | 'warn' | 'good' | 'info';

export interface ShownEvent {
  /** When it happened last, ms since the epoch. */
  readonly at: number;
  readonly kind: EventKind;
  /** Null for the watchdog itself. */
  readonly server: string | null;
  /** One safe line without the name of the server; what stands in “quotation marks” are words of the server. */
  readonly text: string;
  readonly tone: EventTone;
  /** How often it happened without anything else between. */
  readonly count: number;
  /** When it happened first, ms since the epoch. */
  readonly firstAt: number;
}

type WithSpec = 'server-added' | 'server-changed';

/** An event from the bus, or as the journal has it: without the specification of a server. */
export type RecordedEvent =
  | WatchdogEvent
  | { readonly at: number; readonly kind: WithSpec; readonly server: string };

const TONES = { red: 'bad', yellow: 'warn', green: 'good', cyan: 'info', dim: 'info' } as const;

/** Returns the event for people; null for one that says nothing new. */
export function shownEvent(event: RecordedEvent): ShownEvent | null {
  const { at, kind } = event;
  const line = lineOf(event);
  if (line === null) return null;
  const server = 'server' in event ? event.server : 'about' in event ? event.about : null;
  const { text, tone } = line;
  return { at, kind, server, text: neutralise(text.replaceAll(/\s+/gu, ' ')), tone, count: 1, firstAt: at };
}

interface Line {
  readonly text: string;
  readonly tone: EventTone;
}

function lineOf(event: RecordedEvent): Line | null {
  if (event.kind === 'probed') return ofProbe(event);
  if (event.kind === 'alert') return ofAlert(event);
  if (event.kind === 'health') return ofHealth(event);
  if (event.kind === 'restarted') return { text: `restarted: ${describeRestart(event)}`, tone: 'warn' };
  if (event.kind === 'config-loaded' && event.ok) return { text: 'config loaded', tone: 'info' };
  if (event.kind === 'install-progress') return null;
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- no line is made of the specification
  const line = eventLine(event as WatchdogEvent);
  if (line === null) return null;
  const about = 'server' in event ? event.server : 'about' in event ? event.about : null;
  const name = about === null ? '' : `${about}: `;
  const text = line.text.startsWith(name) ? line.text.slice(name.length) : line.text;
  return { text, tone: line.style === undefined ? 'info' : TONES[line.style] };
}

function ofProbe({ probe, result }: EventOf<'probed'>): Line | null {
  if (result.outcome !== 'failed') return null;
  const { detail, quote = null } = result;
  const cause = withoutQuote(detail, quote);
  return { text: `probe ${probe}: ${describeCause({ cause, quote })}`, tone: 'warn' };
}

function ofAlert({ name, state, summary, severity }: EventOf<'alert'>): Line {
  if (state === 'resolved') return { text: `${name} is over`, tone: 'good' };
  return { text: `${name}: ${summary}`, tone: severity === 'info' ? 'info' : 'bad' };
}

function ofHealth({ health }: EventOf<'health'>): Line | null {
  if (health.up === false)
    return { text: `down: ${describeHealth(health) ?? 'does not answer'}`, tone: 'bad' };
  if (health.unauthorized || health.wrongHost === true)
    return { text: describeHealth(health) ?? 'refuses us', tone: 'bad' };
  return health.up === true && !health.suspect ? { text: 'answers', tone: 'good' } : null;
}

/** Joins neighbours that say the same; `events` are the newest first, or all the oldest first. */
export function foldEvents(events: readonly ShownEvent[]): ShownEvent[] {
  const folded: ShownEvent[] = [];
  for (const event of events) {
    const last = folded.at(-1);
    if (last === undefined || !isSame(last, event)) folded.push(event);
    else folded[folded.length - 1] = joined(last, event);
  }
  return folded;
}

function isSame(a: ShownEvent, b: ShownEvent): boolean {
  return a.kind === b.kind && a.server === b.server && a.text === b.text;
}

function joined(a: ShownEvent, b: ShownEvent): ShownEvent {
  return {
    ...a,
    at: Math.max(a.at, b.at),
    firstAt: Math.min(a.firstAt, b.firstAt),
    count: a.count + b.count,
  };
}

/** Returns the event without the words of servers and without the places of `hidden`. */
export function publicEvent(event: ShownEvent, hide: (text: string) => string): ShownEvent {
  return { ...event, text: hide(withoutQuotations(event.text)) };
}
