import { expect, test } from 'vitest';
import { ok, type Check } from '../../src/doctor/check.ts';
import { runChecks } from '../../src/doctor/run-checks.ts';
import { FakeClock } from '../fakes/clock.ts';
import { healthy } from './context.ts';

const check = (id: string, run: Check['run']): Check => ({ id, title: id.toUpperCase(), run });

test('all checks are asked at once, in order, and neither a fault nor a hang holds up the others', async () => {
  const clock = new FakeClock();
  const examined = runChecks(
    [
      check('hangs', () => new Promise(() => {})),
      check('well', () => Promise.resolve([ok('fine')])),
      check('throws', () => {
        throw new Error('no such thing\n  at line 1');
      }),
      check('rejects', () => Promise.reject(new Error('refused'))),
      check('silent', () => Promise.resolve([])),
    ],
    healthy(),
    { clock, timeout: 10_000 },
  );
  await clock.advance(10_000);
  expect((await examined).map(({ id, findings }) => [id, findings[0]?.status, findings[0]?.message])).toEqual(
    [
      ['hangs', 'unknown', 'no answer within 10 s'],
      ['well', 'ok', 'fine'],
      ['throws', 'unknown', 'no such thing'],
      ['rejects', 'unknown', 'refused'],
    ],
  );
  expect(clock.pending).toBe(0);
});
