// Notification policy: examples for each rule, and bounds that hold for any history.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlertChange, alertKey, type Notification } from '../../../src/core/model/notification.ts';
import {
  MAX_SINGLES,
  GROUP_WAIT,
  decideNotifications,
  nextDecisionAt,
  type NotificationInput,
  WAKE_HOLD,
} from '../../../src/core/notification/notification-policy.ts';
import {
  MAX_IN_WINDOW,
  MAX_UNLESS_CRITICAL,
  MIN_INTERVAL,
  RATE_WINDOW,
  EMPTY_NOTIFICATION_STATE,
  type NotificationRules,
  type NotificationState,
} from '../../../src/core/notification/notification-state.ts';
import { inhibits } from '../../../src/core/notification/inhibition.ts';
import { SHIPPED_ROUTING } from '../../../src/core/notification/shipped-routing.ts';
import {
  firingAlerts,
  restoreNotifications,
  saveNotifications,
} from '../../../src/core/notification/saved-notifications.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 1);
const RULES: NotificationRules = { repeatEvery: 4 * HOUR, routing: SHIPPED_ROUTING };

function alertOf(change: Partial<AlertChange> = {}): AlertChange {
  return {
    name: 'McpServerDown',
    about: 'files',
    severity: 'critical',
    state: 'firing',
    summary: 'files is down',
    ...change,
  };
}

/** Virtual time around the policy: ticks come exactly when they are asked for. */
class Person {
  now = START;
  state: NotificationState = EMPTY_NOTIFICATION_STATE;
  readonly told: Notification[] = [];
  readonly suppressed: Record<string, number> = {};
  received = 0;
  readonly rules: NotificationRules;

  constructor(rules: NotificationRules = RULES) {
    this.rules = rules;
  }

  hears(change: Partial<AlertChange> = {}): this {
    this.received += 1;
    return this.#take({ kind: 'alert', at: this.now, alert: alertOf(change) });
  }

  wakes(): this {
    return this.#take({ kind: 'woke', at: this.now });
  }

  /** Alertmanager asks for it to be told. */
  isAsked(change: Partial<AlertChange> = {}): this {
    return this.#take({ kind: 'forwarded', at: this.now, alert: alertOf(change) });
  }

  others(deliver: boolean): this {
    return this.#take({ kind: 'muted', at: this.now, isMuted: deliver });
  }

  looks(): this {
    return this.#take({ kind: 'tick', at: this.now });
  }

  waits(ms: number): this {
    const end = this.now + ms;
    for (let round = 0; round < 10_000; round += 1) {
      const next = nextDecisionAt(this.state, this.rules);
      if (next === null || next > end) break;
      // A decision that does not move on would be asked for again and again.
      this.now = Math.max(next, this.now + (round > 1000 ? 1 : 0));
      this.#take({ kind: 'tick', at: this.now });
    }
    this.now = end;
    return this;
  }

  restarts(): this {
    const saved: unknown = JSON.parse(JSON.stringify(saveNotifications(this.state)));
    this.state = restoreNotifications(saved);
    return this;
  }

  /** `name@state` of each alert in each notification. */
  get story(): string[][] {
    return this.told.map(({ alerts }) => alerts.map(({ name, about, state }) => `${about}:${name}:${state}`));
  }

  #take(input: NotificationInput): this {
    const { state, notifications, suppressed } = decideNotifications(this.state, input, this.rules);
    this.state = state;
    this.told.push(...notifications);
    for (const { reason, count } of suppressed)
      this.suppressed[reason] = (this.suppressed[reason] ?? 0) + count;
    return this;
  }
}

const DOWN = 'files:McpServerDown:firing';
const UP = 'files:McpServerDown:resolved';

describe('decideNotifications()', () => {
  it('tells an alert a moment after it began, once', () => {
    const person = new Person().hears();
    expect(person.waits(GROUP_WAIT - 1).story).toEqual([]);
    expect(person.waits(1).story).toEqual([[DOWN]]);
    expect(person.hears().waits(HOUR).story).toEqual([[DOWN]]);
    expect(person.suppressed).toEqual({ repeat: 1 });
    expect(person.told[0]).toMatchObject({ kind: 'single', severity: 'critical', swallowed: 0 });
  });

  it('tells what still fires again after repeatEvery, and not before', () => {
    const person = new Person().hears().waits(4 * HOUR);
    expect(person.told).toHaveLength(1);
    expect(person.waits(GROUP_WAIT * 2).story).toEqual([[DOWN], [DOWN]]);
    expect(person.waits(24 * HOUR).told).toHaveLength(7);
  });

  it('tells that it is over at once, and only if its beginning was told', () => {
    const person = new Person().hears().waits(MINUTE).hears({ state: 'resolved' }).waits(GROUP_WAIT);
    expect(person.story).toEqual([[DOWN], [UP]]);
    expect(person.told[1]?.severity).toBe('info');
    const spared = new Person()
      .hears()
      .waits(GROUP_WAIT - 1)
      .hears({ state: 'resolved' })
      .waits(HOUR);
    expect(spared.story).toEqual([]);
    expect(spared.suppressed).toEqual({ passing: 2 });
    expect(new Person().hears({ state: 'resolved' }).waits(HOUR).suppressed).toEqual({ repeat: 1 });
  });

  it('keeps five minutes between two notifications of one kind for one server', () => {
    const person = new Person().hears().waits(MINUTE).hears({ state: 'resolved' }).waits(MINUTE);
    person.hears().waits(MIN_INTERVAL - MINUTE - 1);
    expect(person.story).toEqual([[DOWN], [UP]]);
    expect(person.waits(MINUTE).story).toEqual([[DOWN], [UP], [DOWN]]);
    const [, second, third] = person.told;
    expect((third?.at ?? 0) - (second?.at ?? 0)).toBeGreaterThanOrEqual(MIN_INTERVAL);
  });

  it('tells at once what becomes graver, and not what becomes less grave', () => {
    const person = new Person().hears({ severity: 'warning' }).waits(MINUTE).hears().waits(GROUP_WAIT);
    expect(person.told.map(({ severity }) => severity)).toEqual(['warning', 'critical']);
    expect(person.hears({ severity: 'info' }).waits(HOUR).told).toHaveLength(2);
  });

  it('tells up to three at once as they are, and more as one digest', () => {
    const three = new Person();
    for (const about of ['a', 'b', 'c']) three.hears({ about });
    expect(three.waits(GROUP_WAIT).told.map(({ kind }) => kind)).toEqual(['single', 'single', 'single']);
    const ten = new Person();
    for (let index = 0; index < 10; index += 1) ten.hears({ about: `s${index}` }).waits(100);
    expect(ten.waits(GROUP_WAIT).told).toMatchObject([{ kind: 'digest', severity: 'critical' }]);
    expect(ten.told[0]?.alerts).toHaveLength(10);
    expect(ten.suppressed).toEqual({ grouped: 9 });
  });

  it('puts the gravest first and what is over last', () => {
    const person = new Person().hears({ about: 'old' }).waits(MINUTE);
    person.hears({ about: 'old', state: 'resolved' }).hears({ about: 'a', severity: 'info' });
    person.hears({ about: 'b' }).hears({ about: 'c', severity: 'warning' }).waits(GROUP_WAIT);
    expect(person.told[1]?.alerts.map(({ about }) => about)).toEqual(['b', 'c', 'a', 'old']);
  });

  it('lets the graver of two alerts about a server speak, to the end', () => {
    const person = new Person().hears().waits(MINUTE).hears({ name: 'McpServerGaveUp' });
    person.hears({ name: 'McpServerCrashLooping', severity: 'warning' }).waits(5 * HOUR);
    const gaveUp = 'files:McpServerGaveUp:firing';
    expect(person.story).toEqual([[DOWN], [gaveUp], [gaveUp]]);
    for (const name of ['McpServerGaveUp', 'McpServerDown']) person.hears({ name, state: 'resolved' });
    person
      .waits(10 * MINUTE)
      .hears({ name: 'McpServerCrashLooping', state: 'resolved' })
      .waits(HOUR);
    expect(person.story.slice(3)).toEqual([['files:McpServerGaveUp:resolved']]);
    expect(person.suppressed).toEqual({ covered: 3 });
  });

  it('lets the lesser one speak again when it outlasts the graver', () => {
    const person = new Person().hears({ name: 'McpServerGaveUp' }).hears().waits(MINUTE);
    person.hears({ name: 'McpServerGaveUp', state: 'resolved' }).waits(3 * HOUR);
    expect(person.story.flat()).not.toContain(DOWN);
    expect(person.waits(2 * HOUR).story.flat()).toContain(DOWN);
    expect(person.hears({ state: 'resolved' }).waits(MINUTE).story.at(-1)).toEqual([UP]);
  });

  it('makes at most the bounded number of a storm, and says how many it swallowed', () => {
    const storm = new Person();
    for (let index = 0; index < 1000; index += 1) {
      storm.hears({ about: `s${index}`, severity: 'warning' }).waits(600);
      if (index % 2 === 0) storm.hears({ about: `s${index}`, severity: 'warning', state: 'resolved' });
    }
    expect(storm.told.length).toBeLessThanOrEqual(MAX_UNLESS_CRITICAL + 1);
    storm.waits(HOUR);
    expect(storm.told.length).toBeLessThanOrEqual(MAX_UNLESS_CRITICAL + 2);
    const swallowed = storm.told.reduce((sum, one) => sum + one.swallowed, 0);
    expect(swallowed + storm.state.swallowed).toBeGreaterThan(400);
    const told = new Set(storm.told.flatMap(({ alerts }) => alerts.map(({ about }) => about)));
    expect(told.size + swallowed + storm.state.swallowed).toBe(1000);
  });

  it('keeps room for what is critical', () => {
    const person = new Person();
    for (let index = 0; index < 10; index += 1)
      person.hears({ about: `s${index}`, severity: 'warning' }).waits(10_000);
    expect(person.told).toHaveLength(MAX_UNLESS_CRITICAL);
    person.hears({ about: 'important' }).waits(GROUP_WAIT);
    expect(person.told).toHaveLength(MAX_UNLESS_CRITICAL + 1);
    expect(person.told.at(-1)).toMatchObject({ kind: 'digest', severity: 'critical' });
  });

  it('tells nothing while the machine settles after a wake, and then what is still true', () => {
    const person = new Person().hears({ about: 'a' }).hears({ about: 'b' }).waits(1000).wakes();
    expect(person.waits(WAKE_HOLD - 1000).story).toEqual([]);
    person.hears({ about: 'a', state: 'resolved' }).waits(MINUTE);
    expect(person.story).toEqual([['b:McpServerDown:firing']]);
    expect(person.told[0]?.swallowed).toBe(1);
  });

  it('is not silenced by a clock that was set back', () => {
    const person = new Person().hears().waits(MINUTE).hears({ state: 'resolved' }).waits(MINUTE);
    person.now -= 24 * HOUR;
    expect(person.hears().waits(MIN_INTERVAL + GROUP_WAIT).story).toEqual([[DOWN], [UP], [DOWN]]);
    expect(person.waits(4 * HOUR + GROUP_WAIT).told).toHaveLength(4);
  });

  it('remembers over a restart what was told, what was not, and how often', () => {
    const person = new Person().hears().hears({ about: 'b' }).waits(MINUTE).hears({ state: 'resolved' });
    person.hears({ about: 'c' }).restarts().hears({ about: 'b' }).waits(HOUR);
    expect(person.story).toEqual([[DOWN], ['b:McpServerDown:firing'], ['c:McpServerDown:firing'], [UP]]);
    expect(person.suppressed).toEqual({ repeat: 1 });
  });

  it('tells what only Alertmanager knows when that asks for it, and neither repeats nor ends it by itself', () => {
    const absent = { name: 'McpWatchdogDown', about: null } as const;
    const person = new Person().others(true).isAsked(absent).waits(MINUTE);
    expect(person.story).toEqual([['null:McpWatchdogDown:firing']]);
    expect(firingAlerts(person.state)).toEqual([]);
    person
      .others(false)
      .waits(24 * HOUR)
      .restarts()
      .waits(24 * HOUR);
    expect(person.told).toHaveLength(1);
    person.isAsked({ ...absent, state: 'resolved' }).waits(MINUTE);
    expect(person.story.slice(1)).toEqual([['null:McpWatchdogDown:resolved']]);
  });

  it('forgets what only Alertmanager knew, when nothing more is heard of it', () => {
    const person = new Person()
      .others(true)
      .isAsked({ about: 'files on mac' })
      .waits(9 * 24 * HOUR);
    expect(person.looks().state.records.size).toBe(0);
  });

  it('tells the alert that our own rules find as well once, whoever was first', () => {
    const [first, second] = [
      new Person().hears().waits(MINUTE),
      new Person().others(true).isAsked().waits(MINUTE),
    ];
    first.others(true).isAsked().waits(HOUR);
    second.hears().others(false).waits(HOUR);
    expect([first.story, second.story]).toEqual([[[DOWN]], [[DOWN]]]);
    expect(firingAlerts(second.state)).toHaveLength(1);
  });

  it('is silent while somebody asked for silence, and tells what still fires after it', () => {
    const until = START + HOUR;
    const person = new Person({ ...RULES, isSilenced: (_, at) => at < until });
    person.hears().hears({ about: 'b' }).waits(MINUTE).hears({ about: 'b', state: 'resolved' }).waits(HOUR);
    expect(person.story).toEqual([]);
    expect(person.suppressed).toEqual({ silenced: 2 });
    expect(person.looks().waits(GROUP_WAIT).story).toEqual([[DOWN]]);
    expect(person.told[0]?.swallowed).toBe(0);
  });

  it.each([null, 7, [], { records: 3 }, { records: [{ since: 'x' }, { since: 1, alert: { name: 1 } }] }])(
    'begins anew with %j in place of a memory',
    (saved) => {
      expect(restoreNotifications(saved)).toEqual(EMPTY_NOTIFICATION_STATE);
    },
  );
});

type Step =
  | { readonly do: 'alert'; readonly alert: Partial<AlertChange> }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'wake' | 'restart' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('alert' as const),
      alert: fc.record({
        name: fc.constantFrom(
          'McpServerDown',
          'McpServerGaveUp',
          'McpServerUnresponsive',
          'McpServerCpuHigh',
        ),
        about: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', null),
        severity: fc.constantFrom('info', 'warning', 'critical'),
        state: fc.constantFrom('firing', 'resolved'),
      }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(2000), fc.nat(MIN_INTERVAL), fc.nat(6 * HOUR)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('wake' as const, 'restart' as const) }) },
);

function live(steps: readonly Step[]): Person {
  const person = new Person();
  for (const step of steps) {
    if (step.do === 'alert') person.hears(step.alert);
    else if (step.do === 'wait') person.waits(step.ms);
    else if (step.do === 'wake') person.wakes();
    else person.restarts();
  }
  return person;
}

const anyLife = fc.array(anyStep, { maxLength: 80 }).map(live);
const check = (holds: (person: Person) => void): void =>
  fc.assert(fc.property(anyLife, holds), { numRuns: 300 });

/** Every telling of every alert, by alert, oldest first. */
function tellings(person: Person) {
  const byAlert = new Map<string, { at: number; state: string; severity: string; since: number }[]>();
  for (const { at, alerts } of person.told) {
    for (const { state, severity, since, ...alert } of alerts) {
      byAlert.set(alertKey(alert), [...(byAlert.get(alertKey(alert)) ?? []), { at, state, severity, since }]);
    }
  }
  return [...byAlert.values()];
}

const pairs = (person: Person) =>
  tellings(person).flatMap((list) => list.slice(1).map((next, index) => ({ before: list[index], next })));

const isGraver = (one: { severity: string }, other: { severity: string }): boolean =>
  ['info', 'warning', 'critical'].indexOf(one.severity) >
  ['info', 'warning', 'critical'].indexOf(other.severity);

describe('in any history', () => {
  it('no ten minutes see more than the bounded number of notifications', () => {
    check(({ told }) => {
      for (const { at } of told) {
        const within = told.filter((one) => one.at >= at && one.at < at + RATE_WINDOW);
        expect(within.length).toBeLessThanOrEqual(MAX_IN_WINDOW);
      }
    });
  });

  it('no end is told without its beginning, nor twice', () => {
    check((person) => {
      for (const list of tellings(person)) expect(list[0]?.state).toBe('firing');
      for (const { before, next } of pairs(person))
        if (next.state === 'resolved') expect(before?.state).toBe('firing');
    });
  });

  it('two notifications of one alert within five minutes are news: it is over, or graver', () => {
    check((person) => {
      for (const { before, next } of pairs(person)) {
        if (before === undefined || next.at - before.at >= MIN_INTERVAL) continue;
        const isOver = before.state === 'firing' && next.state === 'resolved';
        expect(isOver || isGraver(next, before)).toBe(true);
      }
    });
  });

  it('what goes on is told again only after repeatEvery', () => {
    check((person) => {
      for (const { before, next } of pairs(person)) {
        const isSame = next.state === 'firing' && before?.state === 'firing' && before.since === next.since;
        if (!isSame || isGraver(next, before)) continue;
        expect(next.at - before.at).toBeGreaterThanOrEqual(RULES.repeatEvery);
      }
    });
  });

  it('only a digest is about more than one, and no more than three come at once', () => {
    check(({ told }) => {
      for (const one of told) {
        expect(one.kind).toBe(one.alerts.length === 1 ? 'single' : 'digest');
        expect(told.filter(({ at }) => at === one.at).length).toBeLessThanOrEqual(MAX_SINGLES);
      }
    });
  });

  it('every piece of news was told, is counted as spared, or still waits', () => {
    check((person) => {
      const { repeat = 0, passing = 0, superseded = 0, covered = 0, grouped = 0 } = person.suppressed;
      const waiting = [...person.state.records.values()].reduce(
        (sum, { unreported: untold }) => sum + untold,
        0,
      );
      const told = person.told.flatMap(({ alerts }) => alerts);
      const again = pairs(person).filter(
        ({ before, next }) =>
          next.state === 'firing' &&
          before?.state === 'firing' &&
          before.since === next.since &&
          !isGraver(next, before),
      ).length;
      expect(told.length - again + repeat + passing + superseded + covered + waiting).toBe(person.received);
      expect(told.length - person.told.length).toBe(grouped);
    });
  });

  it('in the end the person knows what fires, and that the rest is over', () => {
    check((person) => {
      person.waits(6 * HOUR);
      const { records } = person.state;
      for (const record of records.values()) {
        const firing = [...records.values()].filter(({ alert }) => alert.state === 'firing');
        if (firing.some(({ alert }) => inhibits(alert, record.alert, person.rules.routing.inhibitRules)))
          continue;
        expect(record.notified?.state ?? 'resolved').toBe(record.alert.state);
      }
    });
  });

  it('asks for a moment to come, or for none', () => {
    check((person) => {
      const next = nextDecisionAt(person.waits(0).state, person.rules);
      if (next !== null) expect(next).toBeGreaterThan(person.now);
    });
  });
});
