import { array, assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../../src/core/model/observations.ts';
import {
  beginHealth,
  isSameVerdict,
  resetFailures,
  freeze,
  observe,
  verdictOf,
  type Health,
  type HealthPolicy,
  type HealthObservation,
} from '../../../src/core/lifecycle/health.ts';

const policy: HealthPolicy = { failures: 3, successes: 2, initialDelay: 0, onFailure: 'restart' };
const pass: ProbeResult = { outcome: 'passed', took: 3 };
const miss: ProbeResult = { outcome: 'failed', took: 5, reason: 'timeout', detail: 'No answer' };
const locked: ProbeResult = { outcome: 'failed', took: 5, reason: 'unauthorized', detail: 'HTTP 401' };
const unclear: ProbeResult = { outcome: 'inconclusive', detail: 'too many open files' };

/** The observations of a history that begins with a ready server, one a second. */
function after(results: readonly ProbeResult[], options: Partial<HealthPolicy> = {}): HealthObservation[] {
  let { health } = observe(beginHealth(true), pass, { ...policy, ...options }, 0);
  return results.map((result, index) => {
    const seen = observe(health, result, { ...policy, ...options }, (index + 1) * 1000);
    health = seen.health;
    return seen;
  });
}

function last(results: readonly ProbeResult[], options: Partial<HealthPolicy> = {}): HealthObservation {
  return after(results, options).at(-1)!;
}

describe('a server that starts', () => {
  it('is not up before its first pass, and its misses do not count', () => {
    const seen = observe(beginHealth(true), miss, policy, 0);
    expect(seen).toMatchObject({ changed: null, wantsRestart: false, next: 'startup-retry' });
    expect(verdictOf(seen.health)).toMatchObject({ up: null, consecutiveFailures: 0, detail: 'No answer' });
  });

  it('never asks for a restart, however often it misses: the start timeout does', () => {
    let health = beginHealth(true);
    for (let count = 0; count < 100; count += 1) {
      const seen = observe(health, miss, policy, count);
      expect(seen.wantsRestart).toBe(false);
      health = seen.health;
    }
    expect(health.phase).toBe('starting');
  });

  it('is up with its first pass, whatever `successes` says', () => {
    const seen = observe(beginHealth(true), pass, policy, 0);
    expect(seen).toMatchObject({ changed: 'up', next: 'interval' });
    expect(verdictOf(seen.health)).toEqual({
      up: true,
      suspect: false,
      unauthorized: false,
      consecutiveFailures: 0,
      detail: null,
    });
  });

  it('counts misses only after the initial delay', () => {
    const delayed = { ...policy, failures: 1, initialDelay: 10_000 };
    const { health } = observe(beginHealth(true), pass, delayed, 5_000);
    expect(observe(health, miss, delayed, 14_999)).toMatchObject({ changed: null, wantsRestart: false });
    expect(observe(health, miss, delayed, 15_000)).toMatchObject({ changed: 'down', wantsRestart: true });
  });
});

describe('a server that is up', () => {
  it('is suspect after a first miss: looked at again soon, and nothing else happens', () => {
    const seen = last([miss]);
    expect(seen).toMatchObject({ changed: null, wantsRestart: false, next: 'suspect-retry' });
    expect(verdictOf(seen.health)).toMatchObject({ up: true, suspect: true, consecutiveFailures: 1 });
  });

  it('is left alone by one miss less than the threshold and a pass, and the count starts over', () => {
    const seen = after([miss, miss, pass, miss, miss]);
    expect(seen.some(({ wantsRestart, changed }) => wantsRestart || changed !== null)).toBe(false);
    expect(verdictOf(seen[2]!.health)).toMatchObject({
      suspect: false,
      consecutiveFailures: 0,
      detail: null,
    });
  });

  it('is down at the threshold, and asks for one restart', () => {
    const seen = last([miss, miss, miss]);
    expect(seen).toMatchObject({ changed: 'down', wantsRestart: true, next: 'interval' });
    expect(verdictOf(seen.health)).toMatchObject({ up: false, suspect: false, consecutiveFailures: 3 });
  });

  it('is not suspect when a single miss is enough', () => {
    expect(last([miss], { failures: 1 })).toMatchObject({ changed: 'down', wantsRestart: true });
  });

  it('lives on without permission: 401 is a sign of life, and is told', () => {
    const seen = last([miss, miss, locked]);
    expect(verdictOf(seen.health)).toMatchObject({
      up: true,
      unauthorized: true,
      consecutiveFailures: 0,
      detail: 'HTTP 401',
    });
    expect(verdictOf(last([locked, pass]).health)).toMatchObject({ unauthorized: false, detail: null });
  });

  it('lives on when it only refuses our Host, which is told apart from credentials', () => {
    const refused: ProbeResult = { ...locked, reason: 'wrong_host', detail: 'It refuses the Host' };
    const verdict = verdictOf(last([miss, refused]).health);
    expect(verdict).toMatchObject({
      up: true,
      unauthorized: true,
      wrongHost: true,
      detail: 'It refuses the Host',
    });
    expect(verdictOf(last([refused, locked]).health).wrongHost).toBeUndefined();
  });

  it('is not touched by what proves nothing', () => {
    const seen = after([miss, unclear, unclear, unclear, miss]);
    expect(seen.every(({ wantsRestart }) => !wantsRestart)).toBe(true);
    expect(verdictOf(seen[2]!.health)).toEqual(verdictOf(seen[0]!.health));
  });
});

describe('after a verdict', () => {
  it('nothing counts once a restart was asked for', () => {
    const held = freeze(last([miss, miss, miss]).health);
    for (const result of [pass, miss, locked, unclear]) {
      expect(observe(held, result, policy, 99_000)).toEqual({
        health: held,
        changed: null,
        wantsRestart: false,
        next: 'none',
      });
    }
  });

  it('keeps asking until it is heard, since a brake may hold restarts back', () => {
    expect(after([miss, miss, miss, miss, miss]).map(({ wantsRestart }) => wantsRestart)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  it('a report-only policy never asks, and takes `successes` passes in a row to be up again', () => {
    const seen = after([miss, miss, miss, pass, miss, pass, pass], { onFailure: 'report' });
    expect(seen.some(({ wantsRestart }) => wantsRestart)).toBe(false);
    expect(seen.map(({ health }) => health.up)).toEqual([true, true, false, false, false, false, true]);
    expect(seen.map(({ changed }) => changed)).toEqual([null, null, 'down', null, null, null, 'up']);
  });
});

describe('a server that we only watch', () => {
  it('has no startup: it is down when it never answers', () => {
    let health = beginHealth(false);
    for (let count = 0; count < 3; count += 1) ({ health } = observe(health, miss, policy, count));
    expect(verdictOf(health)).toMatchObject({ up: false, consecutiveFailures: 3 });
  });

  it('is up with its first pass', () => {
    expect(observe(beginHealth(false), pass, policy, 0).changed).toBe('up');
  });

  it('says why nothing is known yet', () => {
    const { health } = observe(beginHealth(false), unclear, policy, 0);
    expect(verdictOf(health)).toMatchObject({ up: null, detail: 'too many open files' });
  });
});

describe('probes in a row that come to no result', () => {
  const unasked = (results: readonly ProbeResult[]): string | undefined =>
    verdictOf(last(results).health).unasked;

  it('leave it open whether the server is still up, once they are as many as make a verdict', () => {
    expect(unasked([unclear, unclear])).toBeUndefined();
    expect(unasked([unclear, unclear, unclear])).toBe('too many open files');
    const [second, third] = after([unclear, unclear, unclear]).slice(1);
    expect(isSameVerdict(verdictOf(second!.health), verdictOf(third!.health))).toBe(false);
  });

  it.each([
    ['a pass', pass],
    ['a refusal', locked],
    ['a miss', miss],
  ])('are over with %s', (_what, result) => {
    expect(unasked([unclear, unclear, unclear, result])).toBeUndefined();
    expect(unasked([unclear, unclear, result, unclear])).toBeUndefined();
  });

  it('say nothing of a server that was seen down, and are forgotten after a sleep', () => {
    expect(unasked([miss, miss, miss, unclear, unclear, unclear])).toBeUndefined();
    const asleep = resetFailures(last([unclear, unclear, unclear]).health, 0);
    expect(verdictOf(asleep).unasked).toBeUndefined();
  });
});

describe('forgive()', () => {
  it('forgets the misses, and counts none until the quiet time is over', () => {
    const forgiven = resetFailures(last([miss, miss]).health, 50_000);
    expect(verdictOf(forgiven)).toMatchObject({ suspect: false, consecutiveFailures: 0, detail: null });
    expect(observe(forgiven, miss, policy, 49_999).health.failures).toBe(0);
    expect(observe(forgiven, miss, policy, 50_000).health.failures).toBe(1);
  });

  it('never shortens a quiet time, and lets a verdict stand', () => {
    const forgiven = resetFailures(resetFailures(last([miss, miss, miss]).health, 50_000), 40_000);
    expect(forgiven).toMatchObject({ quietUntil: 50_000, up: false, detail: 'No answer' });
  });
});

describe('any history', () => {
  const result = constantFrom(pass, miss, locked, unclear);

  it('asks for a restart only with `failures` misses and no sign of life since the last one', () => {
    assert(
      property(array(result), integer({ min: 1, max: 5 }), (results, failures) => {
        const seen = after(results, { failures });
        seen.forEach(({ wantsRestart }, index) => {
          const lastLife = results.slice(0, index + 1).findLastIndex((one) => one === pass || one === locked);
          const misses = results.slice(lastLife + 1, index + 1).filter((one) => one === miss).length;
          expect(wantsRestart).toBe(results[index] === miss && misses >= failures);
        });
      }),
    );
  });

  it('changes its verdict only when it says so', () => {
    assert(
      property(array(result), (results) => {
        let before: Health = observe(beginHealth(true), pass, policy, 0).health;
        for (const { health, changed } of after(results)) {
          expect(changed).toBe(health.up === before.up ? null : health.up ? 'up' : 'down');
          before = health;
        }
      }),
    );
  });
});
