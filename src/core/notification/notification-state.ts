// What must be remembered so that nobody is told twice: one record per alert, and the latest notifications.
import { SEVERITIES, type Severity } from '../model/vocabulary.ts';
import { type AlertChange, alertKey } from '../model/notification.ts';

/** Times in ms since the epoch: they outlive the daemon. */
export interface NotificationState {
  readonly records: ReadonlyMap<string, AlertRecord>;
  /** When the alerts that are being collected may be told; null when there are none. */
  readonly collectedAt: number | null;
  /** After a wake: until then nothing is told. */
  readonly heldUntil: number;
  /** When the latest notifications were made, oldest first, as far back as limits look. */
  readonly sentAt: readonly number[];
  /** Alerts that came and went untold since the last notification. */
  readonly swallowed: number;
  /** Others deliver: only what they ask for is told, and the end of what we told. */
  readonly isMuted: boolean;
  /** The latest moment seen: a clock that was set back is found out by it. */
  readonly at: number;
}

export interface AlertRecord {
  readonly alert: AlertChange;
  /** Found by our own rules. Of any other only Alertmanager knows, and when it ends. */
  readonly isOwn: boolean;
  /** When it began to fire. */
  readonly since: number;
  /** The last time that the person heard of it; null for never. */
  readonly notified: {
    readonly state: AlertChange['state'];
    readonly severity: Severity;
    readonly at: number;
    readonly by: NotifiedBy;
  } | null;
  /** What Alertmanager asked us to tell, while that has not been done; null for nothing. */
  readonly forwarded: AlertChange['state'] | null;
  /** Changes since then. */
  readonly unreported: number;
  /** Since when another alert speaks for it, that one's end included; null when it speaks for itself. */
  readonly inhibitedSince: number | null;
}

/** Who told it: we, we on behalf of Alertmanager, or Alertmanager by ways of its own. The first tells the end as well. */
export const NOTIFIERS_BY = ['us', 'relay', 'others'] as const;
type NotifiedBy = (typeof NOTIFIERS_BY)[number];

/** Durations in ms. */
export interface NotificationRules {
  /** What still fires is told again this long after the last time. */
  readonly repeatEvery: number;
  /** By alert: those that say more about the same server. */
  readonly inhibitedBy: Readonly<Record<string, readonly string[]>>;
  /** Whether somebody asked for silence about it, as of `at`. */
  readonly isSilenced?: (alert: AlertChange, at: number) => boolean;
}

/** Alerts that say less than others about the same server: while one of those fires, they are not told. */
export const INHIBITED_BY: NotificationRules['inhibitedBy'] = {
  McpServerDown: ['McpServerGaveUp'],
  McpServerUnresponsive: ['McpServerGaveUp', 'McpServerDown'],
  McpServerCrashLooping: ['McpServerGaveUp', 'McpServerDown'],
  McpServerVersionChanged: ['McpServerUpdateRolledBack'],
};

/** Alerts that tell what has happened and cannot un-happen: their end is not told. */
const MOMENTS: ReadonlySet<string> = new Set(['McpServerVersionChanged', 'McpServerUpdateRolledBack']);

export function isOneTimeAlert({ name }: { readonly name: string }): boolean {
  return MOMENTS.has(name);
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

/** What is known of an alert before anything was. */
export function newAlertRecord(alert: AlertChange, at: number): AlertRecord {
  const over = { ...alert, state: 'resolved' as const };
  return {
    alert: over,
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

export function isMoreSevereThanNotified({ alert, notified: told }: AlertRecord): boolean {
  return told !== null && isMoreSevere(alert, told);
}

/** The alerts that say more than this one about the same server, and fire. */
export function inhibitorsOf(
  { name, about }: AlertChange,
  state: NotificationState,
  rules: NotificationRules,
): AlertRecord[] {
  return (rules.inhibitedBy[name] ?? []).flatMap((cover) => {
    const record = state.records.get(alertKey({ name: cover, about }));
    return record?.alert.state === 'firing' ? [record] : [];
  });
}

/** `state` at `at`: a clock that was set back must not keep us silent until it has caught up. */
export function atTime(state: NotificationState, at: number): NotificationState {
  if (at >= state.at) return { ...state, at };
  const back = state.at - at;
  const records = [...state.records].map(([key, record]) => [key, earlier(record, back)] as const);
  return {
    ...state,
    at,
    records: new Map(records),
    collectedAt: state.collectedAt === null ? null : state.collectedAt - back,
    heldUntil: state.heldUntil - back,
    sentAt: state.sentAt.map((moment) => moment - back),
  };
}

function earlier(record: AlertRecord, back: number): AlertRecord {
  const { since, notified: told, inhibitedSince: coveredAt } = record;
  return {
    ...record,
    since: since - back,
    notified: told === null ? null : { ...told, at: told.at - back },
    inhibitedSince: coveredAt === null ? null : coveredAt - back,
  };
}
