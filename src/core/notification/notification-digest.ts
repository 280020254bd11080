// How the alerts that are due become notifications: one each while they are few, else one about all.
import { SEVERITIES, type Severity } from '../model/vocabulary.ts';
import type { Notification, NotifiedAlert } from '../model/notification.ts';

/** As notifications of their own; more at once become one digest. */
export const MAX_SINGLES = 3;

export interface DigestOptions {
  /** ms since the epoch. */
  readonly at: number;
  readonly swallowed: number;
  /** How many notifications may be made; at least one. */
  readonly room: number;
}

export function composeNotifications(
  alerts: readonly NotifiedAlert[],
  { at, swallowed, room }: DigestOptions,
): Notification[] {
  if (alerts.length === 0) return [];
  const sorted = alerts.toSorted(byGravity);
  if (sorted.length > Math.min(MAX_SINGLES, room) && sorted.length > 1) {
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

function byGravity(a: NotifiedAlert, b: NotifiedAlert): number {
  return rankOf(b) - rankOf(a) || a.since - b.since;
}

/** What is over ranks below everything that fires. */
function rankOf({ state, severity }: NotifiedAlert): number {
  return state === 'firing' ? SEVERITIES.indexOf(severity) : -1;
}

function gravest(alerts: readonly NotifiedAlert[]): Severity {
  return SEVERITIES[Math.max(0, ...alerts.map(rankOf))] ?? 'info';
}
