import { describe, expect, test } from 'vitest';
import { memoizeBySeries, memoizeBySeriesPair } from '../../../src/promql/model/series-cache.ts';

const of = (...labels: readonly { readonly [name: string]: string }[]) =>
  labels.map((one, index) => ({ labels: one, value: index }));
const [a, b] = [{ k: 'a' }, { k: 'b' }];

describe('memoizeBySeries()', () => {
  test('calls its function again only for other labels objects, or another order of them', () => {
    let count = 0;
    const make = memoizeBySeries((labels) => `${(count += 1)}: ${labels.map(({ k }) => k).join('')}`);
    expect([
      make(of(a, b)),
      make(of(a, b)),
      make(of(b, a)),
      make(of(a)),
      make(of({ ...a })),
      make([]),
    ]).toEqual(['1: ab', '1: ab', '2: ba', '3: a', '4: a', '5: ']);
  });

  test('caches no failure', () => {
    let count = 0;
    const make = memoizeBySeries(() => {
      count += 1;
      throw new Error('no');
    });
    for (let round = 0; round < 2; round += 1) expect(() => make(of(a))).toThrow('no');
    expect(count).toBe(2);
  });
});

test('memoizeBySeriesPair() looks at both sides, and does not take one for the other', () => {
  const make = memoizeBySeriesPair((left, right) => ({ sides: [left.length, right.length] }));
  const first = make(of(a, b), of(a));
  expect(make(of(a, b), of(a))).toBe(first);
  expect(make(of(a), of(b, a)).sides).toEqual([1, 2]);
  expect(make(of(a, b), of(a))).not.toBe(first);
});
