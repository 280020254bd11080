import { describe, expect, test } from 'vitest';
import { ask, storeOf } from '../support/series-store.ts';

const MINUTE = 60_000;

/** One series, a sample each 15 s. */
function value(
  text: string,
  points: string,
  { at = 5 * MINUTE, generation = 3 }: { at?: number; generation?: 2 | 3 } = {},
): number | undefined {
  return Object.values(ask(text, storeOf({ x: points }), { at, generation }))[0];
}

describe('rate(), increase() and delta()', () => {
  test('need two samples', () => {
    expect(value('rate(x[5m])', '1')).toBeUndefined();
    expect(value('increase(x[15s])', '0+1x20')).toBeUndefined();
    expect(value('rate(x[15s])', '0+1x20', { generation: 2 })).toBeCloseTo(1 / 15, 12);
  });

  test('fill the window from the first to the last sample up to its edges', () => {
    expect(value('increase(x[5m])', '100+15x20', { generation: 2 })).toBeCloseTo(300, 9);
    expect(value('increase(x[5m])', '100+15x20')).toBeCloseTo(300, 9);
    expect(value('rate(x[5m])', '100+15x20')).toBeCloseTo(1, 12);
  });

  test('add half a sample where an edge is far away', () => {
    // Samples from 0 s to 60 s, asked at 300 s about 600 s: half of 15 s at each side.
    expect(value('increase(x[10m])', '100+15x4')).toBeCloseTo(60 * (75 / 60), 9);
  });

  test('go over resets, which a gauge has none of', () => {
    expect(value('increase(x[5m])', '100 110 5 10x17')).toBeCloseTo((5 + 5) * (300 / 285), 9);
    expect(value('delta(x[5m])', '100 110 5 10x17')).toBeCloseTo(-100 * (300 / 285), 9);
    expect(value('resets(x[6m])', '5 4 4 9 1')).toBe(2);
  });

  test('do not take a counter below zero before its first sample', () => {
    // It rose by 15 in 15 s from 3: it began 3 s earlier, not 7.5 s.
    const at = 225_000;
    expect(value('increase(x[10m])', '_x10 3+15x5', { at })).toBeCloseTo(75 + 3, 9);
    expect(value('delta(x[10m])', '_x10 3+15x5', { at })).toBeCloseTo(75 + 7.5, 9);
  });

  test('ask in another order how far zero and the edge are, in the two generations', () => {
    const at = 225_000;
    expect(value('increase(x[10m])', '_x10 10+15x5', { at, generation: 2 })).toBeCloseTo(75 + 10, 9);
    expect(value('increase(x[10m])', '_x10 10+15x5', { at, generation: 3 })).toBeCloseTo(75 + 7.5, 9);
  });

  test('drop the name', () => {
    expect(ask('rate(x{a="1"}[5m])', storeOf({ 'x{a="1"}': '0x20' }), { at: 5 * MINUTE })).toEqual({
      '{a="1"}': 0,
    });
  });
});

describe('irate() and idelta()', () => {
  test.each([
    ['irate(x[5m])', '1 1 4', 0.2],
    ['irate(x[5m])', '1 9 3', 0.2],
    ['idelta(x[5m])', '1 9 3', -6],
    ['irate(x[5m])', '1', undefined],
    ['idelta(x[5m])', '1', undefined],
  ])('%s of %s', (text, points, result) => expect(value(text, points, { at: MINUTE })).toBe(result));
});

test.each([
  ['1 1 2 1', 2],
  ['NaN NaN 1 NaN', 2],
  ['5', 0],
])('changes() of %s', (points, count) => expect(value('changes(x[5m])', points, { at: MINUTE })).toBe(count));

describe('deriv() and predict_linear()', () => {
  test('follow the line through the samples', () => {
    expect(value('deriv(x[5m])', '10+3x10', { at: 150_000 })).toBeCloseTo(0.2, 12);
    expect(value('predict_linear(x[5m], 60)', '10+3x10', { at: 150_000 })).toBeCloseTo(52, 9);
    expect(value('predict_linear(x[5m], -150)', '10+3x10', { at: 150_000 })).toBeCloseTo(10, 9);
  });

  test('are flat for what is constant, and nothing for what is infinite', () => {
    expect(value('deriv(x[5m])', '7x10', { at: 150_000 })).toBe(0);
    expect(value('predict_linear(x[5m], 1e9)', '7x10', { at: 150_000 })).toBe(7);
    expect(value('predict_linear(x[5m], 60)', 'Infx5', { at: 150_000 })).toBeNaN();
    expect(value('deriv(x[5m])', '1 NaN 2', { at: 150_000 })).toBeNaN();
  });

  test('need two samples', () => {
    expect(value('deriv(x[5m])', '7')).toBeUndefined();
    expect(value('predict_linear(x[5m], 1)', '7')).toBeUndefined();
  });
});
