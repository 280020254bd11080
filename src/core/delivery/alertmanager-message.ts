// Message of Alertmanager's webhook: the alerts that it has sent, and whether the heartbeat is among them.
import { SEVERITIES, type Severity } from '../model/vocabulary.ts';
import { truncate, neutralise } from '../base/text.ts';
import { isObject } from '../base/guards.ts';
import { runbookIn } from '../model/notification.ts';

/** Name of the alert that always fires: when it comes back to us, the whole chain works. */
export const HEARTBEAT_ALERT = 'Watchdog';

export interface AlertNotice {
  readonly name: string;
  readonly state: 'firing' | 'resolved';
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  /** One line for people. */
  readonly summary: string;
  readonly runbook?: string | undefined;
}

export interface AlertmanagerMessage {
  readonly hasHeartbeat: boolean;
  /** Name of the receiver in the config of Alertmanager; null when the message has none. */
  readonly receiver: string | null;
  /** Without the heartbeat. */
  readonly alerts: readonly AlertNotice[];
}

const LONGEST_TEXT = 400;
const MOST_ALERTS = 1000;

/**
 * Reads the message.
 *
 * @param body JSON of the webhook, version 4; unknown fields are ignored.
 * @returns a text that says what is wrong with it
 */
export function readAlertmanagerMessage(body: unknown): AlertmanagerMessage | string {
  if (!isObject(body)) return 'Not a JSON object';
  if (body['version'] !== '4') return 'Not a message of Alertmanager: version must be "4"';
  const alerts = body['alerts'];
  if (!Array.isArray(alerts)) return 'Not a message of Alertmanager: alerts must be a list';
  const all = alerts.slice(0, MOST_ALERTS).map((alert: unknown) => readNotice(alert));
  const read = all.filter((alert) => alert !== null);
  if (read.length < all.length)
    return 'Not a message of Alertmanager: an alert needs a status and an alertname';
  const { receiver } = body;
  const isNamed = typeof receiver === 'string' && receiver.length <= LONGEST_TEXT;
  return {
    receiver: isNamed ? receiver : null,
    hasHeartbeat: read.some(({ name, state }) => name === HEARTBEAT_ALERT && state === 'firing'),
    alerts: read.filter(({ name }) => name !== HEARTBEAT_ALERT),
  };
}

/** Reads one alert of a message; null for what is none. */
export function readNotice(alert: unknown): AlertNotice | null {
  if (!isObject(alert)) return null;
  const labels = textsOf(alert['labels']);
  const annotations = textsOf(alert['annotations']);
  const { alertname: name, severity } = labels;
  const state = (['firing', 'resolved'] as const).find((one) => one === alert['status']);
  if (name === undefined || name === '' || state === undefined) return null;
  const known = SEVERITIES.find((one) => one === severity) ?? 'warning';
  // From the whole annotation: a cut address leads nowhere.
  const runbook = runbookIn(isObject(alert['annotations']) ? alert['annotations'] : {});
  const summary = annotations['summary'] ?? annotations['description'] ?? name;
  return { name, state, severity: known, labels, summary, runbook };
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  const pairs = Object.entries(value).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, truncate(neutralise(text), LONGEST_TEXT)] as const] : [],
  );
  return Object.fromEntries(pairs);
}
