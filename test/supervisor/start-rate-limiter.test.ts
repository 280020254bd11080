import { describe, expect, test } from 'vitest';
import { createStartRateLimiter } from '../../src/supervisor/start-rate-limiter.ts';
import { FakeClock } from '../fakes/clock.ts';

function limiterOf(chance = 0.5) {
  const clock = new FakeClock();
  const limiter = createStartRateLimiter({ clock, random: () => chance });
  const entered: number[] = [];
  return { clock, entered, ask: () => limiter.wait(() => entered.push(clock.monotonic())) };
}

describe('createStartRateLimiter()', () => {
  test('lets a lone start through in the same instant', () => {
    const { entered, ask } = limiterOf();
    ask();
    expect(entered).toEqual([0]);
  });

  test('spreads ten that come together', async () => {
    const { clock, entered, ask } = limiterOf();
    for (let count = 0; count < 10; count += 1) ask();
    await clock.advance(10_000);
    expect(entered).toEqual([0, 150, 300, 450, 600, 750, 900, 1050, 1200, 1350]);
  });

  test('is open again once nobody came for a while', async () => {
    const { clock, entered, ask } = limiterOf();
    ask();
    await clock.advance(1000);
    ask();
    expect(entered).toEqual([0, 1000]);
  });

  test('lets go of who no longer wants to start', async () => {
    const { clock, entered, ask } = limiterOf();
    ask();
    ask()();
    await clock.advance(1000);
    expect(entered).toEqual([0]);
  });

  test('moves each turn by chance', async () => {
    const { clock, entered, ask } = limiterOf(1);
    ask();
    ask();
    await clock.advance(1000);
    expect(entered).toEqual([0, 195]);
  });
});
