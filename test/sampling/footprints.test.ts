import { describe, expect, it } from 'vitest';
import type { WatchdogEvent } from '../../src/core/model/events.ts';
import type { ProcessRow } from '../../src/core/lifecycle/process-tree.ts';
import { type LimitBreach, startLimitsWatch } from '../../src/sampling/limits-watch.ts';
import { createSampler } from '../../src/sampling/sampler.ts';
import { createBus } from '../../src/system/bus.ts';
import type { ReadFootprints } from '../../src/system/process/process-memory.ts';
import { FakeClock } from '../fakes/clock.ts';
import { specOf } from '../fakes/spec.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

const rowOf = (pid: number, ppid: number): ProcessRow => ({
  pid,
  ppid,
  pgid: 100,
  state: 'alive',
  startToken: `began ${pid}`,
  residentBytes: 33 * MiB,
  cpuSeconds: 1,
  threads: null,
});

/** The real sampler and the real guard, on a machine with two processes that only the clock is moved on. */
function start(
  footprints: ReadFootprints | null,
  rows: readonly ProcessRow[] = [rowOf(100, 1), rowOf(101, 100)],
) {
  const clock = new FakeClock();
  const events: WatchdogEvent[] = [];
  const breaches: LimitBreach[] = [];
  const bus = createBus(clock, (error) => {
    throw error;
  });
  bus.subscribe((event) => events.push(event));
  startLimitsWatch({ clock, bus, onHard: (breach) => breaches.push(breach) });
  const machine = { rows };
  const sampler = createSampler({
    clock,
    bus,
    interval: 15_000,
    roots: () => [{ server: 'files', pid: 100, pgid: 100 }],
    readTable: async () => machine.rows,
    readAgain: async () => new Map(),
    footprints,
    proportional: null,
  });
  const limits = { memory: { soft: null, hard: 2 * GiB }, cpu: { soft: null, hard: null, for: 1 }, nice: 0 };
  bus.publish({ kind: 'server-added', server: 'files', spec: specOf({ name: 'files', limits }) });
  bus.publish({ kind: 'spawned', server: 'files', run: 1, pid: 100, version: null });
  sampler.start();
  const usages = () => events.flatMap((event) => (event.kind === 'sampled' ? [event.usage] : []));
  const collected = () =>
    events.flatMap((event) => (event.kind === 'collected' && event.collector === 'footprint' ? [event] : []));
  return { clock, machine, breaches, usages, collected };
}

describe('a server whose memory was compressed away', () => {
  it('is over its limit by its footprint, though next to nothing is resident', async () => {
    let looks = 0;
    const { clock, breaches, usages } = start(async () => {
      looks += 1;
      return new Map([
        [100, looks === 1 ? 40 * MiB : 12.9 * GiB],
        [101, 0.1 * GiB],
      ]);
    });
    await clock.advance(5 * 60_000);
    expect(usages().at(-1)).toMatchObject({ residentBytes: 66 * MiB, footprintBytes: 13 * GiB });
    expect(breaches).toEqual([
      {
        server: 'files',
        run: 1,
        resource: 'memory',
        detail: '13312MiB of footprint, more than 2GiB in 3 of the last 4 samples; it had not answered yet',
      },
    ]);
  });

  it('is not restarted for what one look saw, however many samples repeat it', async () => {
    let looks = 0;
    const { clock, breaches } = start(async () => new Map([[100, (looks += 1) === 2 ? 13 * GiB : 40 * MiB]]));
    await clock.advance(10 * 60_000);
    expect([looks > 5, breaches]).toEqual([true, []]);
  });
});

describe('looking at footprints', () => {
  it('is rare, and held up by nobody', async () => {
    let looks = 0;
    const { clock, usages } = start(async () => {
      looks += 1;
      return new Map([[100, GiB]]);
    });
    await clock.advance(120_000);
    expect(looks).toBe(2);
    expect(usages().length).toBeGreaterThan(7);
    const isNew = usages().map(({ footprintIsNew }) => footprintIsNew);
    // Each is booked by the sample after it: no sample waits for one.
    expect(isNew).toEqual([undefined, true, false, false, false, true, false, false]);
  });

  it('counts who was started meanwhile with what is resident, and no stranger who got its pid', async () => {
    const { clock, machine, usages } = start(
      async () =>
        new Map([
          [100, GiB],
          [101, GiB],
          [102, GiB],
        ]),
    );
    await clock.advance(35_000);
    expect(usages().at(-1)).toMatchObject({ footprintBytes: 2 * GiB });
    machine.rows = [rowOf(100, 1), { ...rowOf(101, 100), startToken: 'another' }];
    await clock.advance(15_000);
    expect(usages().at(-1)).toMatchObject({ footprintBytes: GiB + 33 * MiB });
  });

  it('that fails is told, and what is out of date counts no more', async () => {
    let isBroken = false;
    const { clock, usages, collected } = start(async () => {
      if (isBroken) throw new Error('top: no such file\nat all');
      return new Map([[100, GiB]]);
    });
    await clock.advance(60_000);
    isBroken = true;
    await clock.advance(60_000);
    expect(collected().map(({ error }) => error)).toEqual([null, 'top: no such file']);
    expect(usages().at(-1)?.footprintBytes).not.toBeNull();
    await clock.advance(180_000);
    expect(usages().at(-1)).toMatchObject({ residentBytes: 66 * MiB, footprintBytes: null });
  });

  it('that hangs is given up, and no second one is started beside it', async () => {
    let looks = 0;
    const { clock, usages, collected } = start(() => {
      looks += 1;
      return new Promise(() => {});
    });
    await clock.advance(300_000);
    expect(looks).toBe(1);
    expect(collected()[0]).toMatchObject({ took: 25_000, error: 'no answer within 25 s' });
    expect(usages().length).toBeGreaterThan(15);
  });

  it('does not happen where the system does not tell', async () => {
    const { clock, usages, collected } = start(null);
    await clock.advance(120_000);
    expect(usages().every(({ footprintBytes }) => footprintBytes === null)).toBe(true);
    expect(collected()).toEqual([]);
  });
});
