// State of the notification policy: one record per alert, the inhibition rules, and which records are due under the rate limit.
import { indexInhibitors, type InhibitRule } from './inhibition.ts';
import type { Routing } from './routing.ts';
import { type AlertChange, alertKey } from '../model/notification.ts';
import { SEVERITIES, type Severity } from '../model/vocabulary.ts';

/** Persistent memory of the policy. Times in ms since the epoch: they outlive the daemon. */
export interface NotificationState {
  readonly records: ReadonlyMap<string, AlertRecord>;
  /** When the group that is being collected may be sent; null when none is. */
  readonly collectedAt: number | null;
  /** After a wake: until then nothing is sent. */
  readonly heldUntil: number;
  /** When the latest notifications were made, oldest first, as far back as limits look. */
  readonly sentAt: readonly number[];
  /** Alerts that came and went unreported since the last notification. */
  readonly swallowed: number;
  /** Others deliver: we only send what Alertmanager forwards to us, and the end of what we sent. */
  readonly isMuted: boolean;
  /** The latest moment seen: it reveals a clock that was set back. */
  readonly at: number;
}

/** History of one alert towards the person. */
export interface AlertRecord {
  readonly alert: AlertChange;
  /** Found by our own rules. Others are known to Alertmanager alone, their end included. */
  readonly isOwn: boolean;
  /** When it began to fire. */
  readonly since: number;
  /** The last notification about it; null for none. */
  readonly notified: {
    readonly state: AlertChange['state'];
    readonly severity: Severity;
    readonly at: number;
    readonly by: NotifiedBy;
  } | null;
  /**
   * State that Alertmanager asked us to notify of, and that is not sent yet; null for none. `resolved` waits for our own
   * rules while they still find the alert.
   */
  readonly forwarded: AlertChange['state'] | null;
  /** Changes since the last notification. */
  readonly unreported: number;
  /** Since when another alert inhibits it, that one's end included; null when none does. */
  readonly inhibitedSince: number | null;
}

/**
 * Who notified: we, we on behalf of Alertmanager, or Alertmanager through receivers of its own. The first also reports
 * the end.
 */
export const NOTIFIED_BY = ['us', 'relay', 'others'] as const;
type NotifiedBy = (typeof NOTIFIED_BY)[number];

/** Settings of the policy. Durations in ms. */
export interface NotificationRules {
  /** An alert that still fires is repeated this long after its last notification. */
  readonly repeatEvery: number;
  /** Which alerts wait for others, how rarely `info` is repeated, and which inhibit others, as in Alertmanager. */
  readonly routing: Routing;
  /** Whether a silence of Alertmanager matches it, as of `at`. */
  readonly isSilenced?: (alert: AlertChange, at: number) => boolean;
}

/** Alerts about a single past event: they have no end worth a notification. */
const ONE_TIME_ALERTS: ReadonlySet<string> = new Set([
  'McpServerVersionChanged',
  'McpServerUpdateRolledBack',
]);

export function isOneTimeAlert({ name }: { readonly name: string }): boolean {
  return ONE_TIME_ALERTS.has(name);
}

export const EMPTY_NOTIFICATION_STATE: NotificationState = {
  records: new Map(),
  collectedAt: null,
  heldUntil: -Infinity,
  sentAt: [],
  swallowed: 0,
  isMuted: false,
  at: -Infinity,
};

/** Record of an alert that was never seen before. */
export function newAlertRecord(alert: AlertChange, at: number): AlertRecord {
  const resolved = { ...alert, state: 'resolved' as const };
  return {
    alert: resolved,
    isOwn: false,
    since: at,
    notified: null,
    forwarded: null,
    unreported: 0,
    inhibitedSince: null,
  };
}

export function withRecord(
  { records }: NotificationState,
  record: AlertRecord,
): NotificationState['records'] {
  return new Map(records).set(alertKey(record.alert), record);
}

export function isMoreSevere(one: { severity: Severity }, other: { severity: Severity }): boolean {
  return SEVERITIES.indexOf(one.severity) > SEVERITIES.indexOf(other.severity);
}

export function isMoreSevereThanNotified({ alert, notified }: AlertRecord): boolean {
  return notified !== null && isMoreSevere(alert, notified);
}

/** Alerts of our own that fire now and inhibit this one; of others Alertmanager has already decided. */
export function inhibitorsOf(
  alert: AlertChange,
  { records }: NotificationState,
  { routing: { inhibitRules } }: NotificationRules,
): readonly AlertRecord[] {
  const known = indices.get(records);
  if (known?.rules === inhibitRules) return known.find(alert);
  const firing = [...records.values()].filter((record) => record.isOwn && record.alert.state === 'firing');
  const find = indexInhibitors(
    firing.map((record) => [record.alert, record] as const),
    inhibitRules,
  );
  indices.set(records, { rules: inhibitRules, find });
  return find(alert);
}

/** One index for each state of the records: they are never changed in place once they are asked about. */
const indices = new WeakMap<
  NotificationState['records'],
  { readonly rules: readonly InhibitRule[]; readonly find: (alert: AlertChange) => readonly AlertRecord[] }
>();

/**
 * Moves `state` to `at`. A clock that was set back moves all times with it, so that it does not keep us silent until it
 * has caught up.
 */
export function atTime(state: NotificationState, at: number): NotificationState {
  if (at >= state.at) return { ...state, at };
  const back = state.at - at;
  const records = [...state.records].map(([key, record]) => [key, movedBack(record, back)] as const);
  return {
    ...state,
    at,
    records: new Map(records),
    collectedAt: state.collectedAt === null ? null : state.collectedAt - back,
    heldUntil: state.heldUntil - back,
    sentAt: state.sentAt.map((moment) => moment - back),
  };
}

function movedBack(record: AlertRecord, back: number): AlertRecord {
  const { since, notified, inhibitedSince } = record;
  return {
    ...record,
    since: since - back,
    notified: notified && { ...notified, at: notified.at - back },
    inhibitedSince: inhibitedSince === null ? null : inhibitedSince - back,
  };
}

/** Least time between two notifications of one alert, unless it is resolved or has become more severe, ms. */
export const MIN_INTERVAL = 5 * 60_000;

/** Least time before an alert is repeated, ms: as in Alertmanager, and so a week for `info`. */
function leastRepeat({ severity }: AlertChange, { routing }: NotificationRules): number {
  return severity === 'info' ? routing.repeatInterval.info : MIN_INTERVAL;
}

/**
 * Rate limit: at most `MAX_IN_WINDOW` notifications in any `RATE_WINDOW` (ms); the last ones are kept for critical
 * alerts.
 */
export const RATE_WINDOW = 10 * 60_000;
export const MAX_IN_WINDOW = 6;
export const MAX_UNLESS_CRITICAL = 4;

/** Records that are due for a notification now, before the rate limit. */
export function dueRecords(state: NotificationState, rules: NotificationRules): AlertRecord[] {
  return [...state.records.values()].filter((record) => dueAt(record, state, rules) <= state.at);
}

/** Time at which the next record is due, ms since the epoch; Infinity for never. */
export function nextDueAt(state: NotificationState, rules: NotificationRules): number {
  return [...state.records.values()].reduce(
    (next, record) => Math.min(next, dueAt(record, state, rules)),
    Infinity,
  );
}

function dueAt(record: AlertRecord, state: NotificationState, rules: NotificationRules): number {
  const { alert, notified, forwarded } = record;
  if (alert.state === 'resolved') {
    const isOwed =
      notified?.state === 'firing' && (!state.isMuted || notified.by === 'us' || forwarded === 'resolved');
    return isOwed ? -Infinity : Infinity;
  }
  // Alertmanager has already applied inhibition and silences, and repeats its own alerts, or their end, itself.
  if (forwarded !== 'firing' && (!record.isOwn || isWithheld(alert, state, rules))) return Infinity;
  return dueWhileFiring(record, rules);
}

function isWithheld(alert: AlertChange, state: NotificationState, rules: NotificationRules): boolean {
  if (state.isMuted || inhibitorsOf(alert, state, rules).length > 0) return true;
  return rules.isSilenced?.(alert, state.at) === true;
}

function dueWhileFiring(record: AlertRecord, rules: NotificationRules): number {
  const { notified, inhibitedSince, alert } = record;
  const usual = Math.max(MIN_INTERVAL, rules.repeatEvery);
  const again = Math.max(leastRepeat(alert, rules), usual);
  const earliest = Math.max(
    earliestRepeat(record),
    inhibitedSince === null ? -Infinity : inhibitedSince + usual,
  );
  if (notified?.state !== 'firing') return earliest;
  return isMoreSevereThanNotified(record) ? -Infinity : Math.max(earliest, notified.at + again);
}

function earliestRepeat({ notified }: AlertRecord): number {
  return notified === null ? -Infinity : notified.at + MIN_INTERVAL;
}

/** Times of the notifications within the last `RATE_WINDOW`. */
export function recentlySent({ sentAt, at }: NotificationState): number[] {
  return sentAt.filter((moment) => at - moment < RATE_WINDOW);
}

/** Number of notifications that the rate limit leaves now. */
export function roomFor(due: readonly AlertRecord[], state: NotificationState): number {
  return Math.max(0, limitFor(due) - recentlySent(state).length);
}

/** Time at which the rate limit allows one, ms since the epoch; -Infinity for now. */
export function roomAt(due: readonly AlertRecord[], state: NotificationState): number {
  const oldest = recentlySent(state).at(-limitFor(due));
  return oldest === undefined ? -Infinity : oldest + RATE_WINDOW;
}

function limitFor(due: readonly AlertRecord[]): number {
  const isCritical = due.some(({ alert }) => alert.state === 'firing' && alert.severity === 'critical');
  return isCritical ? MAX_IN_WINDOW : MAX_UNLESS_CRITICAL;
}
