// A notification for programs: the JSON that webhooks get as their body and commands on their stdin.
import type { Notification } from '../../core/model/notification.ts';
import { messageOf, plain } from './message.ts';

/** Beyond these a digest only counts. */
const MOST_ALERTS = 100;

/** Raised when a field changes its meaning or goes; fields may be added at any time. */
const VERSION = 1;

export function payloadOf(notification: Notification): object {
  const { title, subtitle, body, severity, status, count } = messageOf(notification);
  return {
    version: VERSION,
    kind: notification.kind,
    status,
    severity,
    title,
    subtitle,
    body,
    at: new Date(notification.at).toISOString(),
    count,
    swallowed: notification.swallowed,
    alerts: notification.alerts.slice(0, MOST_ALERTS).map((alert) => ({
      name: plain(alert.name, 80),
      server: alert.about === null ? null : plain(alert.about, 80),
      severity: alert.severity,
      status: alert.state,
      summary: plain(alert.summary, 400),
      since: new Date(alert.since).toISOString(),
    })),
  };
}
