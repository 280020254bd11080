import { describe, expect, test } from 'vitest';
import {
  average,
  higher,
  largest,
  lower,
  incrementalMean,
  plainSum,
  quantile,
  smallest,
  sum,
  ascending,
  variance,
} from '../../../src/promql/functions/statistics.ts';

const { NaN: none } = Number;

describe('sum()', () => {
  test('carries along what rounding loses', () => {
    expect(sum([1, 1e100, 1, -1e100])).toBe(2);
    expect(plainSum([1, 1e100, 1, -1e100])).toBe(0);
    expect(sum(Array.from({ length: 10 }, () => 0.1))).toBe(1);
  });

  test.each([
    [[], 0],
    [[Infinity, 1], Infinity],
    [[Infinity, -Infinity], none],
    [[1, none], none],
    [[1e308, 1e308], Infinity],
  ])('of %o is %d', (values, total) => expect(sum(values)).toBe(total));

  test('takes what is in typed arrays as well', () => {
    expect(sum(new Float64Array([1, 2]))).toBe(3);
  });
});

describe.each([
  ['average()', average],
  ['incrementalMean()', incrementalMean],
])('%s', (_, mean) => {
  test.each([
    [[1, 2, 3], 2],
    [[1e308, 1e308], 1e308],
    [[Infinity, 1], Infinity],
    [[1, -Infinity, 5], -Infinity],
    [[Infinity, -Infinity], none],
    [[Infinity, none], none],
  ])('of %o is %d', (values, result) => expect(mean(values)).toBe(result));
});

test('incrementalMean() can be as careless as Prometheus 2 is with groups', () => {
  const values = [1, 1e15, 3, 7, 11];
  expect(incrementalMean(values)).toBe(200_000_000_000_004.4);
  expect(incrementalMean(values, { isCompensated: false })).toBe(200_000_000_000_004.38);
});

test('largest() and smallest() prefer any number to NaN', () => {
  expect([largest([none, 1, 3]), smallest([3, none, 1])]).toEqual([3, 1]);
  expect([largest([none]), smallest([none, none])]).toEqual([none, none]);
  expect([largest([none, -Infinity]), smallest([Infinity, none])]).toEqual([-Infinity, Infinity]);
});

test('variance() is that of the population, and exact for large numbers', () => {
  expect(variance([2, 4, 4, 4, 5, 5, 7, 9])).toBe(4);
  expect(variance([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBeCloseTo(2 / 3, 9);
  expect(variance([5])).toBe(0);
});

test('higher() and lower() let an infinity win over NaN', () => {
  expect([higher(none, Infinity), higher(none, 1), higher(1, 2)]).toEqual([Infinity, none, 2]);
  expect([lower(none, -Infinity), lower(1, none), lower(1, 2)]).toEqual([-Infinity, none, 1]);
});

describe('quantile()', () => {
  test.each([
    [0.5, [3, 1, 2], 2],
    [0.5, [1, 2, 3, 4], 2.5],
    [0.9, [0, 10], 9],
    [0, [5, 1], 1],
    [1, [5, 1], 5],
    [0, [1, none], none],
    [-0.1, [1], -Infinity],
    [1.1, [1], Infinity],
    [none, [1], none],
    [0.5, [], none],
  ])('%d of %o is %d', (share, values, result) => expect(quantile(share, values)).toBe(result));
});

test('ascending() puts NaN first, and infinities where they belong', () => {
  expect([1, none, Infinity, -Infinity, none, 0].toSorted(ascending)).toEqual([
    none,
    none,
    -Infinity,
    0,
    1,
    Infinity,
  ]);
});
