import { describe, expect, test } from 'vitest';
import { type Alert, type Alerts, nextAlerts } from '../../../src/promql/rules/alert-state.ts';
import type { Labels } from '../../../src/promql/model/labels.ts';
import { type AlertingRule, readRuleFile } from '../../../src/promql/rules/rule-file.ts';

const MINUTE = 60_000;

function ruleOf(more: object = {}): AlertingRule {
  const [group] = readRuleFile({
    groups: [{ name: 'g', rules: [{ alert: 'Down', expr: 'up == 0', ...more }] }],
  });
  const rule = group?.rules[0];
  if (rule?.kind !== 'alerting') throw new Error('No alerting rule');
  return rule;
}

/** What becomes of one alert while it holds (1) and does not (0), minute by minute. */
function history(rule: AlertingRule, holds: string): (Alert | undefined)[] {
  let alerts: Alerts = new Map();
  return holds.split('').map((flag, minute) => {
    const result = flag === '1' ? [{ labels: { __name__: 'up', job: 'a' }, value: minute }] : [];
    alerts = nextAlerts(rule, alerts, result, { at: minute * MINUTE });
    return [...alerts.values()][0];
  });
}

const states = (rule: AlertingRule, holds: string): string =>
  history(rule, holds)
    .map((alert) => (alert === undefined ? '-' : alert.state === 'inactive' ? 'r' : alert.state.slice(0, 1)))
    .join('');

describe('an alert', () => {
  // f firing, p pending, r resolved, - nothing.
  test.each([
    ['fires at once without for', {}, '0110', '-ffr'],
    ['is pending until it held as long as for says', { for: '2m' }, '11110', 'ppffr'],
    ['begins anew when it paused', { for: '2m' }, '1101110', 'pp-ppfr'],
    ['is only forgotten when it never fired', { for: '2m' }, '110', 'pp-'],
    ['goes on firing for as long as keep_firing_for says', { keep_firing_for: '2m' }, '110000', 'ffffrr'],
    ['counts that time from its last end', { keep_firing_for: '2m' }, '1010100', 'fffffff'],
    ['is not kept while it is pending', { for: '2m', keep_firing_for: '5m' }, '110', 'pp-'],
    ['comes back as a new one', { for: '1m' }, '110011', 'pfrrpf'],
  ])('%s', (_, more, holds, expected) => expect(states(ruleOf(more), holds)).toBe(expected));

  test('is told as resolved for 15 minutes', () => {
    expect(states(ruleOf(), `1${'0'.repeat(18)}`)).toBe(`f${'r'.repeat(16)}--`);
  });

  test('knows when it began to hold, fired and ended', () => {
    const [, held, fired, after] = history(ruleOf({ for: '1m' }), '0110');
    expect(held).toMatchObject({ activeAt: MINUTE, firedAt: null, resolvedAt: null, value: 1 });
    expect(fired).toMatchObject({ activeAt: MINUTE, firedAt: 2 * MINUTE, resolvedAt: null, value: 2 });
    expect(after).toMatchObject({ activeAt: MINUTE, firedAt: 2 * MINUTE, resolvedAt: 3 * MINUTE, value: 2 });
  });

  test('that comes back begins its times anew', () => {
    expect(history(ruleOf({ for: '1m' }), '1101').at(-1)).toMatchObject({
      state: 'pending',
      activeAt: 3 * MINUTE,
      firedAt: null,
      resolvedAt: null,
      keptSince: null,
    });
  });

  test('takes its texts from the newest value, as long as there is one', () => {
    const rule = ruleOf({ annotations: { summary: '{{ $labels.job }} {{ $value }}' } });
    expect(history(rule, '1100').map((alert) => alert?.annotations['summary'])).toEqual([
      'a 0',
      'a 1',
      'a 1',
      'a 1',
    ]);
  });
});

function once(rule: AlertingRule, elements: readonly { labels: Labels; value: number }[]): Labels[] {
  return [...nextAlerts(rule, new Map(), elements, { at: 0 }).values()].map(({ labels }) => labels);
}

describe('its labels', () => {
  test('are those of the element without the name, those of the rule, and what it is called', () => {
    const rule = ruleOf({ labels: { severity: 'critical', of: '{{ $labels.job }}/{{ $labels.__name__ }}' } });
    expect(once(rule, [{ labels: { __name__: 'up', job: 'a', severity: 'low' }, value: 1 }])).toEqual([
      { alertname: 'Down', job: 'a', severity: 'critical', of: 'a/up' },
    ]);
  });

  test('that come out empty are not there', () => {
    const rule = ruleOf({ labels: { job: '', none: '{{ $labels.none }}' } });
    expect(once(rule, [{ labels: { job: 'a' }, value: 1 }])).toEqual([{ alertname: 'Down' }]);
  });

  test('make another alert when they change', () => {
    const rule = ruleOf({ labels: { level: '{{ $value }}' } });
    const first = nextAlerts(rule, new Map(), [{ labels: {}, value: 1 }], { at: 0 });
    const second = nextAlerts(rule, first, [{ labels: {}, value: 2 }], { at: MINUTE });
    expect([...second.values()].map(({ labels, state }) => `${labels['level']} ${state}`)).toEqual([
      '1 inactive',
      '2 firing',
    ]);
  });

  test('must tell alerts apart', () => {
    const rule = ruleOf({ labels: { job: 'all' } });
    const elements = ['a', 'b'].map((job) => ({ labels: { job }, value: 1 }));
    expect(() => once(rule, elements)).toThrow('Two results make the same alert Down');
  });
});
