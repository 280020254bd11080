// Map of entries that come and go: what a map does, and that nothing stays of what is gone.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { TransientMap } from '../../../src/core/gateway/transient-map.ts';

it('holds what was set and not deleted, in that order', () => {
  const map = new TransientMap<number, string>();
  for (let key = 0; key < 2_000; key += 1) {
    map.set(key, `value ${key}`);
    if (key >= 3) expect(map.delete(key - 3)).toBe(true);
  }
  expect(map.size).toBe(3);
  expect([...map]).toEqual([
    [1_997, 'value 1997'],
    [1_998, 'value 1998'],
    [1_999, 'value 1999'],
  ]);
  expect([...map.values()]).toEqual(['value 1997', 'value 1998', 'value 1999']);
  expect(map.get(1_998)).toBe('value 1998');
  expect(map.has(1_996)).toBe(false);
  expect(map.delete(1_996)).toBe(false);
  map.clear();
  expect([...map]).toEqual([]);
});

it('holds more entries than it takes a new table after, and sees deletions while it is iterated', () => {
  const map = new TransientMap<number, number>();
  for (let key = 0; key < 5_000; key += 1) map.set(key, key);
  const seen: number[] = [];
  for (const [key] of map) {
    seen.push(key);
    map.delete(key + 1);
  }
  expect(seen).toHaveLength(2_500);
  expect(map.size).toBe(2_500);
});

it('lets the young generation forget what is deleted, also after its table has grown old', () => {
  setFlagsFromString('--expose-gc');
  const collect = (): void => void runInNewContext("gc({ type: 'minor' })");
  const map = new TransientMap<number, { readonly text: string; readonly rest: readonly number[] }>();
  const fill = (from: number, to: number): void => {
    for (let key = from; key < to; key += 1) {
      map.set(key, { text: `value ${key}`, rest: Array.from({ length: 100 }, (_, index) => index) });
      map.delete(key - 16);
      if (key % 500 === 0) collect();
    }
  };
  fill(0, 16);
  for (let round = 0; round < 3; round += 1) collect();
  const before = oldSpace();
  fill(16, 20_000);
  // 16 MB pass through; a plain Map keeps all of it until the next full collection.
  expect(oldSpace() - before).toBeLessThan(4 * 1024 * 1024);
});

function oldSpace(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
}
