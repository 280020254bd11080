// When the person is told of what: rarely, never twice, never in a storm, and nothing is lost without being counted.
import { type AlertChange, alertKey, type Notification } from '../model/notification.ts';
import type { NotifySuppression } from '../model/vocabulary.ts';
import { composeNotifications } from './notification-digest.ts';
import { dueRecords, nextDueAt, MIN_INTERVAL, recent, roomAt, roomFor } from './notification-due.ts';
import { forwardAlert } from './notification-relay.ts';
import type { AlertRecord, NotificationRules, NotificationState } from './notification-state.ts';
import {
  inhibitorsOf,
  isMoreSevere,
  isMoreSevereThanNotified,
  isOneTimeAlert,
  atTime,
  newAlertRecord,
  withRecord,
} from './notification-state.ts';

/** What begins within this time is told together, ms. */
export const GROUP_WAIT = 5000;
/** After a wake nothing is told for so long, ms: most of what fails is over when the machine is really awake. */
export const WAKE_HOLD = 75_000;

/** Whoever told us of an alert and never of its end is gone. Longer than Alertmanagers wait before they say it again, ms. */
const FORGOTTEN_AFTER = 8 * 24 * 3_600_000;

/** `at` in ms since the epoch. */
export type NotificationInput =
  | { readonly kind: 'alert'; readonly at: number; readonly alert: AlertChange }
  /** Alertmanager asks us to tell it. */
  | { readonly kind: 'relay'; readonly at: number; readonly alert: AlertChange }
  /** Alertmanager has told it, or can be taken to have. */
  | {
      readonly kind: 'told-elsewhere';
      readonly at: number;
      readonly alert: Pick<AlertChange, 'name' | 'about' | 'state'>;
    }
  /** Others deliver from now on, or no longer do. */
  | { readonly kind: 'muted'; readonly at: number; readonly isMuted: boolean }
  | { readonly kind: 'woke'; readonly at: number }
  | { readonly kind: 'tick'; readonly at: number };

export interface NotificationDecision {
  readonly state: NotificationState;
  readonly notifications: readonly Notification[];
  readonly suppressed: readonly { readonly reason: NotifySuppression; readonly count: number }[];
}

/** What follows from one piece of news, or from time alone. */
export function decideNotifications(
  before: NotificationState,
  input: NotificationInput,
  rules: NotificationRules,
): NotificationDecision {
  const state = atTime(before, input.at);
  switch (input.kind) {
    case 'alert': {
      const learnt = learn(state, input.alert, rules);
      const outcome = proceed(learnt.state, rules);
      return { ...outcome, suppressed: [...learnt.suppressed, ...outcome.suppressed] };
    }
    case 'relay':
      return proceed(forwardAlert(state, input.alert, rules), rules);
    case 'told-elsewhere':
      return noteTold(state, input.alert, rules);
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

/** When a `tick` is needed, ms since the epoch; null when only news can move anything. */
export function nextDecisionAt(state: NotificationState, rules: NotificationRules): number | null {
  const { collectedAt, heldUntil } = state;
  const next =
    collectedAt === null
      ? nextDueAt(state, rules)
      : Math.max(collectedAt, heldUntil, roomAt(dueRecords(state, rules), state));
  return next === Infinity ? null : next;
}

function learn(state: NotificationState, alert: AlertChange, rules: NotificationRules): NotificationDecision {
  const known = state.records.get(alertKey(alert)) ?? newAlertRecord(alert, state.at);
  if (!isNews(alert, known)) {
    const isForgotten = alert.state === 'resolved';
    const records = isForgotten ? state.records : withRecord(state, { ...known, alert, isOwn: true });
    return quietly({ ...state, records }, 'repeat', 1);
  }
  const isSameIncident = known.alert.state === 'firing' || known.notified?.state === 'firing';
  const record: AlertRecord = {
    ...known,
    alert,
    isOwn: true,
    since: isSameIncident ? known.since : state.at,
    unreported: known.unreported + 1,
    inhibitedSince: known.inhibitedSince ?? (isSpokenFor(alert, state, rules) ? state.at : null),
  };
  return alert.state === 'resolved'
    ? learnEnd(spokenFor(alert, state, rules), record, rules)
    : learnFire(state, record);
}

function isNews(alert: AlertChange, known: AlertRecord): boolean {
  if (alert.state !== known.alert.state) return true;
  return alert.state === 'firing' && isMoreSevere(alert, known.alert);
}

/** One that says more was told, and so will be its end. */
function isSpokenFor(alert: AlertChange, state: NotificationState, rules: NotificationRules): boolean {
  return inhibitorsOf(alert, state, rules).some(({ notified: told }) => told?.state === 'firing');
}

function learnFire(state: NotificationState, record: AlertRecord): NotificationDecision {
  const isToldAlready = record.notified?.state === 'firing' && !isMoreSevereThanNotified(record);
  if (!isToldAlready) return quietly({ ...state, records: withRecord(state, record) }, 'passing', 0);
  // It was over for a moment that nobody heard of.
  return quietly(
    { ...state, records: withRecord(state, { ...record, unreported: 0 }) },
    'passing',
    record.unreported,
  );
}

function learnEnd(
  state: NotificationState,
  record: AlertRecord,
  rules: NotificationRules,
): NotificationDecision {
  const { notified: told } = record;
  const isTold = told?.state === 'firing';
  if (record.inhibitedSince !== null || (isTold && isOneTimeAlert(record.alert)))
    return endSaid(state, record);
  if (isTold && !(state.isMuted && told.by === 'others'))
    return quietly({ ...state, records: withRecord(state, record) }, 'passing', 0);
  return endUntold(state, record, rules);
}

/** Whoever speaks for it tells the end as well, or there is none. */
function endSaid(state: NotificationState, record: AlertRecord): NotificationDecision {
  const records = withRecord(state, { ...ended(record), inhibitedSince: null });
  const isSaidAlready = record.notified?.state === 'firing' && isOneTimeAlert(record.alert);
  return quietly({ ...state, records }, isSaidAlready ? 'repeat' : 'covered', record.unreported);
}

/** It came and went, and we told nobody. */
function endUntold(
  state: NotificationState,
  record: AlertRecord,
  rules: NotificationRules,
): NotificationDecision {
  const { alert, unreported: untold } = record;
  const records = withRecord(state, ended(record));
  if (state.isMuted) return quietly({ ...state, records }, 'elsewhere', untold);
  // Who asked for silence need not hear of it.
  if (rules.isSilenced?.(alert, state.at) === true) return quietly({ ...state, records }, 'silenced', untold);
  return quietly({ ...state, records, swallowed: state.swallowed + 1 }, 'passing', untold);
}

/** Nothing of it is left to tell. */
function ended(record: AlertRecord): AlertRecord {
  const { notified: told } = record;
  return { ...record, unreported: 0, notified: told && { ...told, state: 'resolved' } };
}

function noteTold(
  state: NotificationState,
  { name, about, state: toldState }: Pick<AlertChange, 'name' | 'about' | 'state'>,
  rules: NotificationRules,
): NotificationDecision {
  const known = state.records.get(alertKey({ name, about }));
  // Of what we never told, nor saw, the end is no news either.
  if (known === undefined) return proceed(state, rules);
  const told = { state: toldState, severity: known.alert.severity, at: state.at, by: 'others' } as const;
  const records = withRecord(state, { ...known, notified: told, forwarded: null, unreported: 0 });
  const outcome = proceed({ ...state, records }, rules);
  return { ...outcome, suppressed: [...counted('elsewhere', known.unreported), ...outcome.suppressed] };
}

/** Tells what is due, if it may be told now. */
function proceed(state: NotificationState, rules: NotificationRules): NotificationDecision {
  const { at, heldUntil } = state;
  // Most news of a storm end here.
  if (state.collectedAt !== null && at < Math.max(state.collectedAt, heldUntil)) return quietly(state);
  const due = dueRecords(state, rules);
  if (due.length === 0) return quietly(tidied({ ...state, collectedAt: null }));
  const collectedAt = state.collectedAt ?? at + GROUP_WAIT;
  if (at < Math.max(collectedAt, heldUntil, roomAt(due, state))) return quietly({ ...state, collectedAt });
  return tell(state, due, rules);
}

function tell(
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
    const { alert, forwarded: relayed } = record;
    const by = relayed === null ? 'us' : 'relay';
    const told = { state: alert.state, severity: alert.severity, at, by } as const;
    records.set(alertKey(alert), {
      ...record,
      notified: told,
      forwarded: null,
      unreported: 0,
      inhibitedSince: null,
    });
  }
  const sentAt = [...recent(state), ...notifications.map(() => at)];
  const next = { ...state, records, sentAt, collectedAt: null, swallowed: 0 };
  const superseded = due.reduce((sum, { unreported: untold }) => sum + Math.max(0, untold - 1), 0);
  return {
    state: tidied(markCovered(next, rules)),
    notifications,
    suppressed: [
      ...counted('superseded', superseded),
      ...counted('grouped', due.length - notifications.length),
    ],
  };
}

/** What an alert covered to its end has just been spoken for. */
function spokenFor(
  { name, about }: AlertChange,
  state: NotificationState,
  { inhibitedBy }: NotificationRules,
): NotificationState {
  const records = new Map(state.records);
  for (const [key, record] of records) {
    const isCovered =
      record.inhibitedSince !== null && inhibitedBy[record.alert.name]?.includes(name) === true;
    if (isCovered && record.alert.about === about) records.set(key, { ...record, inhibitedSince: state.at });
  }
  return { ...state, records };
}

/** From now on those that were told speak for those that say less. */
function markCovered(state: NotificationState, rules: NotificationRules): NotificationState {
  const records = new Map(state.records);
  for (const [key, record] of records) {
    if (record.alert.state !== 'firing' || record.inhibitedSince !== null) continue;
    if (isSpokenFor(record.alert, state, rules)) records.set(key, { ...record, inhibitedSince: state.at });
  }
  return { ...state, records };
}

/** What is over and has been quiet for long enough is forgotten. */
function tidied(state: NotificationState): NotificationState {
  const isOld = ({ alert, isOwn, since, notified: told }: AlertRecord): boolean => {
    if (!isOwn && state.at - (told?.at ?? since) > FORGOTTEN_AFTER) return true;
    return (
      alert.state === 'resolved' &&
      told?.state !== 'firing' &&
      state.at - (told?.at ?? -Infinity) >= MIN_INTERVAL
    );
  };
  const kept = [...state.records].filter(([, record]) => !isOld(record));
  return { ...state, records: new Map(kept), sentAt: recent(state) };
}

/** Nothing is told. */
function quietly(
  state: NotificationState,
  reason: NotifySuppression = 'passing',
  count = 0,
): NotificationDecision {
  return { state, notifications: [], suppressed: counted(reason, count) };
}

function counted(reason: NotifySuppression, count: number): NotificationDecision['suppressed'] {
  return count > 0 ? [{ reason, count }] : [];
}
