import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
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

  test('a file that is gone is made up for by its backup, and that is said', () => {
    const { state } = tempHome();
    openStateFile(state).save(saved, { durable: true });
    rmSync(state);
    const opened = openStateFile(state);
    expect(opened.initial).toMatchObject(saved);
    expect(opened.recovered).toContain('is missing; its backup is used');
  });

  test('where both are damaged, the newest older copy that can be read is used', () => {
    const { state, run } = tempHome();
    const copies = ['one', 'two', 'three'].map((name) => join(run, name));
    writeFileSync(copies[0]!, 'garbage');
    openStateFile(copies[1]!).save({ ...saved, wishes: { files: 'up' } });
    openStateFile(copies[2]!).save(saved);
    for (const text of ['garbage', null]) {
      if (text !== null) writeFileSync(state, text);
      writeFileSync(`${state}.bak`, 'garbage');
      const opened = openStateFile(state, () => copies);
      expect(opened.initial.wishes).toEqual({ files: 'up' });
      expect(opened.recovered).toContain(`${copies[1]} is used`);
    }
  });

  test('a new home does not look for older copies', () => {
    const asked = vi.fn(() => []);
    openStateFile(tempHome().state, asked);
    expect(asked).not.toHaveBeenCalled();
  });

  test('what cannot be put aside does not keep the daemon from starting', () => {
    const { state, run } = tempHome();
    writeFileSync(state, 'garbage');
    mkdirSync(join(`${state}.damaged`, 'in the way'), { recursive: true });
    const file = openStateFile(state);
    expect(file.recovered).toContain('counters start at 0');
    file.save(saved);
    expect(openStateFile(state)).toMatchObject({ initial: saved, recovered: null });
    expect(readdirSync(run)).toContain('state.json');
  });

  test('keeps what is known of the jobs', () => {
    const { state } = tempHome();
    const jobs = { cleanup: { rule: '0 1 * * *' } };
    openStateFile(state).save({ ...saved, jobs });
    expect(openStateFile(state).initial.jobs).toEqual(jobs);
  });

  test('damage without a backup is said, not hidden', () => {
    const { state } = tempHome();
    writeFileSync(state, 'garbage');
    expect(openStateFile(state).recovered).toContain('counters start at 0');
    expect(existsSync(state)).toBe(false);
  });
});
