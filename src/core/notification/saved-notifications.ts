// State file form of the notification policy's state: plain JSON out, checked values in.
import { isObject } from '../base/guards.ts';
import { alertKey, type FiringAlert, runbookIn } from '../model/notification.ts';
import { SEVERITIES } from '../model/vocabulary.ts';
import {
  type AlertRecord,
  EMPTY_NOTIFICATION_STATE,
  NOTIFIED_BY,
  type NotificationState,
} from './notification-state.ts';

/** Plain JSON, for the state file. Its field names are older than those of the code and stay. */
interface SavedNotifications {
  readonly records: readonly SavedRecord[];
  readonly sentAt: readonly number[];
  readonly swallowed: number;
}

interface SavedRecord extends Pick<AlertRecord, 'alert' | 'isOwn' | 'since'> {
  readonly told: AlertRecord['notified'];
  readonly relayed: AlertRecord['forwarded'];
  readonly untold: number;
  readonly coveredAt: number | null;
}

export function saveNotifications({ records, sentAt, swallowed }: NotificationState): SavedNotifications {
  return { records: [...records.values()].map(saveRecord), sentAt, swallowed };
}

function saveRecord({
  notified: told,
  forwarded: relayed,
  unreported: untold,
  inhibitedSince: coveredAt,
  ...record
}: AlertRecord): SavedRecord {
  return { ...record, told, relayed, untold, coveredAt };
}

/** @param saved JSON of any age and shape: implausible parts are left out */
export function restoreNotifications(saved: unknown): NotificationState {
  if (!isObject(saved)) return EMPTY_NOTIFICATION_STATE;
  const records = listOf(saved['records']).flatMap((record) => readRecord(record));
  const sentAt = listOf(saved['sentAt']).filter(isCount);
  const moments = [...sentAt, ...records.flatMap(({ since, notified }) => [since, notified?.at ?? since])];
  return {
    ...EMPTY_NOTIFICATION_STATE,
    records: new Map(records.map((record) => [alertKey(record.alert), record])),
    sentAt,
    swallowed: isCount(saved['swallowed']) ? saved['swallowed'] : 0,
    // Reveals a clock that was set back while no daemon ran.
    at: moments.reduce((latest, moment) => Math.max(latest, moment), -Infinity),
  };
}

/** Lists the alerts of our own rules that fire, as status shows them. */
export function firingAlerts({ records }: NotificationState): FiringAlert[] {
  return [...records.values()].flatMap(({ alert, isOwn, since }) => {
    const { name, about, severity, summary, runbook } = alert;
    return isOwn && alert.state === 'firing' ? [{ name, about, severity, since, summary, runbook }] : [];
  });
}

function readRecord(saved: unknown): AlertRecord[] {
  if (!isObject(saved) || !isCount(saved['since'])) return [];
  const alert = readAlert(saved['alert']);
  if (alert === null) return [];
  return [
    {
      alert,
      isOwn: saved['isOwn'] !== false,
      since: saved['since'],
      notified: readNotified(saved['told']),
      forwarded: readState(saved['relayed']),
      unreported: isCount(saved['untold']) ? saved['untold'] : 0,
      inhibitedSince: isCount(saved['coveredAt']) ? saved['coveredAt'] : null,
    },
  ];
}

/** Reads one alert; null for what is none. */
export function readAlert(saved: unknown): AlertRecord['alert'] | null {
  if (!isObject(saved)) return null;
  const { name, about, summary } = saved;
  const runbook = runbookIn({ runbook_url: saved['runbook'] });
  const severity = readSeverity(saved['severity']);
  const state = readState(saved['state']);
  const isWhole = typeof name === 'string' && typeof summary === 'string';
  if (!isWhole || severity === null || state === null) return null;
  return about === null || typeof about === 'string'
    ? { name, about, severity, state, summary, runbook }
    : null;
}

function readNotified(saved: unknown): AlertRecord['notified'] {
  if (!isObject(saved) || !isCount(saved['at'])) return null;
  const severity = readSeverity(saved['severity']);
  const state = readState(saved['state']);
  const by = NOTIFIED_BY.find((one) => one === saved['by']) ?? 'us';
  return severity === null || state === null ? null : { state, severity, at: saved['at'], by };
}

function readSeverity(saved: unknown) {
  return SEVERITIES.find((severity) => severity === saved) ?? null;
}

function readState(saved: unknown) {
  return (['firing', 'resolved'] as const).find((state) => state === saved) ?? null;
}

function listOf(saved: unknown): readonly unknown[] {
  return Array.isArray(saved) ? saved : [];
}

function isCount(saved: unknown): saved is number {
  return typeof saved === 'number' && Number.isFinite(saved) && saved >= 0;
}
