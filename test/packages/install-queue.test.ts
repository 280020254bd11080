import { expect, test } from 'vitest';

import { createInstallQueue } from '../../src/packages/install-queue.ts';
import { settle } from '../fakes/clock.ts';

function gate(): { open: () => void; passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

const unaborted = new AbortController().signal;

test('a queue runs one at a time, in order', async () => {
  const queue = createInstallQueue();
  const story: string[] = [];
  const gates = [gate(), gate(), gate()];
  const all = gates.map(({ passed }, index) =>
    queue.inTurn(async () => {
      story.push(`start ${index}`);
      await passed;
      story.push(`end ${index}`);
    }, unaborted),
  );
  for (const { open } of gates.toReversed()) open();
  await Promise.all(all);
  expect(story).toEqual(['start 0', 'end 0', 'start 1', 'end 1', 'start 2', 'end 2']);
  expect(queue.isBusy).toBe(false);
});

test('a queue goes on after work that failed', async () => {
  const queue = createInstallQueue();
  const failing = queue.inTurn(() => Promise.reject(new Error('no')), unaborted);
  const next = queue.inTurn(() => Promise.resolve('yes'), unaborted);
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});

test('who gives up waiting leaves at once, and nobody passes the one at work', async () => {
  const queue = createInstallQueue();
  const first = gate();
  const controller = new AbortController();
  const story: string[] = [];
  const working = queue.inTurn(() => first.passed, unaborted);
  const waiting = queue.inTurn(() => Promise.resolve(story.push('given up')), controller.signal);
  const last = queue.inTurn(() => Promise.resolve(story.push('last')), unaborted);
  controller.abort();
  expect(await waiting).toBe(null);
  await settle();
  expect(story).toEqual([]);
  first.open();
  await Promise.all([working, last]);
  expect(story).toEqual(['last']);
});
