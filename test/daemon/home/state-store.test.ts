import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { WatchdogEvent } from '../../../src/core/model/events.ts';
import { reduceStatus } from '../../../src/core/status/reduce-status.ts';
import { NO_HISTORY, type Status } from '../../../src/core/model/status.ts';
import { counterSlotPaths, openCounterSlots } from '../../../src/daemon/home/counter-slots.ts';
import { openStateStore } from '../../../src/daemon/home/state-store.ts';
import { openStateFile, type SavedState } from '../../../src/supervisor/state-file.ts';
import { createBus } from '../../../src/system/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { specOf } from '../../fakes/spec.ts';
import { status as statusOf } from '../../fakes/status.ts';
import { tempHome } from '../../fakes/temp-home.ts';

function setUp(paths = tempHome()) {
  const clock = new FakeClock();
  const bus = createBus(clock, (error) => {
    throw error;
  });
  const events: WatchdogEvent[] = [];
  let status: Status = statusOf([]);
  let probes = 1;
  const ends: Record<string, readonly number[]> = {};
  const slots = openCounterSlots(paths.state);
  bus.subscribe((event) => {
    events.push(event);
    status = reduceStatus(status, event, () => NO_HISTORY);
  });
  const stateStore = openStateStore({
    file: openStateFile(paths.state),
    bus,
    clock,
    status: () => status,
    counters: () => ({ probes }),
    slots,
    ends: { list: (server) => ends[server] ?? [] },
  });
  const saved = (): SavedState => JSON.parse(readFileSync(paths.state, 'utf8'));
  bus.publish({ kind: 'server-added', server: 's', spec: specOf({ name: 's' }) });
  const count = (): void => void (probes += 1);
  /** Counters as the next daemon finds them. */
  const found = (): unknown => openCounterSlots(paths.state).read(saved().stamp ?? '') ?? saved().counters;
  return { bus, clock, events, ends, stateStore, saved, paths, count, found };
}

describe('keepState()', () => {
  test('has a restart on disk before the next thing can happen', () => {
    const { bus, saved } = setUp();
    bus.publish({ kind: 'restarted', server: 's', reason: 'signal', detail: null });
    expect(saved().servers['s']).toMatchObject({ restarts: { signal: 1 } });
    expect(saved().counters).toEqual({ probes: 1 });
  });

  test('keeps the recent ends of a server, with which a killed daemon leaves its restart budget to the next', () => {
    const { bus, ends, saved, paths } = setUp();
    ends['s'] = [1, 2];
    bus.publish({ kind: 'restarted', server: 's', reason: 'signal', detail: null });
    expect(saved().servers['s']).toMatchObject({ ends: [1, 2] });
    expect(setUp(paths).stateStore.past('s')).toMatchObject({ ends: [1, 2] });
  });

  test('keeps counters beside the state, which stays as it is, and nobody finds older ones', () => {
    const { stateStore, saved, count, found } = setUp();
    stateStore.saveCounters();
    const { stamp } = saved();
    expect(found()).toEqual({ probes: 1 });
    for (const probes of [2, 3, 4]) {
      count();
      stateStore.saveCounters();
      expect(found()).toEqual({ probes });
    }
    expect(saved()).toMatchObject({ stamp, counters: { probes: 1 } });
    count();
    stateStore.save();
    expect(found()).toEqual({ probes: 5 });
    expect(saved().stamp).not.toBe(stamp);
  });

  test('saves the state where counters alone cannot be kept', () => {
    const { stateStore, saved, count, paths } = setUp();
    stateStore.save();
    for (const path of counterSlotPaths(paths.state)) mkdirSync(path);
    count();
    stateStore.saveCounters();
    expect(saved().counters).toEqual({ probes: 2 });
  });

  test('waits for the disk once a minute, whatever becomes of the time of day', () => {
    const { bus, clock, stateStore, paths } = setUp();
    stateStore.save({ durable: true });
    rmSync(`${paths.state}.bak`);
    clock.wall -= 86_400_000;
    clock.elapsed += 59_000;
    bus.publish({ kind: 'ticked' });
    expect(existsSync(`${paths.state}.bak`)).toBe(false);
    clock.elapsed += 1000;
    bus.publish({ kind: 'ticked' });
    expect(existsSync(`${paths.state}.bak`)).toBe(true);
  });

  test('keeps a wish until it is taken back, over a death', () => {
    const first = setUp();
    first.stateStore.setDesiredState('s', 'down');
    const second = setUp(first.paths);
    expect(second.stateStore.desiredState('s')).toBe('down');
    second.stateStore.setDesiredState('s', null);
    expect(setUp(first.paths).stateStore.desiredState('s')).toBeUndefined();
  });

  test('keeps the past of a server that is out of the config for now', () => {
    const first = setUp();
    first.bus.publish({ kind: 'restarted', server: 's', reason: 'exit', detail: null });
    first.bus.publish({ kind: 'server-removed', server: 's' });
    first.stateStore.save();
    expect(first.stateStore.past('s')).toMatchObject({ restarts: { exit: 1 } });
    const second = setUp(first.paths);
    second.bus.publish({ kind: 'server-removed', server: 's' });
    second.stateStore.save();
    expect(second.saved().servers['s']).toMatchObject({ restarts: { exit: 1 } });
  });

  test('keeps what is known of a job, over a death', () => {
    const first = setUp();
    first.stateStore.setJob('cleanup', { lastRunAt: 5 });
    const second = setUp(first.paths);
    expect(second.stateStore.job('cleanup')).toEqual({ lastRunAt: 5 });
    expect(second.stateStore.job('backup')).toBeUndefined();
  });

  test('says that the disk refuses, and goes on', () => {
    const { bus, events, stateStore, paths } = setUp();
    rmSync(paths.home, { recursive: true });
    bus.publish({ kind: 'restarted', server: 's', reason: 'exit', detail: null });
    stateStore.save();
    const failures = events.filter(({ kind }) => kind === 'state-persist-failed');
    expect(failures).toMatchObject([{ isNew: true }, { isNew: false }]);
  });

  test('tries again until it is saved, and tells that once; a wish that is not on disk is known as such', async () => {
    const { clock, events, stateStore, saved, paths } = setUp();
    expect(stateStore.setDesiredState('s', 'down')).toBeNull();
    renameSync(paths.home, `${paths.home}.away`);
    expect(stateStore.setDesiredState('s', 'up')).toMatch(/ENOENT.*state\.json'$/u);
    // As on disk.
    expect(stateStore.setDesiredState('s', 'down')).toBeNull();
    expect(stateStore.setDesiredState('t', 'down')).toMatch(/ENOENT/u);
    await clock.advance(20_000);
    expect(events.filter(({ kind }) => kind === 'state-persisted')).toEqual([]);
    renameSync(`${paths.home}.away`, paths.home);
    await clock.advance(5000);
    expect(saved().wishes).toEqual({ s: 'down', t: 'down' });
    await clock.advance(60_000);
    expect(events.filter(({ kind }) => kind === 'state-persisted')).toHaveLength(1);
    stateStore.dispose();
    expect(clock.pending).toBe(0);
  });
});
