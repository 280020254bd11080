import { expect, test } from 'vitest';
import { WatchdogError } from '../../../src/core/base/errors.ts';
import { watchHome } from '../../../src/daemon/home/watch-home.ts';
import { FakeClock } from '../../fakes/clock.ts';

function setUp(answers: readonly (boolean | Error)[]) {
  const clock = new FakeClock();
  const told: string[] = [];
  const log = (_: object, sentence: string): void => void told.push(sentence);
  let asked = 0;
  const stop = watchHome({
    clock,
    home: '/home',
    log: { trace: log, debug: log, info: log, warn: log, error: log, fatal: log },
    makeFolders: () => void told.push('folders'),
    onRenewed: () => void told.push('renewed'),
    onLost: () => void told.push('lost'),
    control: {
      trouble: null,
      renew() {
        const answer = answers[asked] ?? false;
        asked += 1;
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
  });
  return { clock, told, stop, asked: () => asked };
}

test('a home that is there is looked at now and then, and nothing is said', async () => {
  const { clock, told, asked, stop } = setUp([]);
  await clock.advance(60_000);
  expect(asked()).toBe(12);
  expect(told).toEqual([]);
  stop();
  await clock.advance(60_000);
  expect(asked()).toBe(12);
  expect(clock.pending).toBe(0);
});

test('what was made anew is told and written to at once', async () => {
  const { clock, told } = setUp([false, true]);
  await clock.advance(60_000);
  expect(told).toEqual(['Lock or socket had been removed and were recreated', 'folders', 'renewed']);
});

test('what cannot be recreated is logged once, and retried each second', async () => {
  const refused = new Error('EACCES');
  const { clock, told, asked } = setUp([refused, refused, refused, true]);
  await clock.advance(8000);
  expect(asked()).toBe(4);
  await clock.advance(52_000);
  expect(asked()).toBe(14);
  expect(told.map((line) => line.includes('cannot be recreated'))).toEqual([true, false, false, false]);
});

test('a home that another daemon has by now ends this one, once', async () => {
  const held = new WatchdogError('LOCK_HELD', 'the daemon with pid 7 already does');
  const { clock, told, asked } = setUp([held, held]);
  await clock.advance(60_000);
  expect(told).toEqual(['Another daemon holds the home now: this one stops', 'lost']);
  expect(asked()).toBe(1);
});
