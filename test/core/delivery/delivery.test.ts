// Delivery decision and handoff: single cases, and properties over any history.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  beginDelivery,
  decideDelivery,
  type DeliveryInput,
  type DeliverySettings,
  type DeliveryState,
  DELIVERY_GRACE,
  REFUSAL_HOLDS,
  lastContact,
  withNewAlertmanager,
} from '../../../src/core/delivery/delivery.ts';
import type { DeliveryOwner } from '../../../src/core/model/vocabulary.ts';
import {
  handOff,
  handoffAfterAlert,
  EMPTY_HANDOFF,
  handoffAfterNotice,
  withoutNotice,
  heldElsewhere,
} from '../../../src/core/delivery/delivery-handoff.ts';
import { type AlertChange, type FiringAlert, alertKey } from '../../../src/core/model/notification.ts';
import { decideNotifications, nextDecisionAt } from '../../../src/core/notification/notification-policy.ts';
import { EMPTY_NOTIFICATION_STATE } from '../../../src/core/notification/notification-state.ts';
import { SHIPPED_ROUTING } from '../../../src/core/notification/shipped-routing.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const WITH: DeliverySettings = { hasAlertmanager: true, hasPrometheus: false, hasToken: true };
const WITHOUT: DeliverySettings = { hasAlertmanager: false, hasPrometheus: false, hasToken: true };
/** Nothing that a signal could be proven by. */
const UNPROVEN: DeliverySettings = { hasAlertmanager: false, hasPrometheus: false, hasToken: false };

/** What is alive, and how often it is heard, ms. */
interface World {
  prometheus: boolean;
  alertmanager: boolean;
}
const SCRAPE = 15 * SECOND;
const BEAT = MINUTE;
const ASK = 15 * SECOND;

function stage(settings: DeliverySettings, was: DeliveryOwner = 'us') {
  let state = beginDelivery({ at: 0, was }, settings);
  let reasons: readonly string[] = [];
  let now = 0;
  const owners: DeliveryOwner[] = [state.owner];
  const take = (input: DeliveryInput): void => {
    const verdict = decideDelivery(state, input, settings);
    ({ state, reasons } = verdict);
    if (verdict.owner !== owners.at(-1)) owners.push(verdict.owner);
  };
  return {
    take,
    owners,
    state: () => state,
    owner: () => state.owner,
    reasons: () => reasons,
    now: () => now,
    run(ms: number, { prometheus, alertmanager }: World) {
      const end = now + ms;
      for (; now < end; now += SECOND) {
        if (prometheus && now % SCRAPE === 0) take({ kind: 'scraped', at: now });
        if (prometheus && alertmanager && now % BEAT === 0) take({ kind: 'heartbeat', at: now });
        if (settings.hasAlertmanager && now % ASK === 0)
          take({ kind: 'asked', at: now, isReady: alertmanager });
        if (now % (5 * SECOND) === 0) take({ kind: 'tick', at: now });
      }
    },
  };
}

const ALL: World = { prometheus: true, alertmanager: true };
const NONE: World = { prometheus: false, alertmanager: false };

describe('who delivers', () => {
  test('is we, when nobody is known', () => {
    const here = stage(UNPROVEN);
    here.run(10 * MINUTE, NONE);
    expect(here.owners).toEqual(['us']);
    expect(here.reasons()).toEqual(['no Prometheus and no Alertmanager is known']);
  });

  test('is we, while a Prometheus only reads the metrics: nothing proves that it tells anybody', () => {
    const here = stage(WITHOUT);
    here.run(10 * MINUTE, { prometheus: true, alertmanager: false });
    expect(here.owners).toEqual(['us']);
    expect(here.reasons()).toEqual(['no heartbeat of Alertmanager has arrived yet']);
  });

  test.each([WITHOUT, WITH])('is the engine after two heartbeats and two scrapes (%o)', (settings) => {
    const here = stage(settings);
    here.run(BEAT + SECOND, ALL);
    expect(here.owner()).toBe('engine');
    expect(here.reasons()).toEqual([]);
  });

  test('is Alertmanager by us after three missed scrapes, and the engine again after two', () => {
    const here = stage(WITH);
    here.run(5 * MINUTE, ALL);
    here.run(30 * SECOND, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('engine');
    here.run(60 * SECOND, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('alertmanager-by-us');
    expect(here.reasons()).toEqual(['Prometheus no longer reads the metrics']);
    here.run(5 * MINUTE, ALL);
    expect(here.owners).toEqual(['us', 'alertmanager-by-us', 'engine', 'alertmanager-by-us', 'engine']);
  });

  test('is we after three refusals of Alertmanager, and not after two', () => {
    const here = stage(WITH);
    here.run(5 * MINUTE, ALL);
    for (const at of [1, 2]) here.take({ kind: 'asked', at: here.now() + at, isReady: false });
    expect(here.owner()).toBe('engine');
    here.take({ kind: 'asked', at: here.now() + 3, isReady: false, trouble: 'answered 401' });
    expect(here.owner()).toBe('us');
    expect(here.reasons()).toEqual(['Alertmanager is not ready (answered 401)']);
    here.take({ kind: 'asked', at: here.now() + 4, isReady: true });
    expect(here.reasons()).toEqual(['Alertmanager has only just become ready']);
    expect(here.owner()).toBe('us');
    here.take({ kind: 'asked', at: here.now() + 5, isReady: true });
    expect(here.owner()).toBe('engine');
  });

  test('is we within the detection bound when all die, with no Alertmanager configured', () => {
    const here = stage(WITHOUT);
    here.run(5 * MINUTE, ALL);
    here.run(60 * SECOND, NONE);
    expect(here.owner()).toBe('us');
  });

  test('learns another interval', () => {
    const here = stage(WITHOUT);
    for (let at = 0; at <= 10 * MINUTE; at += 2 * MINUTE) {
      here.take({ kind: 'scraped', at });
      here.take({ kind: 'heartbeat', at });
      here.take({ kind: 'tick', at: at + 110 * SECOND });
    }
    expect(here.owner()).toBe('engine');
    here.take({ kind: 'tick', at: 10 * MINUTE + 6 * MINUTE });
    expect(here.owner()).toBe('us');
  });

  test('does not become worse within the grace after a wake', () => {
    const here = stage(WITH);
    here.run(5 * MINUTE, ALL);
    const woke = here.now();
    here.take({ kind: 'woke', at: woke });
    here.run(DELIVERY_GRACE - SECOND, NONE);
    expect(here.owner()).toBe('engine');
    here.run(MINUTE, NONE);
    expect(here.owner()).toBe('us');
  });

  test('stays while another Alertmanager proves itself, and no longer', () => {
    const here = stage(WITH);
    here.run(5 * MINUTE, ALL);
    const was = lastContact(here.state(), WITH);
    const changed = withNewAlertmanager(here.state(), here.now());
    expect(lastContact(changed, WITH)).toBe(was);
    const after = (ms: number) => decideDelivery(changed, { kind: 'tick', at: here.now() + ms }, WITH).owner;
    expect([after(0), after(DELIVERY_GRACE - 1), after(DELIVERY_GRACE)]).toEqual(['engine', 'engine', 'us']);
    let state = changed;
    for (const at of [1, 2])
      ({ state } = decideDelivery(state, { kind: 'asked', at: here.now() + at, isReady: true }, WITH));
    for (const kind of ['scraped', 'heartbeat'] as const)
      ({ state } = decideDelivery(state, { kind, at: here.now() + DELIVERY_GRACE }, WITH));
    expect(state.owner).toBe('engine');
  });

  test('is not an Alertmanager that the config no longer has', () => {
    const here = stage(WITH);
    here.run(5 * MINUTE, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('alertmanager-by-us');
    const changed = withNewAlertmanager(here.state(), here.now());
    expect(decideDelivery(changed, { kind: 'tick', at: here.now() }, WITHOUT).owner).toBe('us');
  });

  test('is believed to be who it was before our own restart, for the grace', () => {
    const here = stage(WITH, 'engine');
    here.run(60 * SECOND, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('engine');
    here.run(2 * MINUTE, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('alertmanager-by-us');
  });
});

describe('proof', () => {
  const asked: DeliverySettings = { hasAlertmanager: true, hasPrometheus: true, hasToken: false };

  test('without any, every signal leaves delivery with us, and the reason names the key', () => {
    const here = stage(UNPROVEN);
    here.run(10 * MINUTE, ALL);
    expect(here.owners).toEqual(['us']);
    expect(here.reasons()).toEqual([
      'nothing proves that Prometheus and Alertmanager deliver (no alerts.webhookToken)',
    ]);
  });

  test('of Alertmanager alone makes it the way of our own alerts, and no more', () => {
    const here = stage({ ...UNPROVEN, hasAlertmanager: true });
    here.run(10 * MINUTE, ALL);
    expect(here.owners).toEqual(['us', 'alertmanager-by-us']);
    expect(here.reasons()).toEqual([
      'nothing proves that Prometheus and Alertmanager deliver (neither alerts.prometheus.url nor alerts.webhookToken)',
    ]);
  });

  test('of a Prometheus alone, or by asking none that has the heartbeat, is not enough', () => {
    const here = stage({ ...UNPROVEN, hasPrometheus: true });
    here.run(10 * MINUTE, ALL);
    expect(here.owners).toEqual(['us']);
  });

  test('of both by asking is enough', () => {
    const here = stage(asked);
    here.run(5 * MINUTE, ALL);
    expect(here.owner()).toBe('engine');
    here.take({ kind: 'not-scraped', at: here.now(), trouble: 'answered 503' });
    expect(here.owner()).toBe('engine');
    here.run(2 * MINUTE, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('alertmanager-by-us');
    expect(here.reasons()[0]).toBe('Prometheus does not read the metrics (answered 503)');
  });

  test.each(['engine', 'alertmanager-by-us'] as const)(
    'that the config no longer has ends %s at once, also in the grace',
    (owner) => {
      const here = stage(WITH);
      here.run(5 * MINUTE, owner === 'engine' ? ALL : { prometheus: false, alertmanager: true });
      here.take({ kind: 'woke', at: here.now() });
      const after = decideDelivery(here.state(), { kind: 'tick', at: here.now() }, UNPROVEN);
      expect([here.owner(), after.owner]).toEqual([owner, 'us']);
    },
  );

  test.each([
    ['engine', UNPROVEN, 'us'],
    ['engine', { ...UNPROVEN, hasAlertmanager: true }, 'alertmanager-by-us'],
    ['engine', { ...UNPROVEN, hasPrometheus: true }, 'us'],
    ['engine', asked, 'engine'],
    ['alertmanager-by-us', UNPROVEN, 'us'],
  ] as const)(
    '%s of an earlier daemon is believed as far as the config has proof: %o',
    (was, settings, owner) => {
      expect(beginDelivery({ at: 0, was }, settings).owner).toBe(owner);
    },
  );
});

describe('a refused message for our channels', () => {
  const unproven: DeliverySettings = { ...UNPROVEN, hasAlertmanager: true };

  test('makes us deliver: Alertmanager counts on channels that it cannot use', () => {
    const here = stage(unproven);
    here.run(MINUTE, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('alertmanager-by-us');
    here.take({ kind: 'woke', at: here.now() });
    const at = here.now();
    here.take({ kind: 'refused', at });
    expect(here.owner()).toBe('us');
    expect(here.reasons()).toEqual([
      'messages to /api/v1/alertmanager?tell=yes arrive, but alerts.webhookToken is not set',
    ]);
    here.run(REFUSAL_HOLDS - SECOND, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('us');
    here.run(MINUTE, { prometheus: false, alertmanager: true });
    expect(here.owner()).toBe('alertmanager-by-us');
  });

  test('is forgotten once a message carries the token', () => {
    const here = stage(WITH);
    here.run(MINUTE, { prometheus: false, alertmanager: true });
    here.take({ kind: 'refused', at: here.now() });
    expect(here.owner()).toBe('us');
    expect(here.reasons()[0]).toContain('without the right token');
    here.take({ kind: 'accepted', at: here.now() });
    expect(here.owner()).toBe('alertmanager-by-us');
  });

  test('changes nothing while heartbeats carry the token: it is a stranger', () => {
    const here = stage(WITH);
    here.run(5 * MINUTE, ALL);
    here.take({ kind: 'refused', at: here.now() });
    expect(here.owner()).toBe('engine');
  });
});

/** A world in which alerts fire, the engine tells what it gets, and so do we; who heard what is counted. */
function simulate(
  steps: readonly Step[],
  { isNoticing, isRelaying }: { isNoticing: boolean; isRelaying: boolean },
) {
  const settings = WITH;
  const rules = { repeatEvery: 1000 * 3_600_000, routing: { ...SHIPPED_ROUTING, inhibitRules: [] } };
  let state: DeliveryState = beginDelivery({ at: 0, was: 'us' }, settings);
  let held = EMPTY_HANDOFF;
  let desk = { ...EMPTY_NOTIFICATION_STATE };
  const firing = new Map<string, FiringAlert>();
  /** What Alertmanager knows to fire, and since when. */
  const inEngine = new Map<string, number>();
  const toldByEngine = new Set<string>();
  const told: { by: 'us' | 'engine'; key: string; at: number; owner: DeliveryOwner }[] = [];
  const begun: { key: string; at: number; over: number | null }[] = [];
  let now = 0;
  let count = 0;
  const input = (given: Parameters<typeof decideNotifications>[1]): void => {
    const outcome = decideNotifications(desk, given, rules);
    desk = outcome.state;
    for (const { alerts } of outcome.notifications)
      for (const alert of alerts)
        if (alert.state === 'firing') told.push({ by: 'us', key: alert.name, at: now, owner: state.owner });
  };
  const news = (alert: FiringAlert, is: AlertChange['state']): AlertChange => {
    const { name, about, severity, summary } = alert;
    return { name, about, severity, summary, state: is };
  };
  const take = (given: DeliveryInput): void => {
    const before = state;
    state = decideDelivery(before, given, settings).state;
    if (state.owner === before.owner) return;
    const links = [before.scrapes, before.heartbeats].map(({ lastAt }) => lastAt ?? 0);
    const contact =
      before.owner === 'engine'
        ? Math.min(...links, before.alertmanager.lastAt ?? 0)
        : before.owner === 'us'
          ? null
          : before.alertmanager.lastAt;
    const outcome = handOff(held, {
      from: before.owner,
      to: state.owner,
      firing: [...firing.values()],
      lastContact: contact,
      at: now,
    });
    held = outcome.next;
    for (const { name, about } of outcome.sent)
      input({ kind: 'notified-elsewhere', at: now, alert: { name, about, state: 'firing' } });
    input({ kind: 'muted', at: now, isMuted: state.owner !== 'us' });
  };
  const engineTells = (key: string): void => {
    const alert = firing.get(key) ?? {
      name: key,
      about: null,
      severity: 'critical' as const,
      since: 0,
      summary: key,
    };
    toldByEngine.add(key);
    const one = news(alert, 'firing');
    if (isRelaying) {
      held = { ...held, isNoticed: true };
      input({ kind: 'forwarded', at: now, alert: one });
    } else {
      told.push({ by: 'engine', key, at: now, owner: state.owner });
      if (isNoticing) {
        held = handoffAfterNotice(held, one);
        input({ kind: 'notified-elsewhere', at: now, alert: one });
      }
    }
  };
  for (const { prometheus, alertmanager, lasts, fires, ends, wakes } of steps) {
    if (wakes) {
      take({ kind: 'woke', at: now });
      input({ kind: 'woke', at: now });
    }
    if (fires) {
      count += 1;
      const name = `alert${count}`;
      const alert: FiringAlert = { name, about: null, severity: 'critical', since: now, summary: name };
      firing.set(name, alert);
      begun.push({ key: name, at: now, over: null });
      input({ kind: 'alert', at: now, alert: news(alert, 'firing') });
      held = handoffAfterAlert(held, news(alert, 'firing'), { owner: state.owner, at: now });
    }
    const [oldest] = firing.values();
    if (ends && oldest !== undefined) {
      firing.delete(oldest.name);
      inEngine.delete(oldest.name);
      const one = begun.find(({ key }) => key === oldest.name);
      if (one !== undefined) one.over = now;
      held = withoutNotice(held, alertKey(oldest));
      held = handoffAfterAlert(held, news(oldest, 'resolved'), { owner: state.owner, at: now });
      input({ kind: 'alert', at: now, alert: news(oldest, 'resolved') });
    }
    for (const end = now + lasts; now < end; now += SECOND) {
      if (prometheus && now % SCRAPE === 0) take({ kind: 'scraped', at: now });
      if (prometheus && alertmanager && now % BEAT === 0) take({ kind: 'heartbeat', at: now });
      if (now % ASK === 0) {
        if (alertmanager && state.owner === 'alertmanager-by-us') {
          for (const key of firing.keys()) if (!inEngine.has(key)) inEngine.set(key, now);
          held = heldElsewhere(
            held,
            [...firing.values()].map((alert) => alertKey(alert)),
            now,
          );
        }
        take({ kind: 'asked', at: now, isReady: alertmanager });
      }
      if (now % (5 * SECOND) === 0) take({ kind: 'tick', at: now });
      if (prometheus && alertmanager && now % SCRAPE === 5 * SECOND)
        for (const key of firing.keys()) if (!inEngine.has(key)) inEngine.set(key, now);
      if (alertmanager)
        for (const [key, since] of inEngine)
          if (!toldByEngine.has(key) && now - since >= 10 * SECOND) engineTells(key);
      const due = nextDecisionAt(desk, rules);
      if (due !== null && due <= now) input({ kind: 'tick', at: now });
    }
  }
  return { told, begun, now };
}

interface Step extends World {
  readonly lasts: number;
  readonly fires: boolean;
  readonly ends: boolean;
  readonly wakes: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  prometheus: fc.boolean(),
  alertmanager: fc.boolean(),
  lasts: fc.integer({ min: 1, max: 400 }).map((seconds) => seconds * SECOND),
  fires: fc.boolean(),
  ends: fc.boolean(),
  wakes: fc.boolean(),
});
const history = fc.array(step, { minLength: 1, maxLength: 25 });

/** Longest way to be heard: we wake up, all is lost, that is found out, and six notifications have just been made. */
const BOUND = 20 * MINUTE;

describe('over any history', () => {
  test('there is one owner at any moment, and it changes only for a reason that holds', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (steps, hasAlertmanager) => {
        const here = stage({ ...WITH, hasAlertmanager });
        for (const { lasts, ...world } of steps) {
          here.run(lasts, world);
          const { scrapes, heartbeats, alertmanager, owner } = here.state();
          const whole = scrapes.isAlive && heartbeats.isAlive && (alertmanager.isAlive || !hasAlertmanager);
          expect(owner === 'engine').toBe(whole);
          if (owner === 'alertmanager-by-us') expect(hasAlertmanager && alertmanager.isAlive).toBe(true);
          expect(here.reasons().length === 0).toBe(owner === 'engine');
        }
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ['that lets us know what it tells', { isNoticing: true, isRelaying: false }],
    ['that tells through us', { isNoticing: true, isRelaying: true }],
  ])('every alert that lasts is told, and with an Alertmanager %s never twice by two', (_, world) => {
    fc.assert(
      fc.property(history, (steps) => {
        const { told, begun, now } = simulate([...steps, { ...CALM, lasts: BOUND }], world);
        for (const { key, at, over } of begun) {
          const times = told.filter((one) => one.key === key);
          const lasted = (over ?? now) - at;
          if (lasted >= BOUND) expect(times.length, `${key} at ${at}`).toBeGreaterThanOrEqual(1);
          const [first, ...more] = times;
          // Who learns of the alert from Prometheus after we told it cannot know that we did: that is no fault of ours.
          const byUs = more.filter(({ by }) => by === 'us');
          expect(byUs, `${key} told by ${first?.by}`).toEqual([]);
          if (world.isRelaying) expect(times.length).toBeLessThanOrEqual(1);
          else expect(times.filter(({ by, owner }) => by === 'us' && owner !== 'us')).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('every alert that lasts is told, also when nobody lets us know', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const { told, begun, now } = simulate([...steps, { ...CALM, lasts: BOUND }], {
          isNoticing: false,
          isRelaying: false,
        });
        for (const { key, at, over } of begun) {
          if ((over ?? now) - at >= BOUND)
            expect(
              told.some((one) => one.key === key),
              key,
            ).toBe(true);
          expect(told.filter((one) => one.key === key && one.by === 'us').length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the hand-over', () => {
  const alert: FiringAlert = { name: 'a', about: null, severity: 'critical', since: 0, summary: 'a' };
  const held = heldElsewhere(EMPTY_HANDOFF, [alertKey(alert)], 67 * SECOND);

  test('takes nothing for told that did not get through Prometheus, however well Alertmanager was', () => {
    const first = { from: 'engine', to: 'alertmanager-by-us', lastContact: 60 * SECOND } as const;
    const { next } = handOff(held, { ...first, firing: [alert], at: 140 * SECOND });
    const second = { from: 'alertmanager-by-us', to: 'us', lastContact: 200 * SECOND } as const;
    expect(handOff(next, { ...second, firing: [alert], at: 250 * SECOND }).sent).toEqual([]);
  });

  test('takes for told what the engine had for a minute', () => {
    const given = { from: 'engine', to: 'us', firing: [alert], at: 250 * SECOND } as const;
    expect(handOff(held, { ...given, lastContact: 126 * SECOND }).sent).toEqual([]);
    expect(handOff(held, { ...given, lastContact: 127 * SECOND }).sent).toEqual([alert]);
  });
});

const CALM = { prometheus: false, alertmanager: false, fires: false, ends: false, wakes: false };
