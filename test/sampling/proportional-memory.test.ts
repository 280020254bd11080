import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WatchdogEvent } from '../../src/core/model/events.ts';
import type { ProcessRow } from '../../src/core/lifecycle/process-tree.ts';
import { type LimitBreach, startLimitsWatch } from '../../src/sampling/limits-watch.ts';
import { createSampler, type SamplerOptions } from '../../src/sampling/sampler.ts';
import { createBus } from '../../src/system/bus.ts';
import type { ReadProportional } from '../../src/system/process/process-memory.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { FakeClock } from '../fakes/clock.ts';
import { specOf } from '../fakes/spec.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

const rowOf = (pid: number, residentBytes: number): ProcessRow => ({
  pid,
  ppid: pid === 100 ? 1 : 100,
  pgid: 100,
  state: 'alive',
  startToken: `began ${pid}`,
  residentBytes,
  cpuSeconds: 1,
  threads: null,
});

/** A browser: its processes map the same gigabytes. */
const BROWSER = Array.from({ length: 12 }, (_, index) => rowOf(100 + index, 250 * MiB));

/** The real sampler and the real watch on a machine of rows, with a hard limit of 2 GiB. */
function start(read: ReadProportional | null, rows: readonly ProcessRow[] = BROWSER) {
  const clock = new FakeClock();
  const events: WatchdogEvent[] = [];
  const breaches: LimitBreach[] = [];
  const bus = createBus(clock, (error) => {
    throw error;
  });
  bus.subscribe((event) => events.push(event));
  startLimitsWatch({ clock, bus, onHard: (breach) => breaches.push(breach) });
  const machine = { rows, calls: 0, cpuTime: 0 };
  const options: SamplerOptions = {
    clock,
    bus,
    interval: 15_000,
    roots: () => [{ server: 'tabs', pid: 100, pgid: 100 }],
    readTable: async () => machine.rows,
    readAgain: async () => new Map(),
    footprints: null,
    proportional:
      read === null
        ? null
        : (pid) => {
            machine.calls += 1;
            return read(pid);
          },
    memoryLimit: () => 2 * GiB,
    cpuTime: () => machine.cpuTime,
  };
  const limits = { memory: { soft: null, hard: 2 * GiB }, cpu: { soft: null, hard: null, for: 1 }, nice: 0 };
  bus.publish({ kind: 'server-added', server: 'tabs', spec: specOf({ name: 'tabs', limits }) });
  bus.publish({ kind: 'spawned', server: 'tabs', run: 1, pid: 100, version: null });
  const health = { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };
  bus.publish({ kind: 'health', server: 'tabs', health });
  createSampler(options).start();
  const usages = () => events.flatMap((event) => (event.kind === 'sampled' ? [event.usage] : []));
  const collected = () =>
    events.flatMap((event) =>
      event.kind === 'collected' && event.collector === 'proportional_memory' ? [event] : [],
    );
  return { clock, machine, breaches, usages, collected };
}

describe('a server whose processes share their pages', () => {
  it('is not restarted for counting them several times', async () => {
    const { clock, breaches, usages } = start(async () => 55 * MiB);
    await clock.advance(10 * 60_000);
    expect(usages().at(-1)).toMatchObject({ residentBytes: 3000 * MiB, proportionalBytes: 660 * MiB });
    expect(breaches).toEqual([]);
  });

  it('is restarted when it really uses more than it may', async () => {
    const { clock, breaches } = start(async () => 200 * MiB);
    await clock.advance(60_000);
    expect(breaches).toEqual([
      {
        server: 'tabs',
        run: 1,
        resource: 'memory',
        detail:
          '2400MiB of proportional memory, more than 2GiB in 3 of the last 4 samples; it used 2400MiB right after its start',
      },
    ]);
  });

  it('counts with its resident memory where its memory map cannot be read, and says for how many processes', async () => {
    const { clock, usages } = start(async (pid) => (pid < 102 ? 'unreadable' : 55 * MiB));
    await clock.advance(20_000);
    expect(usages().at(-1)).toMatchObject({ proportionalBytes: 1050 * MiB, unreadableProcesses: 2 });
  });

  it('is judged by resident memory when nothing can be read', async () => {
    const { clock, usages, breaches } = start(async () => 'unreadable');
    await clock.advance(60_000);
    expect(usages().at(-1)).toMatchObject({ proportionalBytes: null, unreadableProcesses: 12 });
    expect(breaches.map(({ detail }) => detail)).toEqual([
      '3000MiB resident, more than 2GiB in 3 of the last 4 samples; it used 3000MiB right after its start',
    ]);
  });
});

describe('reading proportional memory', () => {
  it('happens in every sample near a limit, and rarely far from it', async () => {
    const near = start(async () => 150 * MiB);
    await near.clock.advance(10 * 60_000);
    expect(near.collected()).toHaveLength(near.usages().length);
    const shared = start(async () => 55 * MiB);
    await shared.clock.advance(10 * 60_000);
    expect(shared.collected().length).toBeLessThanOrEqual(11);
    const far = start(
      async () => 55 * MiB,
      BROWSER.map((row) => ({ ...row, residentBytes: 60 * MiB })),
    );
    await far.clock.advance(10 * 60_000);
    expect(far.collected().length).toBeLessThanOrEqual(3);
    expect(far.usages().every(({ proportionalBytes }) => proportionalBytes === 660 * MiB)).toBe(true);
  });

  it('comes sooner when resident memory has changed, and counts who came meanwhile as resident', async () => {
    const small = BROWSER.slice(0, 2).map((row) => ({ ...row, residentBytes: 60 * MiB }));
    const { clock, machine, usages, collected } = start(async () => 20 * MiB, small);
    await clock.advance(30_000);
    machine.rows = [...small, rowOf(200, 100 * MiB)];
    await clock.advance(15_000);
    expect(usages().at(-1)).toMatchObject({ proportionalBytes: 140 * MiB, proportionalIsNew: false });
    await clock.advance(60_000);
    expect([collected().length, usages().at(-1)?.proportionalBytes]).toEqual([2, 60 * MiB]);
  });

  it('follows a tree that grows towards its limit, though most of it was shared until then', async () => {
    const own = { bytes: 55 * MiB };
    const { clock, machine, breaches } = start(async () => own.bytes);
    await clock.advance(5 * 60_000);
    expect(breaches).toEqual([]);
    own.bytes = 220 * MiB;
    machine.rows = BROWSER.map((row) => ({ ...row, residentBytes: 415 * MiB }));
    await clock.advance(46_000);
    expect(breaches.map(({ detail }) => detail)).toEqual([
      '2640MiB of proportional memory, more than 2GiB in 3 of the last 4 samples',
    ]);
  });

  it('is not kept from a moment when the process had hardly begun', async () => {
    const young = [rowOf(100, 2 * MiB)];
    const { clock, machine, usages } = start(
      async () => (machine.rows === young ? MiB / 5 : 11 * MiB),
      young,
    );
    await clock.advance(15_000);
    expect(usages().at(-1)).toMatchObject({ residentBytes: 2 * MiB, proportionalBytes: MiB / 5 });
    machine.rows = [rowOf(100, 42 * MiB)];
    await clock.advance(15_000);
    expect(usages().at(-1)).toMatchObject({ residentBytes: 42 * MiB, proportionalBytes: 11 * MiB });
    const { calls } = machine;
    await clock.advance(60_000);
    expect(machine.calls).toBe(calls);
  });

  it('pauses after an expensive one, which is no evidence twice', async () => {
    const reading = start(async (pid) => {
      if (pid === 100) reading.machine.cpuTime += 400;
      return pid === 100 ? 2400 * MiB : 0;
    });
    await reading.clock.advance(10 * 60_000);
    // 400 ms are half a percent of 80 s.
    expect(reading.collected().length).toBeLessThanOrEqual(8);
    expect(reading.breaches).toHaveLength(1);
    const news = reading.usages().filter(({ proportionalIsNew }) => proportionalIsNew === true);
    expect(news).toHaveLength(reading.collected().length);
  });

  it('is given up when it hangs, and the samples go on', async () => {
    const { clock, usages, collected, machine } = start(() => new Promise(() => {}));
    await clock.advance(300_000);
    expect(machine.calls).toBe(1);
    expect(collected()[0]).toMatchObject({ error: 'no answer within 5 s' });
    expect(usages().length).toBeGreaterThan(12);
    expect(usages().at(-1)?.proportionalBytes).toBeNull();
  });

  it('does not happen where the system does not tell', async () => {
    const { clock, usages, collected } = start(null);
    await clock.advance(60_000);
    expect(usages().every(({ proportionalBytes }) => proportionalBytes === null)).toBe(true);
    expect(collected()).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('the memory of two real processes', () => {
  it('is less than the sum of what is resident in them', async () => {
    const child = spawn('/bin/sh', ['-c', 'sleep 60 & sleep 60 & echo ready; wait'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { pid = 0 } = child;
    try {
      await once(child.stdout, 'data');
      const events: WatchdogEvent[] = [];
      const bus = createBus(systemClock, () => {});
      bus.subscribe((event) => events.push(event));
      const roots = () => [{ server: 'two', pid, pgid: pid }];
      await createSampler({ clock: systemClock, bus, interval: 15_000, roots }).sampleNow();
      const usage = events.flatMap((event) => (event.kind === 'sampled' ? [event.usage] : []))[0];
      expect(usage?.proportionalBytes).toBeGreaterThan(0);
      expect(usage?.proportionalBytes).toBeLessThan(usage?.residentBytes ?? 0);
    } finally {
      process.kill(-pid, 'SIGKILL');
    }
  });
});
