import { expect, test } from 'vitest';
import { hashShare } from '../../../src/promql/functions/label-hash.ts';

// The judge of all else is Prometheus 3, in differential.test.ts.
test('hashShare() of nothing is the hash of nothing', () => {
  expect(hashShare({})).toBeCloseTo(0xef_46_db_37 / 2 ** 32, 8);
});

test('hashShare() is the same for equal labels, whatever their order', () => {
  expect(hashShare({ a: '1', b: '2' })).toBe(hashShare({ b: '2', a: '1', c: '' }));
  expect(hashShare({ a: '1' })).not.toBe(hashShare({ a: '2' }));
});
