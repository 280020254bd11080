// A notification for programs: the JSON that webhooks get as their body and commands on their stdin.
import type { Notification } from '../../core/model/notification.ts';
import { composeMessage, toPlainLine } from './message.ts';

/** Beyond these a digest only counts. */
const MOST_ALERTS = 100;

/** Raised when a field changes its meaning or goes; fields may be added at any time. */
const VERSION = 1;

export function toPayload(notification: Notification): object {
  const { title, subtitle, body, severity, status, count } = composeMessage(notification);
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
      name: toPlainLine(alert.name, 80),
      server: alert.about === null ? null : toPlainLine(alert.about, 80),
      severity: alert.severity,
      status: alert.state,
      summary: toPlainLine(alert.summary, 400),
      since: new Date(alert.since).toISOString(),
    })),
  };
}
