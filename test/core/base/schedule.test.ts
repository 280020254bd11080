import * as fc from 'fast-check';
import schedule from 'node-schedule';
import { describe, expect, test } from 'vitest';
import { judgeFiring, parseRule, readJobRecord, wasMissed } from '../../../src/core/base/schedule.ts';

const HOUR = 3_600_000;
const ruleOf = (text: string) => {
  const parsed = parseRule(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.rule;
};

describe('parseRule()', () => {
  test.each([
    ['0 1 * * *', { hours: [1], minutes: [0], seconds: [0] }],
    [
      '*/20 0-6/3 1,15 jan-MAR mon',
      { minutes: [0, 20, 40], hours: [0, 3, 6], days: [1, 15], months: [1, 2, 3] },
    ],
    ['5/25 * * * 7', { minutes: [5, 30, 55], weekdays: [0] }],
    ['* * * * fri-7', { weekdays: [0, 5, 6] }],
    ['  10   0 1 * * * ', { seconds: [10], minutes: [0], hours: [1] }],
  ])('reads %s', (text, expected) => {
    expect(ruleOf(text)).toMatchObject(expected);
  });

  test.each([
    ['daily', 'must have five cron fields'],
    ['', 'must have five cron fields'],
    ['0 1 * * * * *', 'must have five cron fields'],
    ['60 1 * * *', 'a minute that cannot be read, "60"; write 0 to 59'],
    ['0 24 * * *', 'a hour that cannot be read'],
    ['0 1 0 * *', 'a day that cannot be read'],
    ['0 1 * 13 *', 'write 1 to 12 or jan to dec'],
    ['0 1 * * funday', 'write 0 to 7 or sun to sat'],
    ['0 1 * * fri-mon', 'a weekday that cannot be read'],
    ['*/0 * * * *', 'a minute that cannot be read'],
    ['1-2-3 * * * *', 'a minute that cannot be read'],
    ['1,,2 * * * *', 'a minute that cannot be read'],
    ['0 1 L * *', 'a day that cannot be read'],
    ['0 1 31 2 *', 'never comes: none of its months has a day 31'],
    ['0 1 30,31 feb *', 'never comes: none of its months has one of the days 30, 31'],
    ['0 1 31 4,6 1', 'never comes'],
  ])('refuses %j', (text, problem) => {
    expect(parseRule(text)).toEqual({ problem: expect.stringContaining(problem) });
  });

  test('accepts nothing that node-schedule refuses', () => {
    const number = (max: number) => fc.integer({ min: 0, max }).map(String);
    const item = (max: number, names: readonly string[]) =>
      fc.oneof(
        fc.constant('*'),
        number(max),
        fc.constantFrom('*', ...names),
        fc.tuple(number(max), number(max)).map((pair) => pair.join('-')),
        fc.tuple(fc.constantFrom('*', '3', '1-9', ...names), number(20)).map((pair) => pair.join('/')),
      );
    const field = (max: number, names: readonly string[] = []) =>
      fc.array(item(max, names), { minLength: 1, maxLength: 3 }).map((items) => items.join(','));
    const rules = fc.tuple(
      field(61),
      field(25),
      field(32),
      field(13, ['feb', 'jun']),
      field(8, ['sun', 'sat']),
    );
    let accepted = 0;
    fc.assert(
      fc.property(rules, (fields) => {
        const text = fields.join(' ');
        if ('problem' in parseRule(text)) return;
        accepted += 1;
        const job = schedule.scheduleJob(text, () => {}) as schedule.Job | null;
        expect(job, text).not.toBeNull();
        job?.cancel();
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

describe('judgeFiring()', () => {
  const noon = Date.UTC(2026, 5, 1, 12);
  const daily = { rule: ruleOf('0 12 * * *'), local: (moment: number) => moment };

  test.each([
    ['the first time', { now: noon + 5, lastRunAt: null }, 'run'],
    ['a day after the last', { now: noon + 5, lastRunAt: noon - 24 * HOUR }, 'run'],
    ['a moment ago it ran', { now: noon + 5, lastRunAt: noon + 1 }, 'done'],
    ['hours late', { now: noon + 3 * HOUR, lastRunAt: null }, 'late'],
    ['after the clock was set back an hour', { now: noon, lastRunAt: noon + 2 }, 'done'],
    ['after a run under a clock that was years ahead', { now: noon, lastRunAt: noon + 9e10 }, 'run'],
  ])('%s: %o is %s', (_, facts, verdict) => {
    expect(judgeFiring(noon, { ...daily, ...facts })).toBe(verdict);
  });

  test('the hour that comes twice counts once, unless the rule means every hour', () => {
    // What was 12:00 is 11:00 again from 12:30 on.
    const local = (moment: number) => (moment >= noon + HOUR / 2 ? moment - HOUR : moment);
    const facts = { now: noon + HOUR, lastRunAt: noon + 5, local };
    expect(judgeFiring(noon + HOUR, { ...facts, rule: ruleOf('0 12 * * *') })).toBe('done');
    expect(judgeFiring(noon + HOUR, { ...facts, rule: ruleOf('0 * * * *') })).toBe('run');
  });
});

describe('wasMissed()', () => {
  const rule = '0 1 * * *';
  test.each([
    ['passed while we were away', { rule, lastRunAt: 0, dueAt: 50 }, true],
    ['passed before the first run ever', { rule, lastRunAt: null, dueAt: 50 }, true],
    ['is still to come', { rule, lastRunAt: 0, dueAt: 101 }, false],
    ['was run', { rule, lastRunAt: 60, dueAt: 50 }, false],
    ['belongs to another rule', { rule: '0 2 * * *', lastRunAt: 0, dueAt: 50 }, false],
    ['is not planned', { rule, lastRunAt: 0, dueAt: null }, false],
  ])('a time that %s: %o is %s', (_, record, missed) => {
    expect(wasMissed(record, { now: 100, rule })).toBe(missed);
  });
});

test('readJobRecord() believes nothing else', () => {
  const record = { rule: '0 1 * * *', lastRunAt: null, dueAt: 5 };
  expect(readJobRecord({ ...record, more: 1 })).toEqual(record);
  for (const wrong of [
    null,
    [],
    'x',
    {},
    { ...record, rule: 1 },
    { ...record, dueAt: '5' },
    { ...record, lastRunAt: NaN },
  ])
    expect(readJobRecord(wrong)).toBeNull();
});
