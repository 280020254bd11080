import { describe, expect, test } from 'vitest';
import { ask, storeOf } from '../support/series-store.ts';

const MINUTE = 60_000;
const store = storeOf({ 'up{job="a"}': '1 2 3', 'up{job="b"}': '7 stale _x3 8' }, { interval: MINUTE });

describe('the present value', () => {
  test('is the newest sample that is not after the moment', () => {
    expect(ask('up{job="a"}', store, { at: 0 })).toEqual({ 'up{job="a"}': 1 });
    expect(ask('up{job="a"}', store, { at: 2 * MINUTE - 1 })).toEqual({ 'up{job="a"}': 2 });
    expect(ask('up{job="a"}', store, { at: -1 })).toEqual({});
  });

  // Its last sample is of 2m.
  test.each([
    [3, 7 * MINUTE - 1, 1],
    [3, 7 * MINUTE, 0],
    [2, 7 * MINUTE, 1],
    [2, 7 * MINUTE + 1, 0],
  ] as const)('is looked back for as Prometheus %i does, at %i ms', (generation, at, count) => {
    expect(Object.keys(ask('up{job="a"}', store, { at, generation }))).toHaveLength(count);
  });

  test('is looked back for as long as is asked for', () => {
    expect(ask('up{job="a"}', store, { at: 4 * MINUTE, lookback: MINUTE })).toEqual({});
  });

  test('is not there after the end of a series, until it begins anew', () => {
    expect(ask('up{job="b"}', store, { at: MINUTE })).toEqual({});
    expect(ask('up{job="b"}', store, { at: 5 * MINUTE - 1 })).toEqual({});
    expect(ask('up{job="b"}', store, { at: 5 * MINUTE })).toEqual({ 'up{job="b"}': 8 });
  });

  test('is that of another time with an offset, forward too', () => {
    expect(ask('up{job="a"} offset 1m', store, { at: 2 * MINUTE })).toEqual({ 'up{job="a"}': 2 });
    expect(ask('up{job="a"} offset -1m', store, { at: MINUTE })).toEqual({ 'up{job="a"}': 3 });
  });
});

describe('a window', () => {
  test.each([
    [3, '2m', 2],
    [2, '2m', 3],
    [3, '1m', 1],
    [2, '1m', 2],
    [3, '90s', 2],
  ] as const)('of Prometheus %i over %s', (generation, range, count) => {
    expect(ask(`count_over_time(up{job="a"}[${range}])`, store, { at: 2 * MINUTE, generation })).toEqual({
      '{job="a"}': count,
    });
  });

  test('holds samples from before and after an end, without the mark', () => {
    expect(ask('sum_over_time(up{job="b"}[10m])', store, { at: 6 * MINUTE })).toEqual({ '{job="b"}': 15 });
  });

  test('that is empty is none', () => {
    expect(ask('count_over_time(up[1m])', store, { at: 20 * MINUTE })).toEqual({});
    expect(ask('count_over_time(up{job="a"}[1m] offset 1h)', store, { at: 2 * MINUTE })).toEqual({});
  });

  test('begins and ends earlier with an offset', () => {
    expect(
      ask('count_over_time(up{job="a"}[1m] offset 1m)', store, { at: 3 * MINUTE, generation: 2 }),
    ).toEqual({
      '{job="a"}': 2,
    });
  });
});

test('names may be matched like labels', () => {
  expect(ask('{__name__=~"u.", job!="a"}', store, { at: 0 })).toEqual({ 'up{job="b"}': 7 });
});
