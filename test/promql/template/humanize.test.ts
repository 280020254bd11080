import { describe, expect, test } from 'vitest';
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
} from '../../../src/promql/template/humanize.ts';

test.each([
  [0, '0'],
  [1, '1'],
  [999, '999'],
  [1000, '1k'],
  [1234, '1.234k'],
  [-1_234_567, '-1.235M'],
  [1e24, '1Y'],
  [1e30, '1e+06Y'],
  [0.0015, '1.5m'],
  [1e-30, '1e-06y'],
  [Infinity, '+Inf'],
  [Number.NaN, 'NaN'],
])('humanize(%d) is %s', (value, text) => expect(humanize(value)).toBe(text));

test.each([
  [0.5, '0.5'],
  [1, '1'],
  [1023, '1023'],
  [1024, '1ki'],
  [1_610_612_736, '1.5Gi'],
  [-2048, '-2ki'],
  [-Infinity, '-Inf'],
])('humanize1024(%d) is %s', (value, text) => expect(humanize1024(value)).toBe(text));

test.each([
  [0.123, '12.3%'],
  [1 / 3, '33.33%'],
  [12, '1200%'],
  [Number.NaN, 'NaN%'],
])('humanizePercentage(%d) is %s', (value, text) => expect(humanizePercentage(value)).toBe(text));

test.each([
  [0, '0s'],
  [0.02, '20ms'],
  [1.5, '1.5s'],
  [59.9999, '60s'],
  [-59.5, '-59.5s'],
  [60, '1m 0s'],
  [3661.9, '1h 1m 1s'],
  [-90_061, '-1d 1h 1m 1s'],
  [86_400, '1d 0h 0m 0s'],
  [Infinity, '+Inf'],
])('humanizeDuration(%d) is %s', (value, text) => expect(humanizeDuration(value)).toBe(text));

describe('humanizeTimestamp()', () => {
  test.each([
    [0, '1970-01-01 00:00:00 +0000 UTC'],
    [1_435_065_584.128, '2015-06-23 13:19:44.128 +0000 UTC'],
    [1.5, '1970-01-01 00:00:01.5 +0000 UTC'],
    [-1.0625, '1969-12-31 23:59:58.938 +0000 UTC'],
    [100, '1970-01-01 00:01:40 +0000 UTC'],
    [1e30, '1e+30'],
    [Number.NaN, 'NaN'],
  ])('of %d is %s', (value, text) => expect(humanizeTimestamp(value)).toBe(text));
});
