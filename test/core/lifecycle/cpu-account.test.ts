import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCpu, type ProcessCpu, emptyCpuAccount } from '../../../src/core/lifecycle/cpu-account.ts';

function addAll(...looks: ProcessCpu[][]): number[] {
  let account = emptyCpuAccount;
  return looks.map((readings) => {
    account = addCpu(account, readings, new Set(readings.map(({ key }) => key)));
    return account.total;
  });
}

describe('addCpu()', () => {
  it('counts a process in full at first sight and by what it added afterwards', () => {
    expect(addAll([{ key: 'a', cpuSeconds: 3 }], [{ key: 'a', cpuSeconds: 5 }])).toEqual([3, 5]);
  });

  it('does not go back when a child ends', () => {
    const first = [
      { key: 'a', cpuSeconds: 1 },
      { key: 'child', cpuSeconds: 9 },
    ];
    expect(addAll(first, [{ key: 'a', cpuSeconds: 2 }])).toEqual([10, 11]);
  });

  it('goes on across a restart, where all processes are new', () => {
    expect(addAll([{ key: '7 old', cpuSeconds: 4 }], [{ key: '7 new', cpuSeconds: 1 }])).toEqual([4, 5]);
  });

  it('counts nothing twice when a rounded value dips', () => {
    expect(addAll(...[5, 4.99, 5.01].map((cpuSeconds) => [{ key: 'a', cpuSeconds }]))).toEqual([5, 5, 5.01]);
  });

  it('keeps the place of a process that lives but could not be read', () => {
    const first = addCpu(emptyCpuAccount, [{ key: 'a', cpuSeconds: 3 }], new Set(['a']));
    const second = addCpu(first, [], new Set(['a']));
    expect(addCpu(second, [{ key: 'a', cpuSeconds: 4 }], new Set(['a'])).total).toBe(4);
  });

  it('never goes back and never counts more than was used, whatever comes and goes', () => {
    const anyReading = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      cpuSeconds: fc.integer({ min: 0, max: 100 }),
    });
    const anyLook = fc.uniqueArray(anyReading, { selector: ({ key }) => key });
    fc.assert(
      fc.property(fc.array(anyLook, { maxLength: 20 }), (looks) => {
        const everyone = new Set(['a', 'b', 'c']);
        let account = emptyCpuAccount;
        for (const look of looks) {
          const next = addCpu(account, look, everyone);
          expect(next.total).toBeGreaterThanOrEqual(account.total);
          account = next;
        }
        const highest = [...everyone].map((key) =>
          Math.max(
            0,
            ...looks
              .flat()
              .filter((reading) => reading.key === key)
              .map(({ cpuSeconds }) => cpuSeconds),
          ),
        );
        expect(account.total).toBe(highest.reduce((sum, value) => sum + value, 0));
      }),
    );
  });
});
