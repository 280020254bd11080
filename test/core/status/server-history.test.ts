import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRemembered, toRemember } from '../../../src/core/status/server-history.ts';
import { NOTHING_REMEMBERED } from '../../../src/core/model/status.ts';
import { serverStatus } from '../../fakes/status.ts';

describe('readRemembered()', () => {
  test('gives back what toRemember() kept', () => {
    const kept = {
      ...NOTHING_REMEMBERED,
      restarts: { ...NOTHING_REMEMBERED.restarts, signal: 3 },
      startFailures: 2,
      lastRestart: { at: 1000, reason: 'signal' as const, detail: 'signal SIGKILL' },
      lastExit: { at: 900, code: null, signal: 'SIGKILL' },
    };
    expect(readRemembered(JSON.parse(JSON.stringify(toRemember(serverStatus(kept)))))).toEqual(kept);
  });

  test('takes any JSON and never counts what makes no sense', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (restarts, rest) => {
        const read = readRemembered({
          restarts: { exit: restarts, signal: rest },
          startFailures: rest,
          lastRestart: restarts,
          lastExit: rest,
        });
        for (const count of [...Object.values(read.restarts), read.startFailures]) {
          expect(Number.isSafeInteger(count)).toBe(true);
          expect(count).toBeGreaterThanOrEqual(0);
        }
      }),
    );
    expect(readRemembered('garbage')).toEqual(NOTHING_REMEMBERED);
  });
});
