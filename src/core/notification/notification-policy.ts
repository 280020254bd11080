// Notification policy: groups, inhibits, repeats and rate-limits alerts, and composes the notifications that are sent.
import { type AlertChange, alertKey, type Notification, type NotifiedAlert } from '../model/notification.ts';
import { type NotifySuppression, SEVERITIES, type Severity } from '../model/vocabulary.ts';
import { inhibits } from './inhibition.ts';
import type { Routing } from './routing.ts';
import { SHIPPED_ROUTING } from './shipped-routing.ts';
import {
  type AlertRecord,
  atTime,
  dueRecords,
  inhibitorsOf,
  isMoreSevere,
  isMoreSevereThanNotified,
  isOneTimeAlert,
  MIN_INTERVAL,
  newAlertRecord,
  nextDueAt,
  type NotificationRules,
  type NotificationState,
  recentlySent,
  roomAt,
  roomFor,
  withRecord,
} from './notification-state.ts';

/** Alerts that begin within this time of each other are sent together, ms: the shipped `group_wait` of Alertmanager. */
export const GROUP_WAIT = groupWaitOf(SHIPPED_ROUTING);

/** ms; of several waits the shortest, because all severities are sent together. */
function groupWaitOf({ groupWait }: Routing): number {
  return Math.min(...Object.values(groupWait));
}
/** Nothing is sent for so long after a wake, ms: most failures are over once the machine is fully awake. */
export const WAKE_HOLD = 75_000;

/** Alerts that get a notification each; more at once become one digest. */
export const MAX_SINGLES = 3;

/**
 * An Alertmanager that never reported the end of an alert is gone after this time, which is longer than its
 * `repeat_interval`, ms.
 */
const FORGOTTEN_AFTER = 8 * 24 * 3_600_000;

/** `at` in ms since the epoch. */
export type NotificationInput =
  | { readonly kind: 'alert'; readonly at: number; readonly alert: AlertChange }
  /** Alertmanager asks us to send it. */
  | { readonly kind: 'forwarded'; readonly at: number; readonly alert: AlertChange }
  /** Alertmanager has sent it, or can be assumed to have. */
  | {
      readonly kind: 'notified-elsewhere';
      readonly at: number;
      readonly alert: Pick<AlertChange, 'name' | 'about' | 'state'>;
    }
  /** Others deliver from now on, or no longer do. */
  | { readonly kind: 'muted'; readonly at: number; readonly isMuted: boolean }
  | { readonly kind: 'woke'; readonly at: number }
  | { readonly kind: 'tick'; readonly at: number };

/** Result of one input: the next state, what to send now, and how many alerts got no notification of their own. */
interface NotificationDecision {
  readonly state: NotificationState;
  readonly notifications: readonly Notification[];
  readonly suppressed: readonly { readonly reason: NotifySuppression; readonly count: number }[];
}

/**
 * Takes in one input, which may be time alone, and decides what is sent: rarely, never twice, never a storm, and all
 * that is left out is counted.
 */
export function decideNotifications(
  before: NotificationState,
  input: NotificationInput,
  rules: NotificationRules,
): NotificationDecision {
  const state = atTime(before, input.at);
  switch (input.kind) {
    case 'alert': {
      const taken = takeIn(state, input.alert, rules);
      const outcome = proceed(taken.state, rules);
      return { ...outcome, suppressed: [...taken.suppressed, ...outcome.suppressed] };
    }
    case 'forwarded':
      return proceed(forwardAlert(state, input.alert, rules), rules);
    case 'notified-elsewhere':
      return noteNotifiedElsewhere(state, input.alert, rules);
    case 'muted':
      return proceed({ ...state, isMuted: input.isMuted }, rules);
    case 'woke':
      return proceed({ ...state, heldUntil: input.at + WAKE_HOLD }, rules);
    case 'tick':
      return proceed(state, rules);
    default:
      return input satisfies never;
  }
}

/** Time at which a `tick` is needed, ms since the epoch; null when only another input can change anything. */
export function nextDecisionAt(state: NotificationState, rules: NotificationRules): number | null {
  const { collectedAt, heldUntil } = state;
  const next =
    collectedAt === null
      ? nextDueAt(state, rules)
      : Math.max(collectedAt, heldUntil, roomAt(dueRecords(state, rules), state));
  return next === Infinity ? null : next;
}

function takeIn(
  state: NotificationState,
  alert: AlertChange,
  rules: NotificationRules,
): NotificationDecision {
  const known = state.records.get(alertKey(alert)) ?? newAlertRecord(alert, state.at);
  if (!isChange(alert, known)) {
    const isUnknown = alert.state === 'resolved';
    const records = isUnknown ? state.records : withRecord(state, { ...known, alert, isOwn: true });
    return sendNothing({ ...state, records }, 'repeat', 1);
  }
  const isSameIncident = known.alert.state === 'firing' || known.notified?.state === 'firing';
  const record: AlertRecord = {
    ...known,
    alert,
    isOwn: true,
    since: isSameIncident ? known.since : state.at,
    unreported: known.unreported + 1,
    inhibitedSince: known.inhibitedSince ?? (isInhibited(alert, state, rules) ? state.at : null),
  };
  return alert.state === 'resolved'
    ? takeInEnd(reinhibit(alert, state, rules), record, rules)
    : takeInFire(state, record);
}

function isChange(alert: AlertChange, known: AlertRecord): boolean {
  if (alert.state !== known.alert.state) return true;
  return alert.state === 'firing' && isMoreSevere(alert, known.alert);
}

/** True when an alert that inhibits this one was sent, so that its end will be sent as well. */
function isInhibited(alert: AlertChange, state: NotificationState, rules: NotificationRules): boolean {
  return inhibitorsOf(alert, state, rules).some(({ notified }) => notified?.state === 'firing');
}

function takeInFire(state: NotificationState, record: AlertRecord): NotificationDecision {
  const isNotified = record.notified?.state === 'firing' && !isMoreSevereThanNotified(record);
  if (!isNotified) return sendNothing({ ...state, records: withRecord(state, record) }, 'passing', 0);
  // It was resolved for a moment that was never reported.
  return sendNothing(
    { ...state, records: withRecord(state, { ...record, unreported: 0 }) },
    'passing',
    record.unreported,
  );
}

function takeInEnd(
  state: NotificationState,
  record: AlertRecord,
  rules: NotificationRules,
): NotificationDecision {
  const { notified } = record;
  const isNotified = notified?.state === 'firing';
  if (record.inhibitedSince !== null || (isNotified && isOneTimeAlert(record.alert)))
    return endReportedByOther(state, record);
  if (isNotified && !(state.isMuted && notified.by === 'others'))
    return sendNothing({ ...state, records: withRecord(state, record) }, 'passing', 0);
  return endUnreported(state, record, rules);
}

/** Ends an alert whose end the inhibiting alert reports, or that has no end. */
function endReportedByOther(state: NotificationState, record: AlertRecord): NotificationDecision {
  const records = withRecord(state, { ...ended(record), inhibitedSince: null });
  const isNotified = record.notified?.state === 'firing' && isOneTimeAlert(record.alert);
  return sendNothing({ ...state, records }, isNotified ? 'repeat' : 'covered', record.unreported);
}

/** Ends an alert that came and went without a notification. */
function endUnreported(
  state: NotificationState,
  record: AlertRecord,
  rules: NotificationRules,
): NotificationDecision {
  const { alert, unreported } = record;
  const records = withRecord(state, ended(record));
  if (state.isMuted) return sendNothing({ ...state, records }, 'elsewhere', unreported);
  // Whoever silenced it does not want the summary either.
  if (rules.isSilenced?.(alert, state.at) === true)
    return sendNothing({ ...state, records }, 'silenced', unreported);
  return sendNothing({ ...state, records, swallowed: state.swallowed + 1 }, 'passing', unreported);
}

/** Marks the record as having nothing left to report. */
function ended(record: AlertRecord): AlertRecord {
  const { notified } = record;
  return { ...record, unreported: 0, notified: notified && { ...notified, state: 'resolved' } };
}

function noteNotifiedElsewhere(
  state: NotificationState,
  { name, about, state: newState }: Pick<AlertChange, 'name' | 'about' | 'state'>,
  rules: NotificationRules,
): NotificationDecision {
  const known = state.records.get(alertKey({ name, about }));
  // The end of an alert that we never saw nor sent changes nothing.
  if (known === undefined) return proceed(state, rules);
  const notified = { state: newState, severity: known.alert.severity, at: state.at, by: 'others' } as const;
  const records = withRecord(state, { ...known, notified, forwarded: null, unreported: 0 });
  const outcome = proceed({ ...state, records }, rules);
  return { ...outcome, suppressed: [...counted('elsewhere', known.unreported), ...outcome.suppressed] };
}

/** Marks an alert that Alertmanager forwarded as due, unless it was sent not long ago. */
function forwardAlert(
  state: NotificationState,
  alert: AlertChange,
  { repeatEvery }: NotificationRules,
): NotificationState {
  const known = state.records.get(alertKey(alert)) ?? newAlertRecord(alert, state.at);
  // Alertmanager ends what Prometheus no longer sends, be it because that one died. Our own rules know better.
  if (alert.state === 'resolved' && known.isOwn && known.alert.state === 'firing')
    return { ...state, records: withRecord(state, { ...known, forwarded: 'resolved' }) };
  const record: AlertRecord = {
    ...known,
    alert,
    since: known.alert.state === 'firing' ? known.since : state.at,
  };
  const { notified } = record;
  const isStale = notified === null || state.at - notified.at >= Math.max(MIN_INTERVAL, repeatEvery);
  const isDue =
    alert.state === 'resolved'
      ? notified?.state === 'firing' && !isOneTimeAlert(alert)
      : isStale || notified.state !== 'firing' || isMoreSevereThanNotified(record);
  const forwarded = isDue ? alert.state : null;
  return { ...state, records: withRecord(state, { ...record, forwarded }) };
}

/** Sends what is due, if it may be sent now. */
function proceed(state: NotificationState, rules: NotificationRules): NotificationDecision {
  const { at, heldUntil } = state;
  // Most inputs of a storm end here.
  if (state.collectedAt !== null && at < Math.max(state.collectedAt, heldUntil)) return sendNothing(state);
  const due = dueRecords(state, rules);
  if (due.length === 0) return sendNothing(pruned({ ...state, collectedAt: null }));
  const collectedAt = state.collectedAt ?? at + groupWaitOf(rules.routing);
  if (at < Math.max(collectedAt, heldUntil, roomAt(due, state)))
    return sendNothing({ ...state, collectedAt });
  return send(state, due, rules);
}

function send(
  state: NotificationState,
  due: readonly AlertRecord[],
  rules: NotificationRules,
): NotificationDecision {
  const { at, swallowed } = state;
  const notifications = composeNotifications(
    due.map(({ alert, since }) => ({ ...alert, since })),
    { at, swallowed, room: roomFor(due, state) },
  );
  const records = new Map(state.records);
  for (const record of due) {
    const { alert, forwarded } = record;
    const by = forwarded === null ? 'us' : 'relay';
    const notified = { state: alert.state, severity: alert.severity, at, by } as const;
    records.set(alertKey(alert), {
      ...record,
      notified,
      forwarded: null,
      unreported: 0,
      inhibitedSince: null,
    });
  }
  const sentAt = [...recentlySent(state), ...notifications.map(() => at)];
  const next = { ...state, records, sentAt, collectedAt: null, swallowed: 0 };
  const superseded = due.reduce((sum, { unreported }) => sum + Math.max(0, unreported - 1), 0);
  return {
    state: pruned(markInhibited(next, rules)),
    notifications,
    suppressed: [
      ...counted('superseded', superseded),
      ...counted('grouped', due.length - notifications.length),
    ],
  };
}

interface ComposeOptions {
  /** ms since the epoch. */
  readonly at: number;
  readonly swallowed: number;
  /** Notifications that the rate limit leaves; at least one. */
  readonly room: number;
}

/** Turns the alerts that are due into one notification each while they are few, else into one digest. */
function composeNotifications(
  alerts: readonly NotifiedAlert[],
  { at, swallowed, room }: ComposeOptions,
): Notification[] {
  if (alerts.length === 0) return [];
  const sorted = alerts.toSorted(bySeverity);
  if (sorted.length > Math.min(MAX_SINGLES, room) && sorted.length > 1) {
    return [{ kind: 'digest', at, severity: highestSeverity(sorted), alerts: sorted, swallowed }];
  }
  return sorted.map((alert, index) => ({
    kind: 'single',
    at,
    severity: highestSeverity([alert]),
    alerts: [alert],
    swallowed: index === 0 ? swallowed : 0,
  }));
}

function bySeverity(a: NotifiedAlert, b: NotifiedAlert): number {
  return rankOf(b) - rankOf(a) || a.since - b.since;
}

/** Ranks resolved alerts below all that fire. */
function rankOf({ state, severity }: NotifiedAlert): number {
  return state === 'firing' ? SEVERITIES.indexOf(severity) : -1;
}

function highestSeverity(alerts: readonly NotifiedAlert[]): Severity {
  return SEVERITIES[Math.max(0, ...alerts.map(rankOf))] ?? 'info';
}

/** Restarts the inhibition of the alerts that `source` inhibited until its end. */
function reinhibit(
  source: AlertChange,
  state: NotificationState,
  { routing }: NotificationRules,
): NotificationState {
  const records = new Map(state.records);
  for (const [key, record] of records) {
    if (record.inhibitedSince !== null && inhibits(source, record.alert, routing.inhibitRules))
      records.set(key, { ...record, inhibitedSince: state.at });
  }
  return { ...state, records };
}

/** Marks the alerts that those just sent inhibit from now on. */
function markInhibited(state: NotificationState, rules: NotificationRules): NotificationState {
  const records = new Map(state.records);
  for (const [key, record] of records) {
    if (record.alert.state !== 'firing' || record.inhibitedSince !== null) continue;
    if (isInhibited(record.alert, state, rules)) records.set(key, { ...record, inhibitedSince: state.at });
  }
  return { ...state, records };
}

/** Drops records that are resolved and old enough, and times outside of the rate window. */
function pruned(state: NotificationState): NotificationState {
  const isOld = ({ alert, isOwn, since, notified }: AlertRecord): boolean => {
    if (!isOwn && state.at - (notified?.at ?? since) > FORGOTTEN_AFTER) return true;
    return (
      alert.state === 'resolved' &&
      notified?.state !== 'firing' &&
      state.at - (notified?.at ?? -Infinity) >= MIN_INTERVAL
    );
  };
  const kept = [...state.records].filter(([, record]) => !isOld(record));
  return { ...state, records: new Map(kept), sentAt: recentlySent(state) };
}

/** Sends nothing. */
function sendNothing(
  state: NotificationState,
  reason: NotifySuppression = 'passing',
  count = 0,
): NotificationDecision {
  return { state, notifications: [], suppressed: counted(reason, count) };
}

function counted(reason: NotifySuppression, count: number): NotificationDecision['suppressed'] {
  return count > 0 ? [{ reason, count }] : [];
}
