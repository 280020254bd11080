import { expect, test } from 'vitest';
import type { WatchdogEvent } from '../../../src/core/model/events.ts';
import { watchOrphans } from '../../../src/daemon/servers/watch-orphans.ts';
import type { Orphan } from '../../../src/orphans/find-orphans.ts';
import type { ReapedOrphan } from '../../../src/orphans/reap-orphans.ts';
import { createBus } from '../../../src/system/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';

const MINUTE = 60_000;
const orphan = (pid: number, isCertain: boolean, members = 1): Orphan => ({
  pid,
  startToken: '1',
  pgid: pid,
  name: 'x',
  server: null,
  command: `command ${pid}`,
  age: MINUTE,
  residentBytes: 1,
  members: Array.from({ length: members }, (_, index) => ({ pid: pid + index, startToken: '1' })),
  ownsGroup: true,
  isCertain,
  because: [],
});

function stage({
  reap = false,
  interval = 5 * MINUTE,
  outcome = 'ended',
}: { reap?: boolean; interval?: number; outcome?: ReapedOrphan['outcome'] } = {}) {
  const clock = new FakeClock();
  const bus = createBus(clock, (error) => {
    throw error;
  });
  const events: WatchdogEvent[] = [];
  bus.subscribe((event) => void events.push(event));
  const looks: number[] = [];
  const log = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} };
  let found: () => Orphan[] = () => [orphan(10, true, 2), orphan(20, false)];
  const stop = watchOrphans({
    clock,
    bus,
    log,
    settings: () => ({ reap, interval, patterns: [], minimumAge: MINUTE }),
    specs: () => [],
    registered: () => [],
    find: async () => {
      looks.push(clock.elapsed);
      return found();
    },
    reap: async (orphans) =>
      orphans.filter(({ isCertain }) => isCertain).map((each) => ({ orphan: each, outcome })),
  });
  return { clock, bus, events, looks, stop, answer: (next: typeof found) => (found = next) };
}

test('looks after a minute and then every interval, and counts the processes of those that are certain', async () => {
  const { clock, looks, events, stop } = stage();
  await clock.advance(11 * MINUTE);
  expect(looks).toEqual([MINUTE, 6 * MINUTE, 11 * MINUTE]);
  expect(events.at(-1)).toMatchObject({ kind: 'orphans', found: 2 });
  expect(events.filter(({ kind }) => kind === 'orphan-reaped')).toEqual([]);
  stop();
  await clock.advance(10 * MINUTE);
  expect(looks).toHaveLength(3);
  expect(clock.pending).toBe(0);
});

test('ends those that are certain where that is wanted', async () => {
  const { clock, events } = stage({ reap: true });
  await clock.advance(MINUTE);
  expect(events).toMatchObject([
    { kind: 'orphan-reaped', pid: 10, command: 'command 10' },
    { kind: 'orphans', found: 0 },
  ]);
});

test.each([
  ['alive', 2],
  ['gone', 0],
] as const)('does not boast of one that is %s', async (outcome, left) => {
  const { clock, events } = stage({ reap: true, outcome });
  await clock.advance(MINUTE);
  expect(events).toMatchObject([{ kind: 'orphans', found: left }]);
});

test('waits for clients to find their way after a sleep', async () => {
  const { clock, bus, looks } = stage();
  await clock.advance(MINUTE - 1);
  bus.publish({ kind: 'gap', cause: 'sleep', duration: 3_600_000 });
  await clock.advance(MINUTE - 1);
  expect(looks).toEqual([]);
  await clock.advance(1);
  expect(looks).toEqual([2 * MINUTE - 1]);
});

test('goes on when a look failed', async () => {
  const { clock, looks, answer, events } = stage();
  answer(() => {
    throw new Error('no /proc');
  });
  await clock.advance(MINUTE);
  expect(events).toEqual([]);
  answer(() => []);
  await clock.advance(5 * MINUTE);
  expect(looks).toHaveLength(2);
  expect(events).toMatchObject([{ kind: 'orphans', found: 0 }]);
});
