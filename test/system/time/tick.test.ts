// Common ticks: parts that were started at any moment soon fire together, and none fires twice.
import { expect, it } from 'vitest';
import { isOnTicks, nearestTick, TICK, untilTick } from '../../../src/system/time/tick.ts';
import { FakeClock } from '../../fakes/clock.ts';

const at = (wall: number) => ({ now: () => wall });

it.each([
  [20_000, 5000, 5000],
  [21_000, 5000, 4000],
  [22_500, 5000, 2500],
  [23_000, 5000, 7000],
  [24_999.5, 5000, 5000.5],
])('at %d ms work of each %d ms is due in %d', (wall, interval, delay) => {
  expect(untilTick(at(wall), interval)).toBeCloseTo(delay, 6);
});

it('leaves alone what has no common multiple with a tick', () => {
  expect(untilTick(at(1234), 1000)).toBe(1000);
  expect(untilTick(at(1234), 7500)).toBe(7500);
  expect(isOnTicks(0)).toBe(false);
});

it('moves a delay to the nearest tick, never to one that has passed', () => {
  expect(nearestTick(at(1000), 10_000)).toBe(9000);
  expect(nearestTick(at(1000), 11_600)).toBe(14_000);
  expect(nearestTick(at(1000), 3200)).toBe(3200);
  expect(nearestTick(at(1000), 10_000, 250)).toBe(10_000);
});

it('wakes once for parts that were started at moments of their own', async () => {
  const clock = new FakeClock();
  const moments = new Set<number>();
  let fired = 0;
  function every(interval: number): void {
    clock.after(untilTick(clock, interval), () => {
      fired += 1;
      moments.add(clock.now());
      every(interval);
    });
  }
  for (const interval of [5000, 5000, 10_000, 15_000]) {
    every(interval);
    await clock.advance(1111);
  }
  fired = 0;
  moments.clear();
  await clock.advance(60_000);
  expect(fired).toBe(12 + 12 + 6 + 4);
  expect(moments.size).toBe(60_000 / TICK);
});
