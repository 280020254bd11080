import { expect, test } from 'vitest';
import { createTokenBucket } from '../../src/web/rate-limit.ts';

test('a bucket lets a burst through, then one each interval, and never saves up more than a burst', () => {
  let now = 0;
  const bucket = createTokenBucket(() => now);
  const limit = { interval: 1000, burst: 3 };
  const take = (): boolean => bucket.take(limit);
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
  now += 999;
  expect(take()).toBe(false);
  now += 1;
  expect([take(), take()]).toEqual([true, false]);
  now += 60_000;
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
});

test('a limit that was lowered counts at once', () => {
  const bucket = createTokenBucket(() => 0);
  expect(bucket.take({ interval: 1000, burst: 10 })).toBe(true);
  expect(bucket.take({ interval: 1000, burst: 1 })).toBe(true);
  expect(bucket.take({ interval: 1000, burst: 1 })).toBe(false);
});
