// Outbox of notifications: those that some channel has not finished, kept in the state file so that a killed daemon's are sent by the next.
import { isObject } from '../base/guards.ts';
import type { Notification } from '../model/notification.ts';
import { SEVERITIES } from '../model/vocabulary.ts';
import { readAlert } from './saved-notifications.ts';

interface OutboxEntry {
  readonly id: number;
  readonly notification: Notification;
  /** Channels that have neither sent it nor given up. */
  readonly channels: readonly string[];
}

export type Outbox = readonly OutboxEntry[];

/** More than the queue of a channel holds is never sent. */
const MOST_ENTRIES = 40;

/** Adds notifications that `channels` still have to send; without channels there is nothing to wait for. */
export function withNotifications(
  outbox: Outbox,
  notifications: readonly Notification[],
  channels: readonly string[],
): Outbox {
  if (channels.length === 0 || notifications.length === 0) return outbox;
  const next = (outbox.at(-1)?.id ?? 0) + 1;
  const added = notifications.map((notification, index) => ({ id: next + index, notification, channels }));
  return [...outbox, ...added].slice(-MOST_ENTRIES);
}

/** Takes note that a channel sent a notification or gave it up. */
export function withoutChannel(outbox: Outbox, id: number, channel: string): Outbox {
  return outbox.flatMap((entry) => {
    if (entry.id !== id) return [entry];
    const channels = entry.channels.filter((one) => one !== channel);
    return channels.length === 0 ? [] : [{ ...entry, channels }];
  });
}

/**
 * Assigns what an earlier daemon left to the channels of the config. A channel that is gone is dropped, unless nobody
 * would send the notification then: all channels get it.
 */
export function reassigned(outbox: Outbox, channels: readonly string[]): Outbox {
  return outbox.flatMap((entry) => {
    const known = entry.channels.filter((one) => channels.includes(one));
    const next = known.length > 0 ? known : channels;
    return next.length === 0 ? [] : [{ ...entry, channels: next }];
  });
}

/** @param saved JSON of any age and shape: implausible entries are left out */
export function readOutbox(saved: unknown): Outbox {
  const entries: readonly unknown[] = Array.isArray(saved) ? saved.slice(-MOST_ENTRIES) : [];
  return entries.flatMap((entry) => readEntry(entry)).map((entry, index) => ({ ...entry, id: index + 1 }));
}

function readEntry(saved: unknown): Omit<OutboxEntry, 'id'>[] {
  if (!isObject(saved) || !Array.isArray(saved['channels'])) return [];
  const channels = saved['channels'].filter((one) => typeof one === 'string');
  const notification = readNotification(saved['notification']);
  return notification === null || channels.length === 0 ? [] : [{ notification, channels }];
}

function readNotification(saved: unknown): Notification | null {
  if (!isObject(saved) || !Array.isArray(saved['alerts'])) return null;
  const kind = (['single', 'digest'] as const).find((one) => one === saved['kind']);
  const severity = SEVERITIES.find((one) => one === saved['severity']);
  const { at, swallowed } = saved;
  if (kind === undefined || severity === undefined || !isCount(at) || !isCount(swallowed)) return null;
  const alerts = saved['alerts'].flatMap((one: unknown) => {
    const alert = readAlert(one);
    return alert === null || !isObject(one) || !isCount(one['since'])
      ? []
      : [{ ...alert, since: one['since'] }];
  });
  return alerts.length === 0 ? null : { kind, at, severity, alerts, swallowed };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
