import { describe, expect, it } from 'vitest';
import type { WatchdogEvent } from '../../src/core/model/events.ts';
import type { LimitPolicy } from '../../src/core/model/server-spec.ts';
import { type LimitBreach, type LowLimit, startLimitsWatch } from '../../src/sampling/limits-watch.ts';
import { createBus } from '../../src/system/bus.ts';
import { FakeClock } from '../fakes/clock.ts';
import { specOf } from '../fakes/spec.ts';

const MiB = 2 ** 20;
const limits: LimitPolicy = {
  memory: { soft: 100 * MiB, hard: 200 * MiB },
  cpu: { soft: null, hard: 1, for: 60_000 },
  nice: 0,
};

const UP = { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };

function start() {
  const clock = new FakeClock();
  const events: WatchdogEvent[] = [];
  const breaches: LimitBreach[] = [];
  const low: LowLimit[] = [];
  const bus = createBus(clock, (error) => {
    throw error;
  });
  bus.subscribe((event) => events.push(event));
  const stop = startLimitsWatch({
    clock,
    bus,
    onHard: (breach) => breaches.push(breach),
    onLow: (finding) => low.push(finding),
  });
  let cpuSeconds = 0;

  function sample(mebibytes: number, cores = 0): void {
    clock.elapsed += 15_000;
    cpuSeconds += cores * 15;
    const usage = {
      cpuSeconds,
      cpuCores: cores,
      residentBytes: mebibytes * MiB,
      footprintBytes: null,
      proportionalBytes: null,
      processes: 1,
      threads: null,
      openFds: null,
    };
    bus.publish({ kind: 'sampled', server: 'files', usage });
  }

  function configure(kind: 'server-added' | 'server-changed', policy: LimitPolicy): void {
    bus.publish({ kind, server: 'files', spec: specOf({ name: 'files', limits: policy }) });
  }

  const load = (run: number) =>
    bus.publish({ kind: 'spawned', server: 'files', run, pid: 100 + run, version: null });
  const answer = () => bus.publish({ kind: 'health', server: 'files', health: UP });
  const spawned = (run: number) => {
    load(run);
    answer();
  };
  configure('server-added', limits);
  spawned(1);
  const told = () => events.flatMap((event) => (event.kind === 'limit' ? [event] : []));
  return { bus, stop, sample, configure, load, answer, spawned, breaches, low, told };
}

describe('startLimitsWatch()', () => {
  it('names the run that is over its hard memory limit, once', () => {
    const { sample, breaches, told } = start();
    sample(50);
    for (let count = 0; count < 9; count += 1) sample(250);
    expect(breaches).toEqual([
      {
        server: 'files',
        run: 1,
        resource: 'memory',
        detail: '250MiB resident, more than 200MiB in 3 of the last 4 samples',
      },
    ]);
    expect(told()).toMatchObject([{ resource: 'memory', level: 'hard', value: 250 * MiB, limit: 200 * MiB }]);
  });

  it('warns of a limit that is below what a server uses from its start, or already', () => {
    const { sample, spawned, configure, low, breaches } = start();
    for (let count = 0; count < 4; count += 1) sample(250);
    const hard = { server: 'files', level: 'hard', used: 250 * MiB, limit: 200 * MiB };
    expect(low).toEqual([hard]);
    expect(breaches[0]?.detail).toContain('; it used 250MiB right after its start');
    spawned(2);
    sample(90);
    sample(150);
    expect(low).toHaveLength(1);
    configure('server-changed', { ...limits, nice: 5 });
    expect(low).toHaveLength(1);
    configure('server-changed', { ...limits, memory: { soft: 120 * MiB, hard: null } });
    expect(low[1]).toEqual({ server: 'files', level: 'soft', used: 150 * MiB, limit: 120 * MiB });
  });

  it('only tells of a soft limit', () => {
    const { sample, breaches, told } = start();
    for (let count = 0; count < 9; count += 1) sample(150);
    expect(breaches).toEqual([]);
    expect(told()).toMatchObject([{ resource: 'memory', level: 'soft' }]);
  });

  it('names the next run too when it goes over again', () => {
    const { sample, spawned, breaches, told } = start();
    for (let count = 0; count < 3; count += 1) sample(250);
    spawned(2);
    for (let count = 0; count < 3; count += 1) sample(250);
    expect(breaches.map(({ run }) => run)).toEqual([1, 2]);
    expect(told().map(({ level }) => level)).toEqual(['hard', 'ok', 'hard']);
  });

  it('names a run that burns more than it may, on average', () => {
    const { sample, breaches } = start();
    for (let count = 0; count < 9; count += 1) sample(1, 1.5);
    expect(breaches).toEqual([
      { server: 'files', run: 1, resource: 'cpu', detail: '1.50 cores on average over 1m, more than 1' },
    ]);
  });

  it.each(['sleep', 'blocked'] as const)('collects its evidence anew after a gap (%s)', (cause) => {
    const { bus, sample, breaches } = start();
    sample(250);
    sample(250);
    bus.publish({ kind: 'gap', cause, duration: 60_000 });
    sample(250);
    expect(breaches).toEqual([]);
    sample(250);
    sample(250);
    expect(breaches).toHaveLength(1);
  });

  it('is not moved by a step of the wall clock', () => {
    const { bus, sample, breaches } = start();
    sample(250);
    sample(250);
    bus.publish({ kind: 'gap', cause: 'clock-step', duration: 3_600_000 });
    sample(250);
    expect(breaches).toHaveLength(1);
  });

  it('follows the config without losing what it has seen', () => {
    const { configure, sample, breaches } = start();
    sample(150);
    sample(150);
    configure('server-changed', { ...limits, memory: { soft: null, hard: 120 * MiB } });
    sample(150);
    expect(breaches).toMatchObject([{ run: 1, resource: 'memory' }]);
  });

  it('judges by no sample of a program that is still being loaded whether a limit was ever enough', () => {
    const { load, answer, sample, low, breaches } = start();
    load(2);
    sample(1);
    answer();
    expect(low).toEqual([]);
    for (let count = 0; count < 3; count += 1) sample(250);
    expect(low).toMatchObject([{ level: 'hard', used: 250 * MiB }]);
    expect(breaches[0]?.detail).toContain('it used 250MiB right after its start');
  });

  it('says of a run that is over its limit before it ever answered that it had not', () => {
    const { load, sample, low, breaches } = start();
    load(2);
    for (let count = 0; count < 3; count += 1) sample(250);
    expect(breaches[0]?.detail).toMatch(/in 3 of the last 4 samples; it had not answered yet$/u);
    expect(low).toEqual([]);
  });

  it('forgets a server that was removed, and all of them when it is stopped', () => {
    const { bus, configure, spawned, sample, stop, told } = start();
    bus.publish({ kind: 'server-removed', server: 'files' });
    for (let count = 0; count < 9; count += 1) sample(250);
    configure('server-added', limits);
    spawned(1);
    stop();
    for (let count = 0; count < 9; count += 1) sample(250);
    expect(told()).toEqual([]);
  });
});
