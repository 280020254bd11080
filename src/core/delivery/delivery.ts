// Delivery decision: who notifies the person of alerts (Prometheus with Alertmanager, Alertmanager fed by us, or our own channels), and why.
// A fold over signals of the two. The three links of their chain are judged one by one, each slow to be lost and slow to
// be found again, so that a single missed scrape changes nothing.
import { DELIVERY_OWNERS, type DeliveryOwner } from '../model/vocabulary.ts';

/** `at` in awake ms: nothing is missed while the machine sleeps. */
export type DeliveryInput =
  /** Somebody who evaluates rules, or forwards to one who does, has read /metrics. */
  | { readonly kind: 'scraped'; readonly at: number }
  /** The alert that always fires came back to us. */
  | { readonly kind: 'heartbeat'; readonly at: number }
  /** Alertmanager was asked; `false` also when it refused what we posted. `trouble`: what was wrong, for people. */
  | {
      readonly kind: 'asked';
      readonly at: number;
      readonly isReady: boolean;
      readonly trouble?: string | null;
    }
  | { readonly kind: 'woke'; readonly at: number }
  | { readonly kind: 'tick'; readonly at: number };

export interface DeliverySettings {
  /** An Alertmanager is configured, so that it is asked and can be posted to. */
  readonly hasAlertmanager: boolean;
}

/** Something that comes again and again, and how often, as far as that was seen. */
export interface PeriodicSignal {
  /** Awake ms; null for never. */
  readonly lastAt: number | null;
  /** The latest intervals, ms. */
  readonly gaps: readonly number[];
  readonly isAlive: boolean;
  /** In time, one after the other; only what is not alive is counted. */
  readonly good: number;
  /** False while it is only believed in, because an earlier daemon heard it. */
  readonly isHeard: boolean;
}

export interface DeliveryState {
  readonly owner: DeliveryOwner;
  readonly scrapes: PeriodicSignal;
  readonly heartbeats: PeriodicSignal;
  readonly alertmanager: {
    readonly isAlive: boolean;
    /** Answers in a row that say the opposite. */
    readonly against: number;
    /** The last time that it was ready, awake ms; null for never. */
    readonly lastAt: number | null;
    /** What was wrong with it last, for people; null for nothing, or not known. */
    readonly trouble: string | null;
  };
  /** Until then nothing becomes worse, awake ms. */
  readonly heldUntil: number;
}

export interface DeliveryVerdict {
  readonly owner: DeliveryOwner;
  readonly state: DeliveryState;
  /** Why it is not the engine, for people; empty when it is. */
  readonly reasons: readonly string[];
}

/** After a wake, and after our own start, others need time as well, ms. */
export const DELIVERY_GRACE = 75_000;
/** So many in a row bring back what was lost. */
const GOOD_ENOUGH = 2;
/** So many refusals in a row lose Alertmanager. */
const REFUSALS = 3;
/** `missed`: intervals without a sign after which it is lost; `unlearnt`: ms, as long as the interval is not known. */
interface Rhythm {
  readonly missed: number;
  readonly unlearnt: number;
}

/** Three missed, two missed, and some slack. */
const SCRAPES: Rhythm = { missed: 3.5, unlearnt: 90_000 };
const HEARTBEATS: Rhythm = { missed: 2.5, unlearnt: 300_000 };
const LEARNT_BY = 2;
/** Bounds of the patience, ms: no interval is so short that a busy machine must be taken for a dead one. */
const LEAST_PATIENCE = 5000;
const MOST_PATIENCE = 900_000;
const GAPS_KEPT = 5;

const NEVER: PeriodicSignal = { lastAt: null, gaps: [], isAlive: false, good: 0, isHeard: false };

/** @param was who delivered when an earlier daemon ended: it is believed in for as long as a wake takes */
export function beginDelivery(
  { at, was }: { readonly at: number; readonly was: DeliveryOwner },
  { hasAlertmanager }: DeliverySettings,
): DeliveryState {
  const pulse: PeriodicSignal = was === 'engine' ? { ...NEVER, lastAt: at, isAlive: true } : NEVER;
  const isBelieved = was === 'engine' || (was === 'alertmanager-by-us' && hasAlertmanager);
  return {
    owner: isBelieved ? was : 'us',
    scrapes: pulse,
    heartbeats: pulse,
    alertmanager: { isAlive: isBelieved && hasAlertmanager, against: 0, lastAt: null, trouble: null },
    heldUntil: isBelieved ? at + DELIVERY_GRACE : at,
  };
}

/** Another Alertmanager, or none, is configured: it has to prove itself, and is given time for that. */
export function withNewAlertmanager(state: DeliveryState, at: number): DeliveryState {
  // When the one before last worked is still needed: what it had by then, it has told.
  const { lastAt } = state.alertmanager;
  const alertmanager = { isAlive: false, against: 0, lastAt, trouble: null };
  return { ...state, alertmanager, heldUntil: Math.max(state.heldUntil, at + DELIVERY_GRACE) };
}

/** What follows from one piece of news, or from time alone. */
export function decideDelivery(
  before: DeliveryState,
  input: DeliveryInput,
  settings: DeliverySettings,
): DeliveryVerdict {
  const state = judged(learn(before, input), input.at);
  const wanted = ownerBy(state, settings);
  const isWorse = rank(wanted) < rank(before.owner);
  // An owner that the config no longer has is not kept.
  const isThere = before.owner === 'engine' || settings.hasAlertmanager;
  const isHeld = isWorse && isThere && input.at < state.heldUntil;
  const owner = isHeld ? before.owner : wanted;
  return { owner, state: { ...state, owner }, reasons: reasonsOf(state, owner, settings) };
}

/** The last moment at which the whole chain of this owner is known to have worked, awake ms; null for never. */
export function lastContact(state: DeliveryState, { hasAlertmanager }: DeliverySettings): number | null {
  const { owner, scrapes, heartbeats, alertmanager } = state;
  if (owner === 'us') return null;
  if (owner === 'alertmanager-by-us') return alertmanager.lastAt;
  const links = [heardAt(scrapes), heardAt(heartbeats), ...(hasAlertmanager ? [alertmanager.lastAt] : [])];
  return links.reduce((least, at) => (least === null || at === null ? null : Math.min(least, at)));
}

function heardAt({ isHeard, lastAt }: PeriodicSignal): number | null {
  return isHeard ? lastAt : null;
}

function learn(state: DeliveryState, input: DeliveryInput): DeliveryState {
  switch (input.kind) {
    case 'scraped':
      return { ...state, scrapes: beat(state.scrapes, input.at, SCRAPES) };
    case 'heartbeat':
      return { ...state, heartbeats: beat(state.heartbeats, input.at, HEARTBEATS) };
    case 'asked':
      return { ...state, alertmanager: answered(state.alertmanager, input) };
    case 'woke':
      return { ...state, heldUntil: input.at + DELIVERY_GRACE };
    case 'tick':
      return state;
    default:
      return input satisfies never;
  }
}

function beat(pulse: PeriodicSignal, at: number, rhythm: Rhythm): PeriodicSignal {
  const { lastAt, gaps, isAlive } = pulse;
  const gap = lastAt === null ? Infinity : at - lastAt;
  const isInTime = gap <= (gaps.length < LEARNT_BY ? 2 * rhythm.unlearnt : patienceWith(gaps, rhythm));
  const good = isAlive ? 0 : isInTime ? pulse.good + 1 : 1;
  return {
    lastAt: at,
    // After an outage the rhythm may be another one.
    gaps: isInTime ? [...gaps, gap].slice(-GAPS_KEPT) : [],
    isAlive: isAlive || good >= GOOD_ENOUGH,
    good,
    isHeard: true,
  };
}

function answered(
  { isAlive, against, lastAt }: DeliveryState['alertmanager'],
  { at, isReady, trouble = null }: Extract<DeliveryInput, { kind: 'asked' }>,
): DeliveryState['alertmanager'] {
  const news = { lastAt: isReady ? at : lastAt, trouble };
  if (isReady === isAlive) return { ...news, isAlive, against: 0 };
  const isEnough = against + 1 >= (isAlive ? REFUSALS : GOOD_ENOUGH);
  return isEnough ? { ...news, isAlive: isReady, against: 0 } : { ...news, isAlive, against: against + 1 };
}

/** Time alone ends a pulse; not while things wake up. */
function judged(state: DeliveryState, at: number): DeliveryState {
  if (at < state.heldUntil) return state;
  const { scrapes, heartbeats } = state;
  return {
    ...state,
    scrapes: stillAlive(scrapes, at, patienceWith(scrapes.gaps, SCRAPES)),
    heartbeats: stillAlive(heartbeats, at, patienceWith(heartbeats.gaps, HEARTBEATS)),
  };
}

function stillAlive(pulse: PeriodicSignal, at: number, patience: number): PeriodicSignal {
  if (!pulse.isAlive || pulse.lastAt === null || at - pulse.lastAt <= patience) return pulse;
  return { ...pulse, isAlive: false, good: 0 };
}

/** Ms without a sign after which it is lost. */
function patienceWith(gaps: readonly number[], { missed, unlearnt }: Rhythm): number {
  const typical = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  const patience = Math.min(MOST_PATIENCE, Math.max(LEAST_PATIENCE, missed * typical));
  // One interval may be chance: a page that was read by hand, a restart.
  return gaps.length < LEARNT_BY ? Math.max(unlearnt, patience) : patience;
}

function ownerBy(state: DeliveryState, { hasAlertmanager }: DeliverySettings): DeliveryOwner {
  const { scrapes, heartbeats, alertmanager } = state;
  const isReady = !hasAlertmanager || alertmanager.isAlive;
  if (scrapes.isAlive && heartbeats.isAlive && isReady) return 'engine';
  return hasAlertmanager && alertmanager.isAlive ? 'alertmanager-by-us' : 'us';
}

function rank(owner: DeliveryOwner): number {
  return DELIVERY_OWNERS.indexOf(owner);
}

/** The usual state of who uses neither: there is nothing to say about it. */
const NOBODY_KNOWN = 'no Prometheus and no Alertmanager is known';

/** There is nobody else who could, nor was there anybody. */
export function isDeliveredByUsAlone({
  owner,
  reasons,
}: {
  readonly owner: DeliveryOwner;
  readonly reasons: readonly string[];
}): boolean {
  // Without any reason nothing was decided yet.
  return owner === 'us' && (reasons.length === 0 || reasons.includes(NOBODY_KNOWN));
}

/** For people; empty when it is the engine. */
export function reasonsOf(
  { scrapes, heartbeats, alertmanager }: DeliveryState,
  owner: DeliveryOwner,
  { hasAlertmanager }: DeliverySettings,
): string[] {
  if (owner === 'engine') return [];
  const wasHeard = scrapes.lastAt !== null || heartbeats.lastAt !== null;
  if (!hasAlertmanager && !wasHeard) return [NOBODY_KNOWN];
  // What the others may follow from comes first: a terminal is not wide.
  return [
    ...(!hasAlertmanager || alertmanager.isAlive ? [] : [ofAlertmanager(alertmanager)]),
    ...(scrapes.isAlive ? [] : [ofScrapes(scrapes)]),
    ...(heartbeats.isAlive ? [] : [ofHeartbeats(heartbeats)]),
  ];
}

function ofAlertmanager({ against, trouble }: DeliveryState['alertmanager']): string {
  if (against > 0) return 'Alertmanager has only just become ready';
  return `Alertmanager is not ready${trouble === null ? '' : ` (${trouble})`}`;
}

function ofScrapes({ lastAt, good }: PeriodicSignal): string {
  if (lastAt === null) return 'Prometheus has not read the metrics yet';
  return good > 0
    ? 'Prometheus has only just begun to read the metrics'
    : 'Prometheus no longer reads the metrics';
}

function ofHeartbeats({ lastAt, good }: PeriodicSignal): string {
  if (lastAt === null) return 'no heartbeat of Alertmanager has arrived yet';
  return good > 0
    ? 'the heartbeat of Alertmanager has only just begun'
    : 'the heartbeat of Alertmanager no longer arrives';
}

/** `Alerts are delivered by the watchdog: no Prometheus and no Alertmanager is known`. */
export function describeDelivery({
  owner,
  reasons,
}: {
  readonly owner: DeliveryOwner;
  readonly reasons: readonly string[];
}): string {
  const why = reasons.length === 0 ? '' : `: ${reasons.join(', ')}`;
  return `Alerts are delivered by ${DELIVERERS[owner]}${why}`;
}

const DELIVERERS: Readonly<Record<DeliveryOwner, string>> = {
  engine: 'Prometheus and Alertmanager',
  'alertmanager-by-us': 'Alertmanager, which gets them from the watchdog',
  us: 'the watchdog',
};
