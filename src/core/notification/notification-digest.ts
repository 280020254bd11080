// How the alerts that are due become notifications: one each while they are few, else one about all.
import { SEVERITIES, type Severity } from '../model/events.ts';
import type { Notification, ToldAlert } from '../model/notification.ts';

/** As notifications of their own; more at once become one digest. */
export const MOST_AT_ONCE = 3;

export interface DigestOptions {
  /** ms since the epoch. */
  readonly at: number;
  readonly swallowed: number;
  /** How many notifications may be made; at least one. */
  readonly room: number;
}

export function composeNotifications(
  alerts: readonly ToldAlert[],
  { at, swallowed, room }: DigestOptions,
): Notification[] {
  if (alerts.length === 0) return [];
  const sorted = alerts.toSorted(byGravity);
  if (sorted.length > Math.min(MOST_AT_ONCE, room) && sorted.length > 1) {
    return [{ kind: 'digest', at, severity: gravest(sorted), alerts: sorted, swallowed }];
  }
  return sorted.map((alert, index) => ({
    kind: 'single',
    at,
    severity: gravest([alert]),
    alerts: [alert],
    swallowed: index === 0 ? swallowed : 0,
  }));
}

function byGravity(a: ToldAlert, b: ToldAlert): number {
  return rankOf(b) - rankOf(a) || a.since - b.since;
}

/** What is over ranks below everything that fires. */
function rankOf({ state, severity }: ToldAlert): number {
  return state === 'firing' ? SEVERITIES.indexOf(severity) : -1;
}

function gravest(alerts: readonly ToldAlert[]): Severity {
  return SEVERITIES[Math.max(0, ...alerts.map(rankOf))] ?? 'info';
}
