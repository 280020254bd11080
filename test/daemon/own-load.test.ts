// The daemon's own load: over a minute of ticks, its start left out.
import { expect, it } from 'vitest';
import { collectLater, watchOwnLoad } from '../../src/daemon/own-load.ts';
import { createBus } from '../../src/system/bus.ts';
import { FakeClock } from '../fakes/clock.ts';

function world() {
  const clock = new FakeClock();
  const bus = createBus(clock, (error) => {
    throw error;
  });
  return { clock, bus };
}

function story() {
  const { clock, bus } = world();
  const told: number[] = [];
  const settled: number[] = [];
  let cpu = 5000;
  const tell = (share: number): void => void told.push(share);
  const onSettled = (): void => void settled.push(clock.monotonic() - begun);
  const begun = clock.monotonic();
  watchOwnLoad({ bus, clock, cpuTime: () => cpu, tell, onSettled });
  async function tick(used: number): Promise<void> {
    await clock.advance(15_000);
    cpu += used;
    bus.publish({ kind: 'ticked' });
  }
  return { told, settled, tick };
}

it('tells the share of a core once a minute, however often the daemon ticks', async () => {
  const { told, tick } = story();
  for (let count = 0; count < 12; count += 1) await tick(300);
  expect(told).toEqual([0.02, 0.02]);
});

it('leaves out the work of the start', async () => {
  const { told, tick } = story();
  await tick(9000);
  for (let count = 0; count < 7; count += 1) await tick(30);
  expect(told).toEqual([0.002]);
});

it('says once that the start is over', async () => {
  const { settled, tick } = story();
  for (let count = 0; count < 12; count += 1) await tick(30);
  expect(settled).toEqual([30_000]);
});

it('collects once, some time after each piece of work that does not come again', async () => {
  const { clock, bus } = world();
  const collected: number[] = [];
  const workDone = collectLater({ bus, clock, collect: () => void collected.push(clock.monotonic()) });
  const tick = async (): Promise<void> => {
    await clock.advance(15_000);
    bus.publish({ kind: 'ticked' });
  };
  for (let count = 0; count < 4; count += 1) await tick();
  expect(collected).toEqual([]);
  workDone();
  for (let count = 0; count < 4; count += 1) await tick();
  expect(collected).toEqual([90_000]);
  // Again and again, as of one who goes from tab to tab: once a minute.
  for (let count = 0; count < 12; count += 1) {
    if (count % 3 === 0) workDone();
    await tick();
  }
  expect(collected).toEqual([90_000, 150_000, 210_000, 285_000]);
});
