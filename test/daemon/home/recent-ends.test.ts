// Recent ends of servers: written as times of day, read back as times of the next daemon's lifecycles.
import { expect, test } from 'vitest';
import { INITIAL_LIFECYCLE } from '../../../src/core/model/lifecycle-state.ts';
import { followEnds } from '../../../src/daemon/home/recent-ends.ts';
import { createBus } from '../../../src/system/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';

function setUp() {
  const clock = new FakeClock();
  const bus = createBus(clock, (error) => {
    throw error;
  });
  const ends = followEnds(bus, clock);
  const fail = (...failures: number[]): void => {
    const to = { ...INITIAL_LIFECYCLE, failures };
    const change = { cause: 'exited', nextAttemptAt: null, budgetRemaining: 1 };
    bus.publish({ kind: 'transition', server: 's', from: INITIAL_LIFECYCLE, to, ...change });
  };
  return { clock, bus, ends, fail };
}

test('are as old for the next daemon as they are', async () => {
  const first = setUp();
  await first.clock.advance(10_000);
  first.fail(4000, 9000);
  const saved = { ends: first.ends.list('s') };
  expect(saved.ends).toEqual([first.clock.wall + 4000, first.clock.wall + 9000]);
  const next = setUp();
  next.clock.wall += 60_000;
  await next.clock.advance(500);
  expect(next.ends.restore('s', saved)).toEqual([-56_000, -51_000]);
  // Also where it is killed before the server was started.
  expect(next.ends.list('s')).toEqual(saved.ends);
});

test.each([
  ['nothing', null],
  ['a state of an earlier release', { restarts: {} }],
  ['something else', { ends: 'soon' }],
  ['times that are none', { ends: [null, '1', Number.POSITIVE_INFINITY] }],
  ['a time in the future', { ends: [Date.UTC(2027, 0, 1)] }],
])('of %s are none', (_, saved) => {
  expect(setUp().ends.restore('s', saved)).toEqual([]);
});

test('are forgotten with their server, and all at an orderly end', () => {
  const { bus, ends, fail } = setUp();
  fail(0);
  bus.publish({ kind: 'server-removed', server: 's' });
  expect(ends.list('s')).toEqual([]);
  fail(0);
  ends.clear();
  expect(ends.list('s')).toEqual([]);
});
