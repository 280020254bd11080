import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openStateFile } from '../../src/supervisor/state-file.ts';
import { tempHome } from '../fakes/temp-home.ts';

const saved = { wishes: { files: 'down' as const }, servers: { files: { starts: 3 } }, counters: [1, 2] };

describe('openStateFile()', () => {
  test('gives back what was saved', () => {
    const { state } = tempHome();
    openStateFile(state).save(saved);
    expect(openStateFile(state)).toMatchObject({ initial: saved, recovered: null });
  });

  test('starts with nothing where there is nothing', () => {
    expect(openStateFile(tempHome().state)).toMatchObject({
      initial: { wishes: {}, servers: {} },
      recovered: null,
    });
  });

  test.each([
    '',
    '{"version":1,"wis',
    'null',
    '[]',
    '{"version":99}',
    '{"version":1,"wishes":{"a":"sideways"},"servers":{}}',
  ])('a damaged file (%j) is put aside, and its backup used', (text) => {
    const { state } = tempHome();
    openStateFile(state).save(saved, { durable: true });
    writeFileSync(state, text);
    const opened = openStateFile(state);
    expect(opened.initial).toMatchObject(saved);
    expect(opened.recovered).toContain('its backup is used');
    expect(readFileSync(`${state}.damaged`, 'utf8')).toBe(text);
  });

  test('damage without a backup is said, not hidden', () => {
    const { state } = tempHome();
    writeFileSync(state, 'garbage');
    expect(openStateFile(state).recovered).toContain('counters start at 0');
    expect(existsSync(state)).toBe(false);
  });
});
