import { expect, test } from 'vitest';
import { run } from '../../../src/commands/diagnose/doctor.ts';
import { fakeIo } from '../../fakes/io.ts';
import { missingHome } from '../../fakes/temp-home.ts';

async function doctor(flags: { json?: boolean }, env: Record<string, string>) {
  const paths = missingHome();
  const io = fakeIo({
    env: { PATH: process.env['PATH'] ?? '', HOME: paths.home, XDG_CONFIG_HOME: paths.home, ...env },
  });
  const code = await run({ paths, arguments: [], flags, colour: false, io });
  return { code, out: io.stdout() };
}

test('tells of a home that is not there, and fails', { timeout: 120_000 }, async () => {
  const { code, out } = await doctor({ json: true }, {});
  expect(code).toBe(1);
  // The checks were done: that they found something is no failure of the command.
  const { ok, data } = JSON.parse(out);
  expect(ok).toBe(true);
  const { healthy, checks } = data;
  expect(healthy).toBe(false);
  expect(checks).toContainEqual(
    expect.objectContaining({ id: 'home', findings: [expect.objectContaining({ status: 'problem' })] }),
  );
});

test.each([
  ['C', 'X '],
  ['de_DE.UTF-8', '✘'],
])('marks as the locale %s can show', { timeout: 120_000 }, async (locale, mark) => {
  expect((await doctor({}, { LC_ALL: locale })).out).toContain(`${mark} Home`);
});
