import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readFindOptions } from '../../../src/commands/diagnose/orphans.ts';
import { fakeIo } from '../../fakes/io.ts';
import { tempHome } from '../../fakes/temp-home.ts';

test('without a config only well-known servers are looked for, and that is said', () => {
  const { options, note } = readFindOptions({ paths: tempHome(), io: fakeIo() });
  expect(options).toEqual({ configured: [], patterns: [], minimumAge: 60_000, registered: [] });
  expect(note.join()).toContain('Only well-known servers');
});

test('the config says what more there is to look for', () => {
  const paths = tempHome();
  const text =
    'orphans: {patterns: [my-*], minimumAge: 2m}\nservers: {a: {package: p}, b: {url: "http://h/"}}';
  writeFileSync(paths.config, text, { mode: 0o600 });
  const { options, note } = readFindOptions({ paths, io: fakeIo() });
  expect(options).toMatchObject({
    patterns: ['my-*'],
    minimumAge: 120_000,
    configured: [{ server: 'a', program: { names: ['p'] } }],
  });
  expect(note).toEqual([]);
});
