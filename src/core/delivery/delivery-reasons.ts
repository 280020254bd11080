// Why it is not Prometheus with Alertmanager who delivers, in words for people.
import type { DeliveryOwner, DeliverySettings, DeliveryState, PeriodicSignal } from './delivery.ts';

/** The usual state of who uses neither: there is nothing to say about it. */
const NOBODY_KNOWN = 'no Prometheus and no Alertmanager is known';

/** There is nobody else who could, nor was there anybody. */
export function isDeliveredByUsAlone({
  owner,
  reasons,
}: {
  readonly owner: DeliveryOwner;
  readonly reasons: readonly string[];
}): boolean {
  // Without any reason nothing was decided yet.
  return owner === 'us' && (reasons.length === 0 || reasons.includes(NOBODY_KNOWN));
}

/** For people; empty when it is the engine. */
export function reasonsOf(
  { scrapes, heartbeats, alertmanager }: DeliveryState,
  owner: DeliveryOwner,
  { hasAlertmanager }: DeliverySettings,
): string[] {
  if (owner === 'engine') return [];
  const wasHeard = scrapes.lastAt !== null || heartbeats.lastAt !== null;
  if (!hasAlertmanager && !wasHeard) return [NOBODY_KNOWN];
  // What the others may follow from comes first: a terminal is not wide.
  return [
    ...(!hasAlertmanager || alertmanager.isAlive ? [] : [ofAlertmanager(alertmanager)]),
    ...(scrapes.isAlive ? [] : [ofScrapes(scrapes)]),
    ...(heartbeats.isAlive ? [] : [ofHeartbeats(heartbeats)]),
  ];
}

function ofAlertmanager({ against, trouble }: DeliveryState['alertmanager']): string {
  if (against > 0) return 'Alertmanager has only just become ready';
  return `Alertmanager is not ready${trouble === null ? '' : ` (${trouble})`}`;
}

function ofScrapes({ lastAt, good }: PeriodicSignal): string {
  if (lastAt === null) return 'Prometheus has not read the metrics yet';
  return good > 0
    ? 'Prometheus has only just begun to read the metrics'
    : 'Prometheus no longer reads the metrics';
}

function ofHeartbeats({ lastAt, good }: PeriodicSignal): string {
  if (lastAt === null) return 'no heartbeat of Alertmanager has arrived yet';
  return good > 0
    ? 'the heartbeat of Alertmanager has only just begun'
    : 'the heartbeat of Alertmanager no longer arrives';
}
