// Alerts as we post them to Alertmanager in place of Prometheus: with the same labels, so that it takes both for one alert.
import { HEARTBEAT_ALERT } from './alertmanager-message.ts';

/** An alert after an evaluation of the rules. Times in ms since the epoch. */
export interface EvaluatedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing' | 'inactive';
  readonly activeAt: number;
  readonly firedAt: number | null;
  readonly resolvedAt: number | null;
}

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: number;
  readonly endsAt: number;
}

interface PostOptions {
  /** ms since the epoch. */
  readonly now: number;
  /** Ms after which Alertmanager takes a firing alert for resolved unless it was posted again. */
  readonly lasts: number;
  /** Our `instance` label at Prometheus; null keeps our own. */
  readonly instance: string | null;
}

/**
 * Builds the post: alerts that fire or have ended recently. The heartbeat is left out: it would say that Prometheus is
 * alive.
 */
export function toPost(
  alerts: Iterable<EvaluatedAlert>,
  { now, lasts, instance }: PostOptions,
): PostedAlert[] {
  return [...alerts].flatMap((alert) => {
    const { annotations, state, firedAt, resolvedAt } = alert;
    const isOver = state === 'inactive' && resolvedAt !== null;
    if (firedAt === null || (state !== 'firing' && !isOver)) return [];
    const labels = labelsFor(alert, instance);
    if (labels['alertname'] === HEARTBEAT_ALERT || labels['severity'] === 'none') return [];
    // Always the original start: another one would be another alert.
    return [{ labels, annotations, startsAt: firedAt, endsAt: isOver ? resolvedAt : now + lasts }];
  });
}

/** Evaluation, transport, and windows that have to fill again, ms. */
const HANDED_OFF_WITHIN = 300_000;

/**
 * Selects the alerts that Prometheus may not fire yet since it delivers again: a Prometheus that was restarted waits for
 * the alert's `for` once more. If nobody posted them until then, Alertmanager would take them for resolved.
 *
 * @param handedAt when Prometheus began to deliver, ms since the epoch
 */
export function notYetHandedOff(
  alerts: Iterable<EvaluatedAlert>,
  { handedAt, now }: { readonly handedAt: number; readonly now: number },
): EvaluatedAlert[] {
  return [...alerts].filter(({ activeAt, firedAt }) => {
    if (firedAt === null || firedAt > handedAt) return false;
    return now < handedAt + (firedAt - activeAt) + HANDED_OFF_WITHIN;
  });
}

/** Returns the labels that Prometheus gives the alert. */
export function labelsFor(
  { labels }: Pick<EvaluatedAlert, 'labels'>,
  instance: string | null,
): Readonly<Record<string, string>> {
  return instance === null || labels['instance'] === undefined ? labels : { ...labels, instance };
}
