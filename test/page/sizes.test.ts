// Bytes that a browser loads for each view, compressed: the limits are those that the page was designed for.
import { dirname, posix } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { MAIN, pageAssets, plain, STYLE, type Assets } from '../../src/web/page/assets.ts';

const KIB = 1024;
/** Bytes of the overview at first, and of each other view after it. */
const LIMITS = { overview: 26 * KIB, server: 18 * KIB, alerts: 6 * KIB, events: 6 * KIB, query: 9 * KIB };

let assets: Assets;
beforeAll(() => {
  assets = pageAssets();
});

function size(names: Iterable<string>): number {
  return [...names].reduce((sum, name) => sum + (assets.find(name)?.compressed.length ?? Number.NaN), 0);
}

/** A module with all that it imports at once. */
function modulesOf(start: string): Set<string> {
  const found = new Set([start]);
  for (const name of found) {
    const asset = assets.find(name);
    const text = asset === undefined ? '' : plain(asset).toString();
    for (const [, target = ''] of text.matchAll(/(?:\bfrom|\bimport)\s*["'`](\.\/[^"'`]+)["'`]/gu))
      found.add(posix.join(dirname(name), target));
  }
  return found;
}

test('the overview loads within its limit, in few files', () => {
  const names = [...modulesOf(MAIN), STYLE];
  expect(assets.preload).toHaveLength(names.length - 2);
  expect(names.length).toBeLessThan(6);
  expect(size(names)).toBeLessThan(LIMITS.overview);
});

test.each(['server', 'alerts', 'events', 'query'] as const)('%s loads within its limit', (view) => {
  const known = modulesOf(MAIN);
  const more = [...modulesOf(`page/${view}.js`)].filter((name) => !known.has(name));
  expect(more.length).toBeGreaterThan(0);
  expect(size([...more, 'page/views.css'])).toBeLessThan(LIMITS[view]);
});
