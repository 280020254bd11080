import { expect, test } from 'vitest';

import { createInstallQueue } from '../../src/packages/install-queue.ts';
import { settle } from '../fakes/clock.ts';

const unaborted = new AbortController().signal;

/** A queue whose work ends on cue, and what it did so far. */
function stage() {
  const queue = createInstallQueue();
  const story: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    queue,
    story,
    /** Queues work that lasts until `end` is called with its name. */
    begin: (server: string, name = server, signal = unaborted) => {
      const work = async (): Promise<string> => {
        story.push(`start ${name}`);
        await new Promise<void>((resolve) => void ends.set(name, resolve));
        story.push(`end ${name}`);
        return name;
      };
      return queue.inTurn(server, work, signal);
    },
    end: async (name: string) => {
      ends.get(name)?.();
      await settle();
    },
  };
}

test('a queue runs two at a time, in order', async () => {
  const { queue, story, begin, end } = stage();
  const all = ['a', 'b', 'c', 'd'].map((server) => begin(server));
  await settle();
  expect(story).toEqual(['start a', 'start b']);
  expect(queue.isBusy('e')).toBe(true);
  await end('b');
  await end('c');
  expect(story.slice(2)).toEqual(['end b', 'start c', 'end c', 'start d']);
  await end('a');
  expect(queue.isBusy('e')).toBe(false);
  await end('d');
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
});

test('a queue never runs two for one server, and others pass who waits for it', async () => {
  const { queue, story, begin, end } = stage();
  void begin('a', 'a1');
  void begin('a', 'a2');
  await settle();
  expect([queue.isBusy('a'), queue.isBusy('b')]).toEqual([true, false]);
  void begin('b');
  await settle();
  expect(story).toEqual(['start a1', 'start b']);
  await end('b');
  expect(story).toEqual(['start a1', 'start b', 'end b']);
  await end('a1');
  expect(story.slice(3)).toEqual(['end a1', 'start a2']);
  await end('a2');
});

test('a queue goes on after work that failed', async () => {
  const queue = createInstallQueue();
  const failing = queue.inTurn('a', () => Promise.reject(new Error('no')), unaborted);
  const next = queue.inTurn('a', () => Promise.resolve('yes'), unaborted);
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});

test('who gives up waiting leaves at once, and nobody passes those at work', async () => {
  const { story, begin, end } = stage();
  const controller = new AbortController();
  void begin('a');
  void begin('b');
  const waiting = begin('c', 'c', controller.signal);
  const last = begin('d');
  controller.abort();
  expect(await waiting).toBe(null);
  expect(story).toEqual(['start a', 'start b']);
  await end('a');
  expect(story.slice(2)).toEqual(['end a', 'start d']);
  await end('d');
  expect(await last).toBe('d');
  await end('b');
});

test('who has given up before does not begin', async () => {
  const { story, begin } = stage();
  expect(await begin('a', 'a', AbortSignal.abort())).toBe(null);
  expect(story).toEqual([]);
});
