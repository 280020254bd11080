// A server that does not end, because nothing can be seen of its end: what else the config says goes on without it.
import { expect, onTestFinished, test, vi } from 'vitest';
import type { WatchdogEvent } from '../../src/core/model/events.ts';
import { createProcessRegistry } from '../../src/supervisor/process-registry.ts';
import { createStartRateLimiter } from '../../src/supervisor/start-rate-limiter.ts';
import { createSupervisor } from '../../src/supervisor/supervisor.ts';
import { createBus } from '../../src/system/bus.ts';
import type * as processTable from '../../src/system/process/process-table.ts';
import { type Clock, systemClock } from '../../src/system/time/clock.ts';
import { specOf } from '../fakes/spec.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';

/** A process in the kernel's hands cannot be made at will; one whose end cannot be seen looks the same from here. */
const table = vi.hoisted(() => ({ isBlind: false }));
vi.mock('../../src/system/process/process-table.ts', async (original) => {
  const real = await original<typeof processTable>();
  return {
    ...real,
    readProcessTable: (signal?: AbortSignal) =>
      table.isBlind ? Promise.reject(new Error('the table cannot be read')) : real.readProcessTable(signal),
  };
});

/** Real processes, in a hurry. */
const quick: Clock = { ...systemClock, after: (delay, wake) => systemClock.after(delay / 20, wake) };

function setUp() {
  const paths = tempHome();
  const events: WatchdogEvent[] = [];
  const bus = createBus(quick, (error) => {
    throw error;
  });
  bus.subscribe((event) => events.push(event));
  const guardian = { hold: () => {}, drop: () => {}, pid: null, close: () => {} };
  const supervisor = createSupervisor({
    clock: quick,
    bus,
    random: () => 0.5,
    startRateLimiter: createStartRateLimiter({ clock: quick, random: () => 0.5 }),
    registry: createProcessRegistry(paths.processes, { guardian, onFault: () => {} }),
    daemonId: `stuck-${process.pid}`,
    home: paths.home,
    prepare: () => Promise.resolve({ ok: true, argv: ['/bin/sleep', '60'], cwd: '/', version: null }),
    observers: [],
    lastLines: () => [],
    latestLine: () => null,
    lastVerdict: () => null,
    onFault: () => {},
    desiredState: () => undefined,
  });
  bus.subscribe((event) => {
    if (event.kind === 'spawned') queueMicrotask(() => supervisor.ready(event.server, event.run));
  });
  onTestFinished(() => {
    table.isBlind = false;
    return supervisor.stopAll();
  });
  const phaseOf = (name: string) => supervisor.runner(name)?.state.phase;
  const reach = (name: string, phase: string) =>
    waitFor(() => phaseOf(name) === phase, { what: `${name} ${phase}` });
  const spawns = (name: string) =>
    events.filter((event) => event.kind === 'spawned' && event.server === name).length;
  return { supervisor, events, phaseOf, reach, spawns };
}

const server = (name: string, change = {}) => specOf({ name, stop: { grace: 100 }, ...change });

test('a removed server that does not end holds up nothing, and goes on being reported', async () => {
  const { supervisor, events, phaseOf, reach } = setUp();
  await supervisor.apply({ added: [server('stuck'), server('other')], removed: [], changed: [] });
  await reach('stuck', 'running');
  await reach('other', 'running');
  table.isBlind = true;
  const ending = await supervisor.apply({
    added: [server('new')],
    removed: ['stuck'],
    changed: [{ spec: server('other', { stop: { grace: 200 } }), restart: false }],
  });
  expect(ending).toEqual(['stuck']);
  expect(supervisor.specs().map(({ name }) => name)).toEqual(['other', 'new']);
  await reach('new', 'running');
  expect(phaseOf('stuck')).toBe('stopping');
  expect(events.some(({ kind }) => kind === 'server-removed')).toBe(false);
  table.isBlind = false;
  await waitFor(() => events.some(({ kind }) => kind === 'server-removed'), { what: 'its end' });
  expect(supervisor.runner('stuck')).toBeUndefined();
});

test('who is configured again meanwhile starts after that end, once and with its last settings', async () => {
  const { supervisor, reach, spawns } = setUp();
  await supervisor.apply({ added: [server('s')], removed: [], changed: [] });
  await reach('s', 'running');
  table.isBlind = true;
  await supervisor.apply({ added: [], removed: ['s'], changed: [] });
  await supervisor.apply({ added: [server('s', { args: ['first'] })], removed: [], changed: [] });
  await supervisor.apply({
    added: [],
    removed: [],
    changed: [{ spec: server('s', { args: ['last'] }), restart: true }],
  });
  supervisor.start('s');
  expect(spawns('s')).toBe(1);
  table.isBlind = false;
  await waitFor(() => spawns('s') === 2, { what: 'the second start' });
  await reach('s', 'running');
  expect(supervisor.runner('s')?.spec.args).toEqual(['last']);
});

test('who is removed again meanwhile does not come back', async () => {
  const { supervisor, events, reach, spawns } = setUp();
  await supervisor.apply({ added: [server('s')], removed: [], changed: [] });
  await reach('s', 'running');
  table.isBlind = true;
  await supervisor.apply({ added: [], removed: ['s'], changed: [] });
  await supervisor.apply({ added: [server('s')], removed: [], changed: [] });
  await supervisor.apply({ added: [], removed: ['s'], changed: [] });
  table.isBlind = false;
  await waitFor(() => events.some(({ kind }) => kind === 'server-removed'), { what: 'its end' });
  expect([supervisor.specs(), spawns('s')]).toEqual([[], 1]);
});
