// Alerts that Alertmanager knows, as `GET /api/v2/alerts` lists them, and which of them it tells of through the watchdog.
import { isObject } from '../base/guards.ts';
import { type AlertNotice, readNotice, HEARTBEAT_ALERT } from './alertmanager-message.ts';

/** An alert that has not ended. */
export interface KnownAlert {
  readonly notice: AlertNotice;
  /** True once it went through its route, unless a silence or another alert holds it back: Alertmanager takes it for told. */
  readonly isActive: boolean;
  /** Names of the receivers that its routes lead to. */
  readonly receivers: readonly string[];
}

/**
 * What a receiver of Alertmanager does with its alerts, as far as it sends us messages: `forwards` asks our channels to
 * send them, `reports` says that somebody else has.
 */
const RECEIVER_ROLES = ['forwards', 'reports'] as const;
export type ReceiverRole = (typeof RECEIVER_ROLES)[number];
export type Receivers = Readonly<Record<string, ReceiverRole>>;

/** Limit far above what a config has: it bounds what a stranger may post. */
const MOST_RECEIVERS = 50;
const MOST_ALERTS = 1000;

/** Adds a receiver that has sent us a message; the latest message decides. */
export function withReceiver(before: Receivers, name: string | null, role: ReceiverRole): Receivers {
  if (name === null || before[name] === role) return before;
  return Object.fromEntries(Object.entries({ ...before, [name]: role }).slice(-MOST_RECEIVERS));
}

/** @param answer JSON of `GET /api/v2/alerts`; implausible alerts and the heartbeat are left out */
export function readKnownAlerts(answer: readonly unknown[]): KnownAlert[] {
  return answer.slice(0, MOST_ALERTS).flatMap((one) => {
    if (!isObject(one)) return [];
    const notice = readNotice({ ...one, status: 'firing' });
    if (notice === null || notice.name === HEARTBEAT_ALERT) return [];
    const state = isObject(one['status']) ? one['status']['state'] : null;
    return [{ notice, isActive: state === 'active', receivers: namesOf(one['receivers']) }];
  });
}

/** True when Alertmanager told of it through our channels. */
export function isToldThroughUs({ isActive, receivers }: KnownAlert, known: Receivers): boolean {
  return isActive && receivers.some((name) => known[name] === 'forwards');
}

/** True when its routes lead only to receivers that never let us know. */
export function isToldWithoutUs({ receivers }: KnownAlert, known: Receivers): boolean {
  return receivers.length > 0 && receivers.every((name) => known[name] === undefined);
}

/** @param saved JSON of any age and shape */
export function readReceivers(saved: unknown): Receivers {
  const pairs = isObject(saved) ? Object.entries(saved) : [];
  const roles = pairs.flatMap(([name, role]) => {
    const known = RECEIVER_ROLES.find((one) => one === role);
    return known === undefined ? [] : [[name, known] as const];
  });
  return Object.fromEntries(roles.slice(-MOST_RECEIVERS));
}

function namesOf(receivers: unknown): string[] {
  if (!Array.isArray(receivers)) return [];
  return receivers.flatMap((one: unknown) =>
    isObject(one) && typeof one['name'] === 'string' ? [one['name']] : [],
  );
}
