import { expect, test } from 'vitest';
import { pause } from '../../../src/system/time/pause.ts';
import { FakeClock } from '../../fakes/clock.ts';

async function isOver(paused: Promise<void>): Promise<boolean> {
  return await Promise.race([
    paused.then(() => true),
    new Promise<boolean>((done) => setImmediate(done, false)),
  ]);
}

test('pause() is over after its delay', async () => {
  const clock = new FakeClock();
  const paused = pause(clock, 100);
  await clock.advance(99);
  expect(await isOver(paused)).toBe(false);
  await clock.advance(1);
  expect(await isOver(paused)).toBe(true);
});

test('pause() ends with its signal and leaves no timer', async () => {
  const clock = new FakeClock();
  const ending = new AbortController();
  const paused = pause(clock, 100, ending.signal);
  expect(await isOver(paused)).toBe(false);
  ending.abort();
  expect(await isOver(paused)).toBe(true);
  expect(clock.pending).toBe(0);
});

test('pause() does not begin when its signal is aborted already', async () => {
  const clock = new FakeClock();
  expect(await isOver(pause(clock, 100, AbortSignal.abort()))).toBe(true);
  expect(clock.pending).toBe(0);
});
