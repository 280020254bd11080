// Decision who delivers alerts: Prometheus with Alertmanager, Alertmanager fed by us, or our own channels.
// A fold over signals of the two engines. The three links of their chain are judged one by one, each slow to be lost and slow to
// be found again, so that a single missed scrape changes nothing.
import { DELIVERY_OWNERS, type DeliveryOwner } from '../model/vocabulary.ts';

/** `at` in awake ms: sleep of the machine does not count as silence. */
export type DeliveryInput =
  /**
   * The metrics were read: the configured Prometheus has our samples, or, without one, a scraper says that it is one that
   * evaluates rules. The latter proves nothing, and alone changes nothing.
   */
  | { readonly kind: 'scraped'; readonly at: number }
  /** The configured Prometheus was asked and does not read our metrics, or does not evaluate our rules. `trouble`: for people. */
  | { readonly kind: 'not-scraped'; readonly at: number; readonly trouble: string }
  /** The alert that always fires arrived: with the token, or at the configured Alertmanager when we asked it. */
  | { readonly kind: 'heartbeat'; readonly at: number }
  /** A webhook message carried the token. */
  | { readonly kind: 'accepted'; readonly at: number }
  /** A message that wants our channels to send it was refused, because it did not carry the token. */
  | { readonly kind: 'refused'; readonly at: number }
  /** Alertmanager was polled; `isReady` is false also when it refused our post. `trouble`: the problem, for people. */
  | {
      readonly kind: 'asked';
      readonly at: number;
      readonly isReady: boolean;
      readonly trouble?: string | null;
    }
  | { readonly kind: 'woke'; readonly at: number }
  | { readonly kind: 'tick'; readonly at: number };

export interface DeliverySettings {
  /** An Alertmanager is configured, so that it is polled and can be posted to. */
  readonly hasAlertmanager: boolean;
  /** A Prometheus is configured, so that it is asked whether it reads our metrics; what scrapers say of themselves is ignored. */
  readonly hasPrometheus: boolean;
  /** A token is configured that webhook messages must carry. */
  readonly hasToken: boolean;
}

/** Tells whether anything could prove that Prometheus and Alertmanager deliver; without, they never own delivery. */
export function isEngineProvable({ hasAlertmanager, hasPrometheus, hasToken }: DeliverySettings): boolean {
  return hasToken || (hasAlertmanager && hasPrometheus);
}

/** A signal that recurs, with its observed interval. */
interface PeriodicSignal {
  /** Awake ms; null for never. */
  readonly lastAt: number | null;
  /** The latest intervals, ms. */
  readonly gaps: readonly number[];
  readonly isAlive: boolean;
  /** Consecutive on-time signals; counted only while it is not alive. */
  readonly good: number;
  /** False while it is only assumed alive, because an earlier daemon saw it. */
  readonly isSeen: boolean;
}

export interface DeliveryState {
  readonly owner: DeliveryOwner;
  readonly scrapes: PeriodicSignal;
  readonly heartbeats: PeriodicSignal;
  readonly alertmanager: {
    readonly isAlive: boolean;
    /** Consecutive polls that contradict `isAlive`. */
    readonly against: number;
    /** Last time that it was ready, awake ms; null for never. */
    readonly lastAt: number | null;
    /** Its last problem, for people; null for none, or not known. */
    readonly trouble: string | null;
  };
  /** Why the configured Prometheus does not prove that it reads our metrics, for people; null for nothing known. */
  readonly scrapeTrouble: string | null;
  /** When a message for our channels was last refused, awake ms; null for never, or once one carried the token. */
  readonly refusedAt: number | null;
  /** No owner is demoted before this time, awake ms. */
  readonly heldUntil: number;
}

interface DeliveryVerdict {
  readonly owner: DeliveryOwner;
  readonly state: DeliveryState;
  /** Why the engine does not deliver, for people; empty when it does. */
  readonly reasons: readonly string[];
}

/** Time that the engines get after a wake and after our own start, ms. */
export const DELIVERY_GRACE = 75_000;
/** Consecutive on-time signals after which a lost engine counts as alive again. */
const SIGNALS_TO_RECOVER = 2;
/**
 * Time after a refused message for which we deliver ourselves: Alertmanager counts on our channels and cannot use them, ms.
 * It sends again after each `group_interval`, 5 minutes by default.
 */
export const REFUSAL_HOLDS = 3_600_000;
/** Consecutive failed polls after which Alertmanager counts as lost. */
const POLLS_TO_LOSE = 3;
/**
 * `missed`: intervals without a signal after which it is lost; `unlearnt`: the same in ms while the interval is not
 * known.
 */
interface SignalLimits {
  readonly missed: number;
  readonly unlearnt: number;
}

/** Three missed scrapes, two missed heartbeats, and some slack. */
const SCRAPES: SignalLimits = { missed: 3.5, unlearnt: 90_000 };
const HEARTBEATS: SignalLimits = { missed: 2.5, unlearnt: 300_000 };
/** Intervals after which the typical one counts as known. */
const LEARNT_BY = 2;
/** Bounds of the silence that is tolerated, ms: even with short intervals a busy machine is not taken for a dead one. */
const LEAST_SILENCE = 5000;
const MOST_SILENCE = 900_000;
const GAPS_KEPT = 5;

const NEVER: PeriodicSignal = { lastAt: null, gaps: [], isAlive: false, good: 0, isSeen: false };

/**
 * Starts the decision.
 *
 * @param was owner when the last daemon ended: it is assumed alive for `DELIVERY_GRACE`
 */
export function beginDelivery(
  { at, was }: { readonly at: number; readonly was: DeliveryOwner },
  settings: DeliverySettings,
): DeliveryState {
  const { hasAlertmanager } = settings;
  const isEngine = was === 'engine' && isEngineProvable(settings);
  const signal: PeriodicSignal = isEngine ? { ...NEVER, lastAt: at, isAlive: true } : NEVER;
  const isAssumed = isEngine || (was !== 'us' && hasAlertmanager);
  return {
    owner: isEngine ? 'engine' : isAssumed ? 'alertmanager-by-us' : 'us',
    scrapes: signal,
    heartbeats: signal,
    alertmanager: { isAlive: isAssumed && hasAlertmanager, against: 0, lastAt: null, trouble: null },
    scrapeTrouble: null,
    refusedAt: null,
    heldUntil: isAssumed ? at + DELIVERY_GRACE : at,
  };
}

/** Resets what is known of Alertmanager after the config named another one, and gives it time to answer. */
export function withNewAlertmanager(state: DeliveryState, at: number): DeliveryState {
  // The last contact with the former one still counts: it has sent what it had by then.
  const { lastAt } = state.alertmanager;
  const alertmanager = { isAlive: false, against: 0, lastAt, trouble: null };
  return { ...state, alertmanager, heldUntil: Math.max(state.heldUntil, at + DELIVERY_GRACE) };
}

/** Takes in one input, which may be time alone, and decides who delivers. */
export function decideDelivery(
  before: DeliveryState,
  input: DeliveryInput,
  settings: DeliverySettings,
): DeliveryVerdict {
  const state = judged(takeIn(before, input), input.at);
  const isRefused = isRefusing(state, settings, input.at);
  const best = isRefused ? 'us' : ownerBy(state, settings);
  const isWorse = rank(best) < rank(before.owner);
  // An owner that the config no longer has is not kept.
  const isThere = before.owner === 'engine' ? isEngineProvable(settings) : settings.hasAlertmanager;
  const isHeld = isWorse && isThere && !isRefused && input.at < state.heldUntil;
  const owner = isHeld ? before.owner : best;
  const reasons = isRefused ? [refusalReason(settings)] : reasonsOf(state, owner, settings);
  return { owner, state: { ...state, owner }, reasons };
}

/** Returns the last time at which the whole chain of this owner is known to have worked, awake ms; null for never. */
export function lastContact(state: DeliveryState, { hasAlertmanager }: DeliverySettings): number | null {
  const { owner, scrapes, heartbeats, alertmanager } = state;
  if (owner === 'us') return null;
  if (owner === 'alertmanager-by-us') return alertmanager.lastAt;
  const links = [seenAt(scrapes), seenAt(heartbeats), ...(hasAlertmanager ? [alertmanager.lastAt] : [])];
  return links.reduce((least, at) => (least === null || at === null ? null : Math.min(least, at)));
}

function seenAt({ isSeen, lastAt }: PeriodicSignal): number | null {
  return isSeen ? lastAt : null;
}

function takeIn(state: DeliveryState, input: DeliveryInput): DeliveryState {
  switch (input.kind) {
    case 'scraped':
      return { ...state, scrapes: beat(state.scrapes, input.at, SCRAPES), scrapeTrouble: null };
    case 'not-scraped':
      return { ...state, scrapeTrouble: input.trouble };
    case 'heartbeat':
      return { ...state, heartbeats: beat(state.heartbeats, input.at, HEARTBEATS) };
    case 'accepted':
      return { ...state, refusedAt: null };
    case 'refused':
      return { ...state, refusedAt: input.at };
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

function beat(signal: PeriodicSignal, at: number, limits: SignalLimits): PeriodicSignal {
  const { lastAt, gaps, isAlive } = signal;
  const gap = lastAt === null ? Infinity : at - lastAt;
  const isInTime = gap <= (gaps.length < LEARNT_BY ? 2 * limits.unlearnt : silenceAllowed(gaps, limits));
  const good = isAlive ? 0 : isInTime ? signal.good + 1 : 1;
  return {
    lastAt: at,
    // After an outage the interval may be another one.
    gaps: isInTime ? [...gaps, gap].slice(-GAPS_KEPT) : [],
    isAlive: isAlive || good >= SIGNALS_TO_RECOVER,
    good,
    isSeen: true,
  };
}

function answered(
  { isAlive, against, lastAt }: DeliveryState['alertmanager'],
  { at, isReady, trouble = null }: Extract<DeliveryInput, { kind: 'asked' }>,
): DeliveryState['alertmanager'] {
  const latest = { lastAt: isReady ? at : lastAt, trouble };
  if (isReady === isAlive) return { ...latest, isAlive, against: 0 };
  const isEnough = against + 1 >= (isAlive ? POLLS_TO_LOSE : SIGNALS_TO_RECOVER);
  return isEnough
    ? { ...latest, isAlive: isReady, against: 0 }
    : { ...latest, isAlive, against: against + 1 };
}

/** Ends a signal that is overdue, except while the machine wakes up. */
function judged(state: DeliveryState, at: number): DeliveryState {
  if (at < state.heldUntil) return state;
  const { scrapes, heartbeats } = state;
  return {
    ...state,
    scrapes: stillAlive(scrapes, at, silenceAllowed(scrapes.gaps, SCRAPES)),
    heartbeats: stillAlive(heartbeats, at, silenceAllowed(heartbeats.gaps, HEARTBEATS)),
  };
}

function stillAlive(signal: PeriodicSignal, at: number, allowed: number): PeriodicSignal {
  if (!signal.isAlive || signal.lastAt === null || at - signal.lastAt <= allowed) return signal;
  return { ...signal, isAlive: false, good: 0 };
}

/** Returns the silence after which the signal is lost, ms. */
function silenceAllowed(gaps: readonly number[], { missed, unlearnt }: SignalLimits): number {
  const typical = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  const allowed = Math.min(MOST_SILENCE, Math.max(LEAST_SILENCE, missed * typical));
  // A single interval may be a coincidence: a page read by hand, a restart.
  return gaps.length < LEARNT_BY ? Math.max(unlearnt, allowed) : allowed;
}

/**
 * Tells whether somebody counts on our channels and is refused: then we deliver, so that nothing is lost. While heartbeats
 * carry the token, a refused stranger changes nothing.
 */
function isRefusing(
  { refusedAt, heartbeats }: DeliveryState,
  { hasToken }: DeliverySettings,
  at: number,
): boolean {
  if (refusedAt === null || at - refusedAt >= REFUSAL_HOLDS) return false;
  return !(hasToken && heartbeats.isAlive);
}

function ownerBy(state: DeliveryState, settings: DeliverySettings): DeliveryOwner {
  const { hasAlertmanager } = settings;
  const { scrapes, heartbeats, alertmanager } = state;
  const isReady = !hasAlertmanager || alertmanager.isAlive;
  if (isEngineProvable(settings) && scrapes.isAlive && heartbeats.isAlive && isReady) return 'engine';
  return hasAlertmanager && alertmanager.isAlive ? 'alertmanager-by-us' : 'us';
}

function rank(owner: DeliveryOwner): number {
  return DELIVERY_OWNERS.indexOf(owner);
}

/** Reason where neither engine is used: the usual state, not worth a message. */
const NOBODY_KNOWN = 'no Prometheus and no Alertmanager is known';

/** True when no engine could deliver, now or before. */
export function isDeliveredByUsAlone({
  owner,
  reasons,
}: {
  readonly owner: DeliveryOwner;
  readonly reasons: readonly string[];
}): boolean {
  // Without a reason nothing has been decided yet.
  return owner === 'us' && (reasons.length === 0 || reasons.includes(NOBODY_KNOWN));
}

/** Explains for people why the engine does not deliver; empty when it does. */
function reasonsOf(
  { scrapes, heartbeats, alertmanager, scrapeTrouble }: DeliveryState,
  owner: DeliveryOwner,
  settings: DeliverySettings,
): string[] {
  if (owner === 'engine') return [];
  const { hasAlertmanager, hasPrometheus, hasToken } = settings;
  const wasHeard = hasPrometheus || hasToken || scrapes.lastAt !== null || heartbeats.lastAt !== null;
  if (!hasAlertmanager && !wasHeard) return [NOBODY_KNOWN];
  // The likely cause of the others comes first: a terminal is narrow.
  return [
    ...(!hasAlertmanager || alertmanager.isAlive ? [] : [ofAlertmanager(alertmanager)]),
    ...(scrapes.isAlive ? [] : [ofScrapes(scrapes, scrapeTrouble)]),
    ...(!isEngineProvable(settings)
      ? [missingProof(settings)]
      : heartbeats.isAlive
        ? []
        : [ofHeartbeats(heartbeats)]),
  ];
}

function ofAlertmanager({ against, trouble }: DeliveryState['alertmanager']): string {
  if (against > 0) return 'Alertmanager has only just become ready';
  return `Alertmanager is not ready${trouble === null ? '' : ` (${trouble})`}`;
}

function missingProof({ hasAlertmanager }: DeliverySettings): string {
  const keys = hasAlertmanager ? 'neither alerts.prometheus.url nor' : 'no';
  return `nothing proves that Prometheus and Alertmanager deliver (${keys} alerts.webhookToken)`;
}

function refusalReason({ hasToken }: DeliverySettings): string {
  const cause = hasToken ? 'without the right token' : 'but alerts.webhookToken is not set';
  return `${REFUSED}, ${cause}`;
}

const REFUSED = 'messages to /api/v1/alertmanager?tell=yes arrive';

/** True when we deliver because messages for our channels are refused. */
export function isDeliveredForRefusals(reasons: readonly string[]): boolean {
  return reasons.some((reason) => reason.startsWith(REFUSED));
}

function ofScrapes({ lastAt, good }: PeriodicSignal, trouble: string | null): string {
  if (trouble !== null) return `Prometheus does not read the metrics (${trouble})`;
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
