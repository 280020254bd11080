import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { counterSlotPaths, openCounterSlots } from '../../../src/daemon/home/counter-slots.ts';
import { tempHome } from '../../fakes/temp-home.ts';

const few = { probes: 1 };
const many = { probes: 2, names: 'x'.repeat(5000) };

function setUp() {
  const { state } = tempHome();
  const write = (...all: readonly unknown[]): void => {
    for (const counters of all) openCounterSlots(state).write('now', counters);
  };
  return { state, write, paths: counterSlotPaths(state), read: () => openCounterSlots(state).read('now') };
}

test('counters are found that were kept last, however long those before them were', () => {
  const { write, read } = setUp();
  expect(read()).toBeNull();
  for (const counters of [few, many, many, few, few]) {
    write(counters);
    expect(read()).toEqual(counters);
  }
});

test('one opening goes on where the one before ended', () => {
  const { state, write, read } = setUp();
  write(many, many);
  const slots = openCounterSlots(state);
  for (const probes of [3, 4, 5]) {
    slots.write('now', { probes });
    expect(read()).toEqual({ probes });
  }
});

test('counters of another state are none', () => {
  const { state, write } = setUp();
  write(few);
  expect(openCounterSlots(state).read('later')).toBeNull();
});

test.each([
  ['cut', (path: string) => truncateSync(path, 100)],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['half overwritten', (path: string) => writeFileSync(path, 'y'.repeat(60), { flag: 'r+' })],
  ['of zeros', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
  [
    'damaged in one place',
    (path: string) => writeFileSync(path, String(readFileSync(path)).replace('xx', 'xy')),
  ],
])('a slot that is %s is not believed, and the one before it counts', (_, spoil) => {
  const { write, read, paths } = setUp();
  write(few, many);
  spoil(paths[1]);
  expect(read()).toEqual(few);
  write(many, many);
  expect(read()).toEqual(many);
  spoil(paths[0]);
  spoil(paths[1]);
  expect(read()).toBeNull();
});

test('slots are for their owner only', () => {
  const { write, paths } = setUp();
  write(few, few);
  for (const path of paths) expect(statSync(path).mode & 0o777).toBe(0o600);
});
