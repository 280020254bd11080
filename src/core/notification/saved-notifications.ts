// How what was told outlives the daemon, and how much of what is found on disk can be believed.
import { SEVERITIES } from '../model/vocabulary.ts';
import type { FiringAlert } from '../model/notification.ts';
import { alertKey } from '../model/notification.ts';
import type { AlertRecord, NotificationState } from './notification-state.ts';
import { EMPTY_NOTIFICATION_STATE, NOTIFIERS_BY } from './notification-state.ts';
import { isObject } from '../base/guards.ts';

/** Plain JSON, for the state file. */
export interface SavedNotifications {
  readonly records: readonly AlertRecord[];
  readonly sentAt: readonly number[];
  readonly swallowed: number;
}

export function saveNotifications({ records, sentAt, swallowed }: NotificationState): SavedNotifications {
  return { records: [...records.values()], sentAt, swallowed };
}

/** @param saved JSON of whatever age and shape: what cannot be believed is left out */
export function restoreNotifications(saved: unknown): NotificationState {
  if (!isObject(saved)) return EMPTY_NOTIFICATION_STATE;
  const records = listOf(saved['records']).flatMap((record) => readRecord(record));
  const sentAt = listOf(saved['sentAt']).filter(isCount);
  const moments = [...sentAt, ...records.flatMap(({ since, notified: told }) => [since, told?.at ?? since])];
  return {
    ...EMPTY_NOTIFICATION_STATE,
    records: new Map(records.map((record) => [alertKey(record.alert), record])),
    sentAt,
    swallowed: isCount(saved['swallowed']) ? saved['swallowed'] : 0,
    // A clock that was set back while nobody ran is found out as well.
    at: moments.reduce((latest, moment) => Math.max(latest, moment), -Infinity),
  };
}

/** What fires by our own rules, as status shows it. */
export function firingAlerts({ records }: NotificationState): FiringAlert[] {
  return [...records.values()].flatMap(({ alert, isOwn, since }) => {
    const { name, about, severity, summary } = alert;
    return isOwn && alert.state === 'firing' ? [{ name, about, severity, since, summary }] : [];
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
      notified: readTold(saved['told']),
      forwarded: readState(saved['relayed']),
      unreported: isCount(saved['untold']) ? saved['untold'] : 0,
      inhibitedSince: isCount(saved['coveredAt']) ? saved['coveredAt'] : null,
    },
  ];
}

function readAlert(saved: unknown): AlertRecord['alert'] | null {
  if (!isObject(saved)) return null;
  const { name, about, summary } = saved;
  const severity = readSeverity(saved['severity']);
  const state = readState(saved['state']);
  const isWhole = typeof name === 'string' && typeof summary === 'string';
  if (!isWhole || severity === null || state === null) return null;
  return about === null || typeof about === 'string' ? { name, about, severity, state, summary } : null;
}

function readTold(saved: unknown): AlertRecord['notified'] {
  if (!isObject(saved) || !isCount(saved['at'])) return null;
  const severity = readSeverity(saved['severity']);
  const state = readState(saved['state']);
  const by = NOTIFIERS_BY.find((teller) => teller === saved['by']) ?? 'us';
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
