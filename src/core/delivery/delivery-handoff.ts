// What is not told twice, and not lost, when another one begins to deliver: which alerts the last one can have told.
import type { DeliveryOwner } from '../model/vocabulary.ts';
import { type AlertChange, type FiringAlert, alertKey } from '../model/notification.ts';

export interface Handoff {
  /** By alert: since when somebody else has had it to tell, awake ms. */
  readonly held: ReadonlyMap<string, number>;
  /** Alerts of which Alertmanager let us know that it told them, and not that they are over. */
  readonly noticed: ReadonlySet<string>;
  /** It lets us know what it tells, so that what it did not tell is known as well. */
  readonly isNoticed: boolean;
}

export const EMPTY_HANDOFF: Handoff = { held: new Map(), noticed: new Set(), isNoticed: false };

/** Far more than ever fire at once: whoever posts more of them is no Alertmanager of ours. */
const MOST_NOTICES = 1000;

/** Evaluation, transport and the `group_wait` of the shipped routes, ms. */
const TELLS_WITHIN = 60_000;
/** An alert may also wait for the next `group_interval` of its group; without a notice by then it was held back on purpose, ms. */
const HOLDS_BACK_WITHIN = 360_000;

/** @param owner who has it to tell; Alertmanager has what we post only when it took it, see `takenOver` */
export function handoffAfterAlert(
  before: Handoff,
  alert: Pick<AlertChange, 'name' | 'about' | 'state'>,
  { owner, at }: { readonly owner: DeliveryOwner; readonly at: number },
): Handoff {
  const key = alertKey(alert);
  if (alert.state === 'resolved') return without(before, key);
  return owner === 'engine' ? heldElsewhere(before, [key], at) : before;
}

/** Alertmanager has told this one, or that it is over. */
export function handoffAfterNotice(
  before: Handoff,
  { name, about, state }: Pick<AlertChange, 'name' | 'about' | 'state'>,
): Handoff {
  const key = alertKey({ name, about });
  const others = [...before.noticed].filter((known) => known !== key);
  const noticed = state === 'resolved' ? others : [...others, key].slice(-MOST_NOTICES);
  return { ...before, noticed: new Set(noticed), isNoticed: true };
}

/** It is over, so that its next beginning is another one. */
export function withoutNotice(before: Handoff, key: string): Handoff {
  if (!before.noticed.has(key)) return before;
  return { ...before, noticed: new Set([...before.noticed].filter((known) => known !== key)) };
}

/** Others have had these since `at`, unless they had them before. */
export function heldElsewhere(before: Handoff, keys: readonly string[], at: number): Handoff {
  const fresh = keys.filter((key) => !before.held.has(key));
  if (fresh.length === 0) return before;
  return { ...before, held: new Map([...before.held, ...fresh.map((key) => [key, at] as const)]) };
}

/**
 * Somebody else delivers from now on.
 *
 * @param lastContact the last moment at which `from` is known to have worked, awake ms; null for never
 * @returns `told`: what `from` can be taken to have told, so that we do not
 */
export function handOff(
  before: Handoff,
  {
    from,
    to,
    firing,
    lastContact,
    at,
  }: {
    readonly from: DeliveryOwner;
    readonly to: DeliveryOwner;
    readonly firing: readonly FiringAlert[];
    readonly lastContact: number | null;
    readonly at: number;
  },
): { readonly next: Handoff; readonly told: readonly FiringAlert[] } {
  if (to === 'engine') {
    const keys = from === 'us' ? firing.map((alert) => alertKey(alert)) : [];
    return { next: heldElsewhere(before, keys, at), told: [] };
  }
  // What did not get through to the one who leaves, the next one has only from us.
  const settled = settledBy(before, lastContact);
  if (to === 'alertmanager-by-us') return { next: { ...before, held: settled }, told: [] };
  const told = firing.filter((alert) => before.noticed.has(alertKey(alert)) || settled.has(alertKey(alert)));
  return { next: { ...before, held: new Map() }, told };
}

/** What somebody had for long enough before it was last known to work. */
function settledBy({ held, isNoticed }: Handoff, lastContact: number | null): Handoff['held'] {
  const within = isNoticed ? HOLDS_BACK_WITHIN : TELLS_WITHIN;
  return new Map([...held].filter(([, since]) => lastContact !== null && since + within <= lastContact));
}

function without(before: Handoff, key: string): Handoff {
  if (!before.held.has(key)) return before;
  return { ...before, held: new Map([...before.held].filter(([known]) => known !== key)) };
}
