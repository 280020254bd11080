import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readAgeLimit } from '../../../src/packages/pypi/age-limit.ts';
import { systemClock } from '../../../src/system/time/clock.ts';

const NOW = Date.parse('2026-11-30T00:00:00Z');
const DAY = 86_400_000;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'age-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function limit(environment: Record<string, string>) {
  const clock = { ...systemClock, now: () => NOW };
  return readAgeLimit({
    environment: { HOME: home, ...environment },
    clock,
    timeout: 1,
    signal: new AbortController().signal,
  });
}

it.each([
  ['2026-11-01', Date.parse('2026-11-01')],
  ['2026-11-01T12:00:00Z', Date.parse('2026-11-01T12:00:00Z')],
  ['7 days', NOW - 7 * DAY],
  ['1 week', NOW - 7 * DAY],
  ['P3D', NOW - 3 * DAY],
  ['PT12H', NOW - DAY / 2],
  ['', Infinity],
  ['the day before yesterday', 0],
])('reads %j in the environment', async (text, expected) => {
  expect(await limit({ UV_EXCLUDE_NEWER: text })).toBe(expected);
});

it('reads uv.toml of the user', async () => {
  mkdirSync(join(home, '.config', 'uv'), { recursive: true });
  writeFileSync(join(home, '.config', 'uv', 'uv.toml'), 'exclude-newer = "2026-10-01T00:00:00Z"\n');
  expect(await limit({})).toBe(Date.parse('2026-10-01T00:00:00Z'));
  expect(await limit({ UV_NO_CONFIG: '1' })).toBe(Infinity);
  expect(await limit({ UV_EXCLUDE_NEWER: '2026-09-01' })).toBe(Date.parse('2026-09-01'));
});
