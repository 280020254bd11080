// Changes between two evaluations: alerts that began, became more severe, or ended.
import { SEVERITIES, type Severity } from '../core/model/vocabulary.ts';
import { type AlertChange, type FiringAlert, alertKey, alertSummary } from '../core/model/notification.ts';
import { isMoreSevere } from '../core/notification/notification-state.ts';
import { span } from '../core/base/format.ts';
import type { Alert } from '../promql/rules/alert-state.ts';

/** By `keyOf`. */
export type FiringAlerts = ReadonlyMap<string, FiringAlert>;

/** Alerts of one name about one server are one for people, whatever else is in their labels. */
export function firingAlerts(alerts: Iterable<Alert>): FiringAlerts {
  const firing = new Map<string, FiringAlert>();
  for (const alert of alerts) {
    const severity = severityOf(alert);
    if (alert.state !== 'firing' || severity === null) continue;
    const own = describe(alert, severity);
    const key = alertKey(own);
    const known = firing.get(key);
    if (known === undefined || isMoreSevere(own, known))
      firing.set(key, { ...own, since: Math.min(own.since, known?.since ?? own.since) });
  }
  return firing;
}

/** @param now ms since the epoch */
export function changesBetween(before: FiringAlerts, after: FiringAlerts, now: number): AlertChange[] {
  const begun = [...after].flatMap(([key, alert]): AlertChange[] => {
    const known = before.get(key);
    return known === undefined || isMoreSevere(alert, known) ? [newsOf(alert, 'firing')] : [];
  });
  const ended = [...before].flatMap(([key, alert]): AlertChange[] => {
    if (after.has(key)) return [];
    const summary = alertSummary(`Over after ${span(now - alert.since)}: ${alert.summary}`);
    return [{ ...newsOf(alert, 'resolved'), summary }];
  });
  return [...begun, ...ended];
}

function newsOf({ name, about, severity, summary }: FiringAlert, state: AlertChange['state']): AlertChange {
  return { name, about, severity, state, summary };
}

function describe({ labels, annotations, firedAt, activeAt }: Alert, severity: Severity): FiringAlert {
  const name = labels['alertname'] ?? '';
  const words = [annotations['summary'], annotations['description'], name];
  return {
    name,
    about: labels['server'] ?? null,
    severity,
    since: firedAt ?? activeAt,
    summary: alertSummary(words.find((text) => text !== undefined && text !== '') ?? ''),
  };
}

/** Null for what is not for people, as a heartbeat; a word that we do not know counts as a warning. */
function severityOf({ labels }: Alert): Severity | null {
  const { severity } = labels;
  return severity === 'none' ? null : (SEVERITIES.find((one) => one === severity) ?? 'warning');
}
