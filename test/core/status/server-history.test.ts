import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readServerHistory, historyToSave } from '../../../src/core/status/server-history.ts';
import { NO_HISTORY } from '../../../src/core/model/status.ts';
import { serverStatus } from '../../fakes/status.ts';

describe('readRemembered()', () => {
  test('gives back what toRemember() kept', () => {
    const kept = {
      ...NO_HISTORY,
      restarts: { ...NO_HISTORY.restarts, signal: 3 },
      startFailures: 2,
      lastRestart: { at: 1000, reason: 'signal' as const, detail: 'signal SIGKILL' },
      lastExit: { at: 900, code: null, signal: 'SIGKILL' },
    };
    expect(readServerHistory(JSON.parse(JSON.stringify(historyToSave(serverStatus(kept)))))).toEqual(kept);
  });

  test('takes any JSON and never counts what makes no sense', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (restarts, rest) => {
        const read = readServerHistory({
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
    expect(readServerHistory('garbage')).toEqual(NO_HISTORY);
  });
});
