import { expect, test } from 'vitest';
import { createScrapeCache } from '../../src/metrics/scrape-cache.ts';
import { FakeClock } from '../fakes/clock.ts';

function setUp() {
  const clock = new FakeClock();
  const made: string[] = [];
  const cache = createScrapeCache(clock, async () => {
    made.push(`text ${made.length + 1}`);
    return Buffer.from(made.at(-1) ?? '');
  });
  return { clock, made, cache, text: async () => (await cache.current()).toString() };
}

test('what changes during a rendering is in the next text', async () => {
  const { cache, text } = setUp();
  const first = text();
  cache.invalidate('now');
  expect(await first).toBe('text 1');
  expect(await text()).toBe('text 2');
  expect(await text()).toBe('text 2');
});

test('a measurement does not delay a change', async () => {
  const { cache, text } = setUp();
  await text();
  cache.invalidate('now');
  cache.invalidate('soon');
  cache.invalidate('never');
  expect(await text()).toBe('text 2');
});

test('a text that failed is tried again', async () => {
  let fails = true;
  const cache = createScrapeCache(new FakeClock(), async () => {
    if (fails) throw new Error('not now');
    return Buffer.from('text');
  });
  await expect(cache.current()).rejects.toThrow('not now');
  fails = false;
  expect((await cache.current()).toString()).toBe('text');
});
