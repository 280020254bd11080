import { describe, expect, it } from 'vitest';
import { SessionTrust, isSessionError } from '../../../src/wire/http/session-trust.ts';
import { FakeClock } from '../../fakes/clock.ts';

const DOUBT = { isDoubtful: true };
const GOOD = { isDoubtful: false };

describe('a session', () => {
  it('is kept while nothing is doubtful', () => {
    const trust = new SessionTrust(new FakeClock());
    expect(trust.judge()).toBe('keep');
    trust.note(GOOD);
    trust.noteFailure({ isDoubtful: false });
    expect(trust.judge()).toBe('keep');
  });

  it('that a server forgets each time is renewed three times at once, then every 15 s', async () => {
    const clock = new FakeClock();
    const trust = new SessionTrust(clock);
    const forgotten = () => {
      trust.note(GOOD);
      trust.noteFailure(DOUBT);
      return trust.judge();
    };
    expect([forgotten(), forgotten(), forgotten(), forgotten()]).toEqual(['renew', 'renew', 'renew', 'wait']);
    let renewed = 0;
    for (let second = 0; second < 600; second += 1) {
      await clock.advance(1_000);
      if (forgotten() === 'renew') renewed += 1;
    }
    expect(renewed).toBeGreaterThanOrEqual(39);
    expect(renewed).toBeLessThanOrEqual(40);
  });

  it('on which nothing ever succeeded is not excused for ever', () => {
    const trust = new SessionTrust(new FakeClock());
    const verdicts = [1, 2, 3, 4].map(() => {
      trust.noteFailure(DOUBT);
      return trust.judge();
    });
    expect(verdicts).toEqual(['renew', 'renew', 'renew', 'keep']);
  });
});

describe('isSessionError()', () => {
  const error = (code: number, message: string) =>
    isSessionError({ kind: 'error', id: '1', error: { code, message, data: null } });

  it.each([
    [-32001, 'Session not found'],
    [-32000, 'Bad Request: No valid session ID provided'],
    [-32600, 'Session terminated'],
    [-32002, 'Server not initialized'],
    [-32600, 'Server has not been initialised'],
  ])('knows %i %s', (code, message) => expect(error(code, message)).toBe(true));

  it.each([
    [-32601, 'Method not found'],
    [-32603, 'Not connected'],
    [-32602, 'Obsession is no argument'],
  ])('is not taken in by %i %s', (code, message) => expect(error(code, message)).toBe(false));

  it('is false for a result', () => {
    expect(isSessionError({ kind: 'result', id: '1', result: { session: 'x' } })).toBe(false);
  });
});
