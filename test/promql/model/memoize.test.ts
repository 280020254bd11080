import { expect, test } from 'vitest';
import { memoize } from '../../../src/promql/model/memoize.ts';

test('memoize() makes one value for each object', () => {
  const make = memoize((node: object) => ({ node }));
  const [one, other] = [{}, {}];
  expect(make(one)).toBe(make(one));
  expect(make(one)).not.toBe(make(other));
});
