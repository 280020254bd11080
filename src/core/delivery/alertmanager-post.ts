// What Alertmanager is posted in place of Prometheus: the same labels, so that it takes both for one alert.
import { HEARTBEAT_ALERT } from './alertmanager-message.ts';

/** An alert as the rules left it. Times in ms since the epoch. */
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

export interface PostOptions {
  /** ms since the epoch. */
  readonly now: number;
  /** Ms after which a firing alert is taken to be over unless it was posted again. */
  readonly lasts: number;
  /** What Prometheus calls us, as far as that was heard; else what we call ourselves. */
  readonly instance: string | null;
}

/** What fires and what has ended lately. The heartbeat is left out: it would say that Prometheus lives. */
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
    // The original beginning each time: another one would be another alert.
    return [{ labels, annotations, startsAt: firedAt, endsAt: isOver ? resolvedAt : now + lasts }];
  });
}

/** Evaluation, transport, and windows that have to fill again, ms. */
const TAKES_OVER_WITHIN = 300_000;

/**
 * What Prometheus may not have found yet since it delivers again: one that began anew waits as long as the alert's `for`
 * once more. Should nobody post it until then, Alertmanager would take it to be over.
 *
 * @param handedAt when Prometheus began to deliver, ms since the epoch
 */
export function notYetHandedOff(
  alerts: Iterable<EvaluatedAlert>,
  { handedAt, now }: { readonly handedAt: number; readonly now: number },
): EvaluatedAlert[] {
  return [...alerts].filter(({ activeAt, firedAt }) => {
    if (firedAt === null || firedAt > handedAt) return false;
    return now < handedAt + (firedAt - activeAt) + TAKES_OVER_WITHIN;
  });
}

/** The labels that Prometheus gives it. */
export function labelsFor(
  { labels }: Pick<EvaluatedAlert, 'labels'>,
  instance: string | null,
): Readonly<Record<string, string>> {
  return instance === null || labels['instance'] === undefined ? labels : { ...labels, instance };
}
