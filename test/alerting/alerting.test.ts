import { describe, expect, test } from 'vitest';
import { WAKE_GRACE } from '../../src/alerting/alerting.ts';
import type { FiringAlert } from '../../src/core/model/notification.ts';
import { FakeClock } from '../fakes/clock.ts';
import { documentOf, EVERY, live, reading } from '../fakes/rules.ts';

const DOWN = {
  alert: 'Down',
  expr: 'server_up == 0',
  for: '1m',
  labels: { severity: 'critical' },
  annotations: { summary: '{{ $labels.server }} is down.' },
};
const MINUTE = 60_000;
const up = (value: number, server = 'a') => reading('server_up', value, { server });

describe('an alert', () => {
  test('is pending, fires when it has held for long enough, and ends', async () => {
    const { alerting, clock, show, told, news } = live([documentOf(DOWN)]);
    show(up(0));
    alerting.start();
    await clock.advance(EVERY);
    expect(alerting.alerts().alerts).toEqual([
      {
        labels: {
          alertname: 'Down',
          server: 'a',
          severity: 'critical',
          job: 'mcp-watchdog',
          instance: '127.0.0.1:9638',
        },
        annotations: { summary: 'a is down.' },
        state: 'pending',
        activeAt: '2026-01-01T00:00:15Z',
        value: '0e+00',
      },
    ]);
    await clock.advance(MINUTE - 1);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['firing Down a']);
    show(up(1));
    await clock.advance(EVERY);
    expect(told).toEqual(['firing Down a', 'resolved Down a']);
    expect(news.map(({ summary }) => summary)).toEqual(['a is down.', 'Resolved after 15 s: a is down.']);
  });

  test('brings the address of its runbook along', async () => {
    const runbook_url = 'https://wiki.example.com/{{ $labels.server }}';
    const annotations = { ...DOWN.annotations, runbook_url };
    const { alerting, clock, show, news } = live([documentOf({ ...DOWN, annotations })]);
    show(up(0));
    alerting.start();
    await clock.advance(2 * MINUTE);
    show(up(1));
    await clock.advance(EVERY);
    expect(news.map(({ state, runbook }) => [state, runbook])).toEqual([
      ['firing', 'https://wiki.example.com/a'],
      ['resolved', 'https://wiki.example.com/a'],
    ]);
  });

  test('ends with its series: what is no longer shown is not looked back to', async () => {
    const { alerting, clock, show, told } = live([documentOf(DOWN)]);
    show(up(0));
    alerting.start();
    await clock.advance(2 * MINUTE);
    show();
    await clock.advance(EVERY);
    expect(told).toEqual(['firing Down a', 'resolved Down a']);
  });

  test('is one for people, whatever else is in its labels, as grave as its gravest', async () => {
    const rules = documentOf(
      { ...DOWN, expr: 'm > 0', for: '0s', labels: { severity: '{{ $labels.how }}' } },
      { ...DOWN, alert: 'Heartbeat', expr: 'vector(1)', for: '0s', labels: { severity: 'none' } },
      { alert: 'Bare', expr: 'vector(1)' },
    );
    const { alerting, clock, show, news } = live([rules]);
    const m = (how: string) => reading('m', 1, { server: 'a', how });
    show(m('info'), m('warning'));
    alerting.start();
    await clock.advance(EVERY);
    expect(news).toMatchObject([
      { name: 'Down', about: 'a', severity: 'warning' },
      { name: 'Bare', about: null, severity: 'warning', summary: 'Bare' },
    ]);
    show(m('info'), m('critical'));
    await clock.advance(EVERY);
    show(m('info'));
    await clock.advance(EVERY);
    show();
    await clock.advance(EVERY);
    expect(news.slice(2)).toMatchObject([
      { severity: 'critical', state: 'firing' },
      { severity: 'info', state: 'resolved' },
    ]);
  });
});

describe('time', () => {
  test('is cut at common moments, each group by its own interval', async () => {
    const clock = new FakeClock();
    clock.wall += 7000;
    const group = (name: string, interval?: string) => ({
      name,
      ...(interval === undefined ? {} : { interval }),
      rules: [{ record: `${name}:at`, expr: 'time()' }],
    });
    const document = { groups: [group('often', '5s'), group('normal')] };
    const { alerting } = live([{ path: '/r.yml', isBuiltIn: false, document }], { clock });
    alerting.start();
    const seen = (): string[] =>
      alerting.rules().groups.map(({ lastEvaluation }) => lastEvaluation.slice(17));
    await clock.advance(3000);
    expect(seen()).toEqual(['00Z', '10Z']);
    await clock.advance(5000);
    expect(seen()).toEqual(['15Z', '15Z']);
  });

  test('after a sleep nothing is evaluated for a while, caught up with, or held against the pending', async () => {
    const { alerting, clock, show, told, evaluations } = live([documentOf(DOWN)]);
    show(up(0));
    alerting.start();
    await clock.advance(EVERY);
    clock.elapsed += 3_600_000;
    alerting.onWake();
    const before = evaluations.length;
    await clock.advance(WAKE_GRACE - 1);
    expect(evaluations).toHaveLength(before);
    await clock.advance(EVERY);
    expect(told).toEqual([]);
    await clock.advance(MINUTE);
    expect(told).toEqual(['firing Down a']);
  });

  test.each([-3_600_000, 3_600_000])('a clock that is set by %d ms changes nothing', async (by) => {
    const { alerting, clock, show, told } = live([documentOf(DOWN)]);
    show(up(0));
    alerting.start();
    await clock.advance(EVERY);
    clock.wall += by;
    alerting.onClockSet(by);
    await clock.advance(MINUTE - EVERY);
    expect(told).toEqual([]);
    await clock.advance(2 * EVERY);
    show(up(1));
    await clock.advance(EVERY);
    expect(told).toEqual(['firing Down a', 'resolved Down a']);
  });
});

describe('a restart', () => {
  const told: FiringAlert = {
    name: 'Down',
    about: 'a',
    severity: 'critical',
    since: 0,
    summary: 'a is down.',
  };

  test('goes on where it stood: what fires is not told again, what is pending has waited already', async () => {
    const first = live([documentOf(DOWN)]);
    first.show(up(0), up(0, 'b'));
    first.alerting.start();
    await first.clock.advance(90_000);
    first.show(up(0), up(0, 'b'), up(0, 'c'));
    await first.clock.advance(30_000);
    first.alerting.stop();
    const { clock } = first;
    await clock.advance(10 * MINUTE);

    const second = live([documentOf(DOWN)], { clock, saved: first.record(), told: [told] });
    second.show(up(0), up(1, 'b'), up(0, 'c'));
    second.alerting.start();
    await clock.advance(5 * EVERY - 1);
    expect([second.told, second.evaluations]).toEqual([[], []]);
    await clock.advance(EVERY);
    // `b` fired in the record, but nobody had been told.
    expect(second.told).toEqual(['firing Down c']);
    expect(
      second.alerting.alerts().alerts.map(({ labels, activeAt }) => [labels['server'], activeAt]),
    ).toEqual([
      ['a', '2026-01-01T00:00:15Z'],
      ['c', '2026-01-01T00:11:45Z'],
    ]);
  });

  test('without anything firing begins at once', async () => {
    const { alerting, clock, evaluations } = live([documentOf(DOWN)]);
    alerting.start();
    await clock.advance(EVERY);
    expect(evaluations).toHaveLength(1);
  });

  test('ends what was told and what no rule makes any more', async () => {
    const { alerting, clock, told: words } = live([], { told: [told] });
    alerting.start();
    await clock.advance(6 * EVERY);
    expect(words).toEqual(['resolved Down a']);
  });

  test.each([
    null,
    'x',
    { at: 'x', rules: [] },
    { at: 1, rules: [{ key: 1 }, { key: 'x', alerts: [{ state: 'firing' }, 7] }] },
  ])('does not mind a record like %j', async (saved) => {
    const { alerting, clock, told: words } = live([documentOf(DOWN)], { saved });
    alerting.start();
    await clock.advance(EVERY);
    expect(words).toEqual([]);
  });

  test('is prepared by a write at each change, and while something is pending, but not for every value', async () => {
    const { alerting, clock, show, urgent } = live([documentOf({ ...DOWN, expr: 'server_up < 1' })]);
    alerting.start();
    show(up(0.1));
    await clock.advance(EVERY + MINUTE);
    const written = urgent();
    show(up(0.2));
    await clock.advance(EVERY);
    expect(urgent()).toBe(written);
    show(up(1));
    await clock.advance(EVERY);
    expect(urgent()).toBe(written + 1);
  });
});

/** Has the name and the labels of `DOWN`, and finds nothing. */
const DOUBLE = { alert: 'Down', expr: 'server_up > 7', for: '1m', labels: { severity: 'critical' } };

function elsewhere(rules: readonly object[]) {
  return { ...documentOf(), path: '/rules/moved.yml', document: { groups: [{ name: 'other', rules }] } };
}

describe('other rules', () => {
  test('keep what fires and what is known of the past', async () => {
    const { alerting, clock, show, told } = live([documentOf(DOWN)]);
    show(up(0), reading('restarts', 0));
    alerting.start();
    await clock.advance(2 * MINUTE);
    const more = { alert: 'Restarts', expr: 'max_over_time(server_up[5m]) == 0', for: '0s' };
    alerting.replace({ rules: [documentOf(DOWN, more)], evaluateEvery: 1000, generation: 3 });
    await clock.advance(1000);
    expect(told).toEqual(['firing Down a', 'firing Restarts a']);
    alerting.replace({ rules: [documentOf(more)], evaluateEvery: 1000, generation: 3 });
    await clock.advance(1000);
    expect(told.at(-1)).toBe('resolved Down a');
  });

  test.each([
    ['in another file and group', (rules: readonly object[]) => elsewhere(rules)],
    [
      'in another order, beside one of the same name',
      (rules: readonly object[]) => documentOf(DOUBLE, ...rules),
    ],
    [
      'with other words',
      ([rule]: readonly object[]) => documentOf({ ...rule, annotations: { summary: 'x' } }),
    ],
    [
      'with another expression in the same place',
      ([rule]: readonly object[]) => documentOf({ ...rule, expr: 'server_up < 1' }),
    ],
  ])('keep what fires and how long the rest has waited, %s', async (_, moved) => {
    const { alerting, clock, show, told } = live([documentOf(DOWN)]);
    show(up(0));
    alerting.start();
    await clock.advance(30_000);
    const before = alerting.alerts().alerts[0];
    expect(before?.state).toBe('pending');
    alerting.replace({ rules: [moved([DOWN])], evaluateEvery: EVERY, generation: 3 });
    expect(alerting.alerts().alerts.map(({ activeAt }) => activeAt)).toEqual([before?.activeAt]);
    await clock.advance(MINUTE);
    expect(told).toEqual(['firing Down a']);
    alerting.replace({ rules: [documentOf(DOWN)], evaluateEvery: EVERY, generation: 3 });
    await clock.advance(MINUTE);
    expect(told).toEqual(['firing Down a']);
  });

  test('see a counter of theirs grow that grew before their first evaluation', async () => {
    const { alerting, clock, show, told } = live([documentOf(DOWN)]);
    show(up(1), reading('failures_total', 0));
    alerting.start();
    await clock.advance(2 * EVERY);
    const fails = { alert: 'Fails', expr: 'increase(failures_total[15m]) > 0', for: '0s' };
    alerting.replace({ rules: [documentOf(DOWN, fails)], evaluateEvery: EVERY, generation: 3 });
    await clock.advance(1);
    show(up(1), reading('failures_total', 2));
    await clock.advance(2 * EVERY);
    expect(told).toEqual(['firing Fails -']);
  });

  test('that cannot be compiled change nothing', () => {
    const { alerting } = live([documentOf(DOWN)]);
    const bad = documentOf({ ...DOWN, expr: 'sum(' });
    expect(() => alerting.replace({ rules: [bad], evaluateEvery: 1000, generation: 3 })).toThrow(/Down/);
    expect(alerting.rules().groups[0]?.interval).toBe(15);
  });
});

test.each([
  [2, 2],
  [3, 1],
] as const)(
  'windows hold what they hold in Prometheus %d: of a whole interval %d samples',
  async (generation, samples) => {
    const count = { alert: 'Count', expr: 'count_over_time(m[15s])' };
    const { alerting, clock, show } = live([documentOf(count)], { generation });
    show(reading('m', 1));
    alerting.start();
    await clock.advance(3 * EVERY);
    expect(alerting.alerts().alerts.map(({ value }) => value)).toEqual([`${samples}e+00`]);
    alerting.replace({ rules: [documentOf(count)], evaluateEvery: EVERY, generation: 3 });
    await clock.advance(EVERY);
    expect(alerting.alerts().alerts.map(({ value }) => value)).toEqual(['1e+00']);
  },
);

test('a rule that fails is counted each time and told once, and the others go on', async () => {
  const many = { alert: 'Many', expr: 'm * on () group_left () n' };
  const { alerting, clock, show, evaluations, faults } = live([documentOf(many, { ...DOWN, for: '0s' })]);
  const m = reading('m', 1);
  show(m, reading('n', 1, { k: 'a' }), reading('n', 1, { k: 'b' }), up(0));
  alerting.start();
  await clock.advance(2 * EVERY);
  expect(evaluations).toMatchObject([
    {
      failed: 1,
      alerts: [
        { name: 'Many', pending: 0, firing: 0 },
        { name: 'Down', pending: 0, firing: 1 },
      ],
    },
    { failed: 1 },
  ]);
  const failing = { file: 'own.yml', group: 'own', rule: 'Many', error: expect.stringContaining('Several') };
  expect(evaluations.at(-1)?.failing).toEqual([failing]);
  expect(faults).toEqual([expect.stringMatching(/^own Many: Several elements/)]);
  expect(alerting.rules().groups[0]?.rules).toMatchObject([
    { name: 'Many', health: 'err', lastError: expect.stringContaining('Several elements') },
    { name: 'Down', health: 'ok', state: 'firing' },
  ]);
  show(m, reading('n', 1), up(0));
  await clock.advance(EVERY);
  expect(evaluations.at(-1)).toMatchObject({ failed: 0 });
  expect(evaluations.at(-1)).not.toHaveProperty('failing');
});
