import { describe, expect, test } from 'vitest';
import { FUNCTIONS } from '../../../src/promql/functions/functions.ts';
import { ask, storeOf } from '../support/series-store.ts';

const store = storeOf({
  'x{a="1"}': '1 2 3 4 -2.5',
  'buckets{le="1"}': '5x4',
  'buckets{le="2"}': '10x4',
  'buckets{le="+Inf"}': '10x4',
});
/** 2024-02-29 12:34:00 UTC, and a Thursday. */
const LEAP_DAY = 1_709_210_040;
const AT = 60_000;

const CASES: readonly (readonly [text: string, result: Record<string, number>])[] = [
  ['rate(x[5m])', { '{a="1"}': (0.5 * (67.5 / 60)) / 300 }],
  // From 1, of which only the half that is as far away as the next sample would be; back to -2.5 is a reset.
  ['increase(x[5m])', { '{a="1"}': 0.5 * (67.5 / 60) }],
  ['delta(x[5m])', { '{a="1"}': -3.5 * (67.5 / 60) }],
  ['irate(x[5m])', { '{a="1"}': -2.5 / 15 }],
  ['idelta(x[5m])', { '{a="1"}': -6.5 }],
  ['deriv(x[30s])', { '{a="1"}': -6.5 / 15 }],
  ['changes(x[5m])', { '{a="1"}': 4 }],
  ['resets(x[5m])', { '{a="1"}': 1 }],
  ['predict_linear(x[30s], 15)', { '{a="1"}': -9 }],
  ['avg_over_time(x[5m])', { '{a="1"}': 1.5 }],
  ['sum_over_time(x[5m])', { '{a="1"}': 7.5 }],
  ['min_over_time(x[5m])', { '{a="1"}': -2.5 }],
  ['max_over_time(x[5m])', { '{a="1"}': 4 }],
  ['count_over_time(x[5m])', { '{a="1"}': 5 }],
  ['present_over_time(x[5m])', { '{a="1"}': 1 }],
  ['stddev_over_time(x[30s])', { '{a="1"}': 3.25 }],
  ['stdvar_over_time(x[30s])', { '{a="1"}': 3.25 ** 2 }],
  ['last_over_time(x[5m])', { 'x{a="1"}': -2.5 }],
  ['quantile_over_time(0.5, x[5m])', { '{a="1"}': 2 }],
  ['first_over_time(x[5m])', { 'x{a="1"}': 1 }],
  ['mad_over_time(x[5m])', { '{a="1"}': 1 }],
  ['double_exponential_smoothing(x[5m], 0.5, 0.5)', { '{a="1"}': 1.25 }],
  ['ts_of_first_over_time(x[5m])', { '{a="1"}': 0 }],
  ['ts_of_last_over_time(x[5m])', { '{a="1"}': 60 }],
  ['ts_of_max_over_time(x[5m])', { '{a="1"}': 45 }],
  ['ts_of_min_over_time(x[5m])', { '{a="1"}': 60 }],
  ['absent(x)', {}],
  ['absent(y{a="1",b=~"c"})', { '{a="1"}': 1 }],
  ['absent_over_time(x[5m])', {}],
  ['absent_over_time(y{a="1"}[5m])', { '{a="1"}': 1 }],
  ['abs(x)', { '{a="1"}': 2.5 }],
  ['ceil(x)', { '{a="1"}': -2 }],
  ['floor(x)', { '{a="1"}': -3 }],
  ['exp(vector(0))', { '{}': 1 }],
  ['ln(vector(1))', { '{}': 0 }],
  ['log2(vector(8))', { '{}': 3 }],
  ['log10(vector(100))', { '{}': 2 }],
  ['sqrt(vector(9))', { '{}': 3 }],
  ['sgn(x)', { '{a="1"}': -1 }],
  ['round(x)', { '{a="1"}': -2 }],
  ['round(x, 0.25)', { '{a="1"}': -2.5 }],
  ['acos(vector(1))', { '{}': 0 }],
  ['acosh(vector(1))', { '{}': 0 }],
  ['asin(vector(1))', { '{}': Math.PI / 2 }],
  ['asinh(vector(0))', { '{}': 0 }],
  ['atan(vector(1))', { '{}': Math.PI / 4 }],
  ['atanh(vector(0))', { '{}': 0 }],
  ['cos(vector(0))', { '{}': 1 }],
  ['cosh(vector(0))', { '{}': 1 }],
  ['sin(vector(pi() / 2))', { '{}': 1 }],
  ['sinh(vector(0))', { '{}': 0 }],
  ['tan(vector(pi() / 4))', { '{}': 1 }],
  ['tanh(vector(0))', { '{}': 0 }],
  ['deg(vector(pi()))', { '{}': 180 }],
  ['rad(vector(180))', { '{}': Math.PI }],
  ['pi()', { '{}': Math.PI }],
  ['clamp(x, -1, 5)', { '{a="1"}': -1 }],
  ['clamp(x, 5, -1)', {}],
  ['clamp_min(x, 0)', { '{a="1"}': 0 }],
  ['clamp_max(x, -3)', { '{a="1"}': -3 }],
  ['sort(x)', { 'x{a="1"}': -2.5 }],
  ['sort_desc(x)', { 'x{a="1"}': -2.5 }],
  ['sort_by_label(x, "a")', { 'x{a="1"}': -2.5 }],
  ['sort_by_label_desc(x, "a")', { 'x{a="1"}': -2.5 }],
  ['time()', { '{}': 60 }],
  ['timestamp(x offset 10s)', { '{a="1"}': 45 }],
  ['timestamp(x + 0)', { '{a="1"}': 60 }],
  ['scalar(x)', { '{}': -2.5 }],
  ['scalar(buckets)', { '{}': Number.NaN }],
  ['vector(2)', { '{}': 2 }],
  [`year(vector(${LEAP_DAY}))`, { '{}': 2024 }],
  [`month(vector(${LEAP_DAY}))`, { '{}': 2 }],
  [`day_of_month(vector(${LEAP_DAY}))`, { '{}': 29 }],
  [`day_of_week(vector(${LEAP_DAY}))`, { '{}': 4 }],
  [`day_of_year(vector(${LEAP_DAY}))`, { '{}': 60 }],
  [`days_in_month(vector(${LEAP_DAY}))`, { '{}': 29 }],
  [`hour(vector(${LEAP_DAY}))`, { '{}': 12 }],
  [`minute(vector(${LEAP_DAY}))`, { '{}': 34 }],
  ['minute()', { '{}': 1 }],
  ['hour(vector(NaN))', { '{}': Number.NaN }],
  ['histogram_quantile(0.75, buckets)', { '{}': 1.5 }],
  ['histogram_fraction(0, Inf, buckets)', { '{}': 1 }],
  ['label_replace(x, "b", "$1!", "a", "(.)")', { 'x{a="1", b="1!"}': -2.5 }],
  ['label_join(x, "b", "-", "a", "a", "c")', { 'x{a="1", b="1-1-"}': -2.5 }],
];

describe('functions', () => {
  test.each(CASES)('%s', (text, result) => {
    const got = ask(text, store, { at: AT });
    expect(Object.keys(got)).toEqual(Object.keys(result));
    for (const [labels, value] of Object.entries(result)) {
      if (Number.isNaN(value)) expect(got[labels]).toBeNaN();
      else expect(got[labels]).toBeCloseTo(value, 9);
    }
  });

  test('are each called here', () => {
    const called = CASES.map(([text]) => text).join(' ');
    expect(Object.keys(FUNCTIONS).filter((name) => !called.includes(`${name}(`))).toEqual([]);
  });
});

test('sort() and sort_desc() put elements in order', () => {
  const many = storeOf({ 'x{n="1"}': '2', 'x{n="2"}': '1', 'x{n="3"}': '3' });
  expect(Object.keys(ask('sort(x)', many))).toEqual(['x{n="2"}', 'x{n="1"}', 'x{n="3"}']);
  expect(Object.keys(ask('sort_desc(x)', many))).toEqual(['x{n="3"}', 'x{n="1"}', 'x{n="2"}']);
});

test('avg_over_time() of Prometheus 2 and 3 come to the same', () => {
  expect(ask('avg_over_time(x[5m])', store, { at: AT, generation: 2 })).toEqual({ '{a="1"}': 1.5 });
});
