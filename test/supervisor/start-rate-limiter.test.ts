import { describe, expect, test } from 'vitest';
import { createStartRateLimiter } from '../../src/supervisor/start-rate-limiter.ts';
import { FakeClock } from '../fakes/clock.ts';

function gateOf(chance = 0.5) {
  const clock = new FakeClock();
  const gate = createStartRateLimiter({ clock, chance: () => chance });
  const entered: number[] = [];
  return { clock, entered, ask: () => gate.wait(() => entered.push(clock.monotonic())) };
}

describe('createStartGate()', () => {
  test('lets a lone start through in the same instant', () => {
    const { entered, ask } = gateOf();
    ask();
    expect(entered).toEqual([0]);
  });

  test('spreads ten that come together', async () => {
    const { clock, entered, ask } = gateOf();
    for (let count = 0; count < 10; count += 1) ask();
    await clock.advance(10_000);
    expect(entered).toEqual([0, 150, 300, 450, 600, 750, 900, 1050, 1200, 1350]);
  });

  test('is open again once nobody came for a while', async () => {
    const { clock, entered, ask } = gateOf();
    ask();
    await clock.advance(1000);
    ask();
    expect(entered).toEqual([0, 1000]);
  });

  test('lets go of who no longer wants to start', async () => {
    const { clock, entered, ask } = gateOf();
    ask();
    ask()();
    await clock.advance(1000);
    expect(entered).toEqual([0]);
  });

  test('moves each turn by chance', async () => {
    const { clock, entered, ask } = gateOf(1);
    ask();
    ask();
    await clock.advance(1000);
    expect(entered).toEqual([0, 195]);
  });
});
