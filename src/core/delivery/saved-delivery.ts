// State file form of alert delivery, with a checked reader.
import { DELIVERY_OWNERS, type DeliveryOwner } from '../model/vocabulary.ts';
import { readSilences, type Silence } from './silences.ts';
import { readReceivers, type Receivers } from './alertmanager-view.ts';
import { isObject } from '../base/guards.ts';

/** Plain JSON, for the state file. */
export interface SavedDelivery {
  readonly owner: DeliveryOwner;
  /** Alerts that Alertmanager sent, see `Handoff`. */
  readonly noticed: readonly string[];
  readonly isNoticed: boolean;
  /** Receivers of Alertmanager that have sent us messages. */
  readonly receivers: Receivers;
  /** Our `instance` label at Prometheus; null while not known. */
  readonly instance: string | null;
  readonly silences: readonly Silence[];
}

/** @param saved JSON of any age and shape: implausible parts get their defaults */
export function readSavedDelivery(saved: unknown): SavedDelivery {
  const record = isObject(saved) ? saved : {};
  const { noticed, instance } = record;
  return {
    owner: DELIVERY_OWNERS.find((owner) => owner === record['owner']) ?? 'us',
    noticed: Array.isArray(noticed) ? noticed.filter((key) => typeof key === 'string') : [],
    isNoticed: record['isNoticed'] === true,
    receivers: readReceivers(record['receivers']),
    instance: typeof instance === 'string' && instance !== '' ? instance : null,
    silences: readSilences(record['silences']),
  };
}
