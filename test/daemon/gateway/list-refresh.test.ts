import { describe, expect, test } from 'vitest';
import type { ListName } from '../../../src/core/gateway/model.ts';
import { createListRefresh } from '../../../src/daemon/gateway/list-refresh.ts';
import { FakeClock } from '../../fakes/clock.ts';

function stage(read: (lists: readonly ListName[]) => Promise<void> = () => Promise.resolve()) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const readings: { readonly at: number; readonly lists: readonly ListName[] }[] = [];
  const faults: unknown[] = [];
  const notice = createListRefresh({
    clock,
    signal: abort.signal,
    async read(lists) {
      readings.push({ at: clock.elapsed, lists });
      await read(lists);
    },
    onFault: (fault) => faults.push(fault),
  });
  return { clock, abort, readings, faults, notice };
}

describe('the refresh of lists', () => {
  test('follows a notice at once, and what comes in the pause after it in one reading', async () => {
    const { clock, notice, readings } = stage();
    notice('tools');
    expect(readings).toEqual([{ at: 0, lists: ['tools'] }]);
    await clock.advance(50);
    for (const list of ['tools', 'prompts', 'tools'] as const) notice(list);
    await clock.advance(1_000);
    expect(readings.slice(1)).toEqual([{ at: 200, lists: ['tools', 'prompts'] }]);
    notice('tools');
    expect(readings).toHaveLength(3);
  });

  test('reads no list twice at a time, and misses no notice that comes meanwhile', async () => {
    let finish = (): void => {};
    const { clock, notice, readings } = stage(() => new Promise((resolve) => (finish = resolve)));
    notice('tools');
    await clock.advance(10_000);
    notice('tools');
    await clock.advance(10_000);
    expect(readings).toHaveLength(1);
    finish();
    await clock.advance(200);
    expect(readings).toHaveLength(2);
  });

  test('becomes rare under a flood of notices, and quick again after it', async () => {
    const { clock, notice, readings } = stage();
    for (let at = 0; at < 60_000; at += 10) {
      notice('tools');
      await clock.advance(10);
    }
    expect(readings.length).toBeLessThan(20);
    // What came last is read, too.
    await clock.advance(20_000);
    expect(readings.at(-1)?.at).toBeGreaterThanOrEqual(59_990);
    const before = readings.length;
    notice('tools');
    await clock.advance(200);
    notice('tools');
    expect(readings).toHaveLength(before + 2);
  });

  test('ends with its process, and goes on after a reading that failed', async () => {
    const { clock, notice, readings, faults, abort } = stage(() => Promise.reject(new Error('no')));
    notice('tools');
    notice('tools');
    await clock.advance(200);
    expect([readings.length, faults.length]).toEqual([2, 2]);
    notice('tools');
    abort.abort();
    await clock.advance(10_000);
    expect(readings).toHaveLength(2);
  });
});
