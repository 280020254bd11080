// Moments of probe rounds: few servers share them, so that an idle machine wakes seldom; many are spread further.
import { expect, it } from 'vitest';
import { rig } from './scripted.ts';

const MINUTE = 60_000;

/** Rounds of the second minute, by the moment at which they began. */
async function momentsOf(servers: number, interval: number): Promise<ReadonlyMap<number, number>> {
  const { clock, watch, rounds } = rig();
  for (let index = 0; index < servers; index += 1)
    watch(`server-${index}`, { probe: { interval, timeout: 1000 } });
  await clock.advance(MINUTE);
  rounds.length = 0;
  await clock.advance(MINUTE);
  const moments = new Map<number, number>();
  for (const round of rounds) {
    const at = Number(round.split(' ', 1)[0]);
    moments.set(at, (moments.get(at) ?? 0) + 1);
  }
  return moments;
}

const sum = (moments: ReadonlyMap<number, number>): number =>
  [...moments.values()].reduce((total, count) => total + count, 0);

it('ten servers are probed at common ticks only, each as often as before', async () => {
  const moments = await momentsOf(10, 15_000);
  expect(sum(moments)).toBe(10 * 4);
  expect([...moments.keys()].filter((at) => at % 5000 !== 0)).toEqual([]);
});

it('of hundreds only a few are probed at once', async () => {
  const moments = await momentsOf(500, 15_000);
  expect(sum(moments)).toBe(500 * 4);
  // On the ticks alone it would be 83, and more where names fall together.
  expect(Math.max(...moments.values())).toBeLessThan(42);
});

it('an interval that fits no tick stays as it is', async () => {
  const moments = await momentsOf(10, 1000);
  expect(sum(moments)).toBe(10 * 60);
  expect(moments.size).toBeGreaterThan(300);
});
