// SECURITY.md tells no lie: each promise names its tests, and all of them exist; docs/chaos.md knows every scenario.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SECURITY = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
const CHAOS = readFileSync(join(ROOT, 'docs', 'chaos.md'), 'utf8');

const scenarios = readdirSync(join(ROOT, 'test', 'chaos'))
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => basename(file, '.test.ts'));

function testsIn(text: string): string[] {
  return [...text.matchAll(/`(test\/[^`]+)`/gu)].map(([, file = '']) => file);
}

const promises = SECURITY.split('\n').filter(
  (line) => /^\| (?!against|---)/u.test(line) && !line.startsWith('|---'),
);

describe('SECURITY.md', () => {
  test('names at least one test for each promise', () => {
    expect(promises.length).toBeGreaterThan(15);
    expect(promises.filter((line) => testsIn(line).length === 0)).toEqual([]);
  });

  test('names only files that exist', () => {
    const missing = [...testsIn(SECURITY), ...testsIn(CHAOS)].filter((file) => !existsSync(join(ROOT, file)));
    expect(missing).toEqual([]);
  });

  test('names every chaos scenario', () => {
    expect(scenarios.filter((name) => !SECURITY.includes(`test/chaos/${name}.test.ts`))).toEqual([]);
  });
});

test('docs/chaos.md has a row for every scenario, and no other', () => {
  const rows = [...CHAOS.matchAll(/^\| `([\w-]+)` \|/gmu)].map(([, name]) => name);
  expect(new Set(rows)).toEqual(new Set(scenarios));
});
