// What outlives the daemon of who delivers, and how much of what is found on disk can be believed.
import { DELIVERY_OWNERS, type DeliveryOwner } from '../model/vocabulary.ts';
import { readSilences, type Silence } from './silences.ts';
import { isObject } from '../base/guards.ts';

/** Plain JSON, for the state file. */
export interface SavedDelivery {
  readonly owner: DeliveryOwner;
  /** Alerts that Alertmanager told, see `HandOver`. */
  readonly noticed: readonly string[];
  readonly isNoticed: boolean;
  /** What Prometheus calls us; null before it was heard. */
  readonly instance: string | null;
  readonly silences: readonly Silence[];
}

/** @param saved JSON of whatever age and shape */
export function readSavedDelivery(saved: unknown): SavedDelivery {
  const record = isObject(saved) ? saved : {};
  const { noticed, instance } = record;
  return {
    owner: DELIVERY_OWNERS.find((owner) => owner === record['owner']) ?? 'us',
    noticed: Array.isArray(noticed) ? noticed.filter((key) => typeof key === 'string') : [],
    isNoticed: record['isNoticed'] === true,
    instance: typeof instance === 'string' && instance !== '' ? instance : null,
    silences: readSilences(record['silences']),
  };
}
