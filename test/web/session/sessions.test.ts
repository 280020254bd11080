import { expect, test } from 'vitest';
import { CODE_AGE, createSessions, SESSION_AGE } from '../../../src/web/session/sessions.ts';
import { FakeClock } from '../../fakes/clock.ts';

function create() {
  const clock = new FakeClock();
  return { clock, sessions: createSessions(clock) };
}

test('a code begins one session, once', () => {
  const { sessions } = create();
  const { code } = sessions.createCode();
  expect(code).toMatch(/^[\w-]{43}$/u);
  const session = sessions.begin(code);
  expect(session?.cookie).toMatch(/^[\w-]{43}$/u);
  expect(session?.key).not.toBe(session?.cookie);
  expect(sessions.begin(code)).toBeNull();
  expect(sessions.begin('')).toBeNull();
});

test('a code is good for a minute', async () => {
  const { clock, sessions } = create();
  const [early, late] = [sessions.createCode().code, sessions.createCode().code];
  await clock.advance(CODE_AGE - 1);
  expect(sessions.begin(early)).not.toBeNull();
  await clock.advance(1);
  expect(sessions.begin(late)).toBeNull();
});

test('cookie and key are needed both, of one session', () => {
  const { sessions } = create();
  const a = sessions.begin(sessions.createCode().code);
  const b = sessions.begin(sessions.createCode().code);
  if (a === null || b === null) throw new Error('both codes are good');
  expect(sessions.isValid(a.cookie, a.key)).toBe(true);
  expect(sessions.isValid(a.cookie, b.key)).toBe(false);
  expect(sessions.isValid(a.cookie, '')).toBe(false);
  expect(sessions.isValid('', a.key)).toBe(false);
  expect(sessions.isValid(a.key, a.cookie)).toBe(false);
  sessions.end(a.cookie);
  expect(sessions.isValid(a.cookie, a.key)).toBe(false);
  expect(sessions.isValid(b.cookie, b.key)).toBe(true);
  expect(sessions.endAll()).toBe(1);
  expect(sessions.isValid(b.cookie, b.key)).toBe(false);
});

test('a session lasts eight hours, and the sixth ends the first', async () => {
  const { clock, sessions } = create();
  const begun = Array.from({ length: 6 }, () => sessions.begin(sessions.createCode().code));
  const valid = (): boolean[] => begun.map((one) => one !== null && sessions.isValid(one.cookie, one.key));
  expect(valid()).toEqual([false, true, true, true, true, true]);
  await clock.advance(SESSION_AGE - 1);
  expect(valid()).toContain(true);
  await clock.advance(1);
  expect(valid()).not.toContain(true);
});
