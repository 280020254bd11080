// JSON form of a notification: the body for webhooks, the stdin for commands.
import type { Notification } from '../../core/model/notification.ts';
import { composeMessage, toPlainLine } from './message.ts';

/** A longer list is cut; `count` still has the full number. */
const MAX_ALERTS = 100;

/** Raised when a field is removed or changes its meaning; fields may be added at any time. */
const VERSION = 1;

/** Converts a notification; docs/notifications.md describes the fields. */
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
    alerts: notification.alerts.slice(0, MAX_ALERTS).map((alert) => ({
      name: toPlainLine(alert.name, 80),
      server: alert.about === null ? null : toPlainLine(alert.about, 80),
      severity: alert.severity,
      status: alert.state,
      summary: toPlainLine(alert.summary, 400),
      runbook: alert.runbook ?? null,
      since: new Date(alert.since).toISOString(),
    })),
  };
}
