import { describe, expect, test } from 'vitest';
import { measureHistograms, quantileMeasure } from '../../../src/promql/functions/histogram-quantile.ts';
import type { Labels } from '../../../src/promql/model/labels.ts';

function quantile(share: number, buckets: Readonly<Record<string, number>>): number | undefined {
  const elements = Object.entries(buckets).map(([le, value]) => ({
    labels: { __name__: 'x_bucket', le } as Labels,
    value,
  }));
  return measureHistograms(quantileMeasure(share), elements, {})[0]?.value;
}

describe('quantileMeasure()', () => {
  const buckets = { '1': 10, '2': 30, '4': 30, '+Inf': 40 };

  test.each([
    [0.25, 1],
    [0.125, 0.5],
    [0.5, 1.5],
    [0.75, 2],
    [0.9, 4],
    [1, 4],
    [0, 0],
    [-1, -Infinity],
    [1.1, Infinity],
    [Number.NaN, Number.NaN],
  ])('%d is %d', (share, value) => expect(quantile(share, buckets)).toBe(value));

  test.each([
    ['of nothing seen', { '1': 0, '+Inf': 0 }],
    ['without +Inf', { '1': 10, '2': 30 }],
    ['of +Inf alone', { '+Inf': 10 }],
  ])('is NaN %s', (_, some) => expect(quantile(0.5, some)).toBeNaN());

  test('does not begin at 0 where the first bound is below', () => {
    expect(quantile(0.1, { '-1': 10, '1': 20, '+Inf': 20 })).toBe(-1);
  });

  test('takes a bucket with less than the one below it for as large', () => {
    expect(quantile(0.5, { '1': 10, '2': 8, '+Inf': 20 })).toBe(1);
  });

  test('adds up what has the same bound, however it is written', () => {
    expect(quantile(0.5, { '1': 5, '1.0': 5, '2e0': 20, Inf: 20 })).toBe(1);
  });

  test('makes one of each set of other labels, without the name, and leaves out what has no bound', () => {
    const of = (labels: Labels, value: number) => ({ labels: { __name__: 'x_bucket', ...labels }, value });
    expect(
      measureHistograms(
        quantileMeasure(0.5),
        [
          of({ a: '1', le: '1' }, 2),
          of({ a: '2', le: '1' }, 4),
          of({ a: '1', le: '+Inf' }, 2),
          of({ a: '2', le: '+Inf' }, 8),
          of({ a: '3' }, 8),
          of({ a: '4', le: 'x' }, 8),
          of({ a: '5', le: '' }, 8),
        ],
        {},
      ),
    ).toEqual([
      { labels: { a: '1' }, value: 0.5 },
      { labels: { a: '2' }, value: 1 },
    ]);
  });
});
