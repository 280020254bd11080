// Changes between two evaluations: alerts that began, became more severe, or ended.
import { SEVERITIES, type Severity } from '../core/model/vocabulary.ts';
import {
  type AlertChange,
  type FiringAlert,
  alertKey,
  alertSummary,
  runbookIn,
} from '../core/model/notification.ts';
import { isMoreSevere } from '../core/notification/notification-state.ts';
import { span } from '../core/base/format.ts';
import type { Alert } from '../promql/rules/alert-state.ts';

/** By `alertKey`. */
export type FiringAlerts = ReadonlyMap<string, FiringAlert>;

/** Merges alerts of one name about one server into one notification, whatever other labels they have. */
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
    return known === undefined || isMoreSevere(alert, known) ? [changeOf(alert, 'firing')] : [];
  });
  const ended = [...before].flatMap(([key, alert]): AlertChange[] => {
    if (after.has(key)) return [];
    const summary = alertSummary(`Resolved after ${span(now - alert.since)}: ${alert.summary}`);
    return [{ ...changeOf(alert, 'resolved'), summary }];
  });
  return [...begun, ...ended];
}

function changeOf(alert: FiringAlert, state: AlertChange['state']): AlertChange {
  const { since: _since, ...change } = alert;
  return { ...change, state };
}

function describe({ labels, annotations, firedAt, activeAt }: Alert, severity: Severity): FiringAlert {
  const name = labels['alertname'] ?? '';
  const words = [annotations['summary'], annotations['description'], name];
  return {
    name,
    about: labels['server'] ?? null,
    severity,
    since: firedAt ?? activeAt,
    runbook: runbookIn(annotations),
    summary: alertSummary(words.find((text) => text !== undefined && text !== '') ?? ''),
  };
}

/** Null for an alert that is not for people, such as a heartbeat; an unknown severity counts as a warning. */
function severityOf({ labels }: Alert): Severity | null {
  const { severity } = labels;
  return severity === 'none' ? null : (SEVERITIES.find((one) => one === severity) ?? 'warning');
}
