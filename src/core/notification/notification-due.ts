// What should be told at a moment, and how many notifications still fit into it.
import type { AlertChange } from '../model/notification.ts';
import type { AlertRecord, NotificationRules, NotificationState } from './notification-state.ts';
import { inhibitorsOf, isMoreSevereThanNotified } from './notification-state.ts';

/** Two notifications of one alert are this far apart, unless it is over or has become graver, ms. */
export const MIN_INTERVAL = 5 * 60_000;

/** What only wants to be known is told again no sooner, ms. */
const WEEK = 7 * 24 * 60 * 60_000;

/** As many notifications fit into any `WINDOW` (ms), whatever happens; the last ones are kept for what is critical. */
export const RATE_WINDOW = 10 * 60_000;
export const MAX_IN_WINDOW = 6;
export const MAX_UNLESS_CRITICAL = 4;

/** Everything that should be told now, whatever the limits say. */
export function dueRecords(state: NotificationState, rules: NotificationRules): AlertRecord[] {
  return [...state.records.values()].filter((record) => dueAt(record, state, rules) <= state.at);
}

/** When the next record is due, ms since the epoch; Infinity for never. */
export function nextDueAt(state: NotificationState, rules: NotificationRules): number {
  return [...state.records.values()].reduce(
    (next, record) => Math.min(next, dueAt(record, state, rules)),
    Infinity,
  );
}

function dueAt(record: AlertRecord, state: NotificationState, rules: NotificationRules): number {
  const { alert, notified: told, forwarded: relayed } = record;
  if (alert.state === 'resolved') {
    const isOwed = told?.state === 'firing' && (!state.isMuted || told.by === 'us' || relayed === 'resolved');
    return isOwed ? -Infinity : Infinity;
  }
  // What covers it, and who wants silence, Alertmanager has asked already. What only it knows it tells again, or its end.
  if (relayed === null && (!record.isOwn || isWithheld(alert, state, rules))) return Infinity;
  return dueWhileFiring(record, rules);
}

function isWithheld(alert: AlertChange, state: NotificationState, rules: NotificationRules): boolean {
  if (state.isMuted || inhibitorsOf(alert, state, rules).length > 0) return true;
  return rules.isSilenced?.(alert, state.at) === true;
}

function dueWhileFiring(record: AlertRecord, rules: NotificationRules): number {
  const { notified: told, inhibitedSince: coveredAt, alert } = record;
  const usual = Math.max(MIN_INTERVAL, rules.repeatEvery);
  const again = alert.severity === 'info' ? Math.max(WEEK, usual) : usual;
  const free = Math.max(quietUntil(record), coveredAt === null ? -Infinity : coveredAt + usual);
  if (told?.state !== 'firing') return free;
  return isMoreSevereThanNotified(record) ? -Infinity : Math.max(free, told.at + again);
}

function quietUntil({ notified: told }: AlertRecord): number {
  return told === null ? -Infinity : told.at + MIN_INTERVAL;
}

/** Notifications made within the last `WINDOW`. */
export function recent({ sentAt, at }: NotificationState): number[] {
  return sentAt.filter((moment) => at - moment < RATE_WINDOW);
}

/** How many notifications may be made now. */
export function roomFor(due: readonly AlertRecord[], state: NotificationState): number {
  return Math.max(0, mostFor(due) - recent(state).length);
}

/** When there is room for one, ms since the epoch; -Infinity when there is now. */
export function roomAt(due: readonly AlertRecord[], state: NotificationState): number {
  const oldest = recent(state).at(-mostFor(due));
  return oldest === undefined ? -Infinity : oldest + RATE_WINDOW;
}

function mostFor(due: readonly AlertRecord[]): number {
  const isCritical = due.some(({ alert }) => alert.state === 'firing' && alert.severity === 'critical');
  return isCritical ? MAX_IN_WINDOW : MAX_UNLESS_CRITICAL;
}
