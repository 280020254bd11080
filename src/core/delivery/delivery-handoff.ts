// Handoff of alerts to a new owner of delivery: which ones the old owner has sent, so that none is sent twice or lost.
import type { DeliveryOwner } from '../model/vocabulary.ts';
import { type AlertChange, type FiringAlert, alertKey } from '../model/notification.ts';

export interface Handoff {
  /** By alert: since when another owner has had it to send, awake ms. */
  readonly held: ReadonlyMap<string, number>;
  /** Alerts that Alertmanager reported to us as sent, and not as resolved since. */
  readonly noticed: ReadonlySet<string>;
  /** True once Alertmanager reports to us what it sends, so that an alert without a report was not sent. */
  readonly isNoticed: boolean;
}

export const EMPTY_HANDOFF: Handoff = { held: new Map(), noticed: new Set(), isNoticed: false };

/** Limit far above what fires at once: it bounds what a stranger may post. */
const MOST_NOTICES = 1000;

/** Evaluation, transport and the `group_wait` of the shipped routes, ms. */
const SENT_WITHIN = 60_000;
/** The same with the next `group_interval` of its group, where Alertmanager reports some alerts and not this one, ms. */
const UNREPORTED_WITHIN = 360_000;

/**
 * Takes in an alert.
 *
 * @param owner who has to send it; Alertmanager has what we post only once it accepted it, see `heldElsewhere`
 */
export function handoffAfterAlert(
  before: Handoff,
  alert: Pick<AlertChange, 'name' | 'about' | 'state'>,
  { owner, at }: { readonly owner: DeliveryOwner; readonly at: number },
): Handoff {
  const key = alertKey(alert);
  if (alert.state === 'resolved') return without(before, key);
  return owner === 'engine' ? heldElsewhere(before, [key], at) : before;
}

/** Takes in a report of Alertmanager that it sent this alert, or its end. */
export function handoffAfterNotice(
  before: Handoff,
  { name, about, state }: Pick<AlertChange, 'name' | 'about' | 'state'>,
): Handoff {
  const key = alertKey({ name, about });
  const others = [...before.noticed].filter((known) => known !== key);
  const noticed = state === 'resolved' ? others : [...others, key].slice(-MOST_NOTICES);
  return { ...before, noticed: new Set(noticed), isNoticed: true };
}

/** Drops the notice of an alert that is resolved: its next beginning is a new one. */
export function withoutNotice(before: Handoff, key: string): Handoff {
  if (!before.noticed.has(key)) return before;
  return { ...before, noticed: new Set([...before.noticed].filter((known) => known !== key)) };
}

/** Notes that another owner has had these alerts since `at`, unless it had them before. */
export function heldElsewhere(before: Handoff, keys: readonly string[], at: number): Handoff {
  const fresh = keys.filter((key) => !before.held.has(key));
  if (fresh.length === 0) return before;
  return { ...before, held: new Map([...before.held, ...fresh.map((key) => [key, at] as const)]) };
}

/**
 * Changes the owner of delivery.
 *
 * @param lastContact last time at which `from` is known to have worked, awake ms; null for never
 * @returns `sent`: alerts that `from` can be assumed to have sent, so that we do not
 */
export function handOff(
  before: Handoff,
  {
    from,
    to,
    firing,
    lastContact,
    at,
    isElsewhere = () => false,
  }: {
    readonly from: DeliveryOwner;
    readonly to: DeliveryOwner;
    readonly firing: readonly FiringAlert[];
    readonly lastContact: number | null;
    readonly at: number;
    /** Whether Alertmanager routes the alert only to receivers that do not report to us; false while that is not known. */
    readonly isElsewhere?: (key: string) => boolean;
  },
): { readonly next: Handoff; readonly sent: readonly FiringAlert[] } {
  if (to === 'engine') {
    const keys = from === 'us' ? firing.map((alert) => alertKey(alert)) : [];
    return { next: heldElsewhere(before, keys, at), sent: [] };
  }
  // Alertmanager has alerts that did not get through to the old owner only from us.
  const settled = settledBy(before, lastContact);
  if (to === 'alertmanager-by-us') return { next: { ...before, held: settled }, sent: [] };
  // Where Alertmanager reports what it tells, the lack of a report means that it has not told: better twice than never.
  const isSettled = (key: string): boolean => settled.has(key) && (!before.isNoticed || isElsewhere(key));
  const sent = firing.filter((alert) => before.noticed.has(alertKey(alert)) || isSettled(alertKey(alert)));
  return { next: { ...before, held: new Map() }, sent };
}

/** Alerts that the old owner had for long enough before its last sign of life. */
function settledBy({ held, isNoticed }: Handoff, lastContact: number | null): Handoff['held'] {
  const within = isNoticed ? UNREPORTED_WITHIN : SENT_WITHIN;
  return new Map([...held].filter(([, since]) => lastContact !== null && since + within <= lastContact));
}

function without(before: Handoff, key: string): Handoff {
  if (!before.held.has(key)) return before;
  return { ...before, held: new Map([...before.held].filter(([known]) => known !== key)) };
}
