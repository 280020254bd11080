import { expect, test } from 'vitest';
import { createScrapeCache } from '../../src/metrics/scrape-cache.ts';
import { FakeClock } from '../fakes/clock.ts';

function setUp() {
  const clock = new FakeClock();
  const made: string[] = [];
  const renderer = createScrapeCache(clock, async () => {
    made.push(`text ${made.length + 1}`);
    return made.at(-1) ?? '';
  });
  return { clock, made, renderer, text: async () => (await renderer.current()).toString() };
}

test('what changes while a text is in the making is in the next one', async () => {
  const { renderer, text } = setUp();
  const first = text();
  renderer.invalidate('now');
  expect(await first).toBe('text 1');
  expect(await text()).toBe('text 2');
  expect(await text()).toBe('text 2');
});

test('a measurement does not take back the hurry of a change', async () => {
  const { renderer, text } = setUp();
  await text();
  renderer.invalidate('now');
  renderer.invalidate('soon');
  renderer.invalidate('never');
  expect(await text()).toBe('text 2');
});

test('a text that failed is tried again', async () => {
  let fails = true;
  const renderer = createScrapeCache(new FakeClock(), async () => {
    if (fails) throw new Error('not now');
    return 'text';
  });
  await expect(renderer.current()).rejects.toThrow('not now');
  fails = false;
  expect((await renderer.current()).toString()).toBe('text');
});
