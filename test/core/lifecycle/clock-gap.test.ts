import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyGap, type ClockDeltas } from '../../../src/core/lifecycle/clock-gap.ts';

const HOUR = 3_600_000;
const beat: ClockDeltas = {
  wall: 2000,
  monotonic: 2000,
  boot: 2000,
  cpu: 5,
  expected: 2000,
  threshold: 10_000,
};

describe('classifyGap()', () => {
  it.each<[string, Partial<ClockDeltas>, ReturnType<typeof classifyGap>]>([
    ['an ordinary beat', {}, null],
    ['an ordinary beat on macOS', { boot: null }, null],
    ['a beat that is a little late', { wall: 9000, monotonic: 9000, boot: 9000 }, null],
    [
      'a suspend on Linux, where the monotonic clock stops',
      { wall: 2000 + HOUR, boot: 2000 + HOUR },
      { cause: 'sleep', duration: HOUR },
    ],
    [
      'a sleep on macOS, where it runs on',
      { wall: HOUR, monotonic: HOUR, boot: null },
      { cause: 'sleep', duration: HOUR - 2000 },
    ],
    [
      'a stop by a signal',
      { wall: 600_000, monotonic: 600_000, boot: 600_000 },
      { cause: 'sleep', duration: 598_000 },
    ],
    [
      'a stuck loop',
      { wall: 30_000, monotonic: 30_000, boot: 30_000, cpu: 29_500 },
      { cause: 'blocked', duration: 28_000 },
    ],
    [
      'a stuck loop on half a processor',
      { wall: 30_000, monotonic: 30_000, boot: 30_000, cpu: 15_000 },
      { cause: 'blocked', duration: 28_000 },
    ],
    ['the wall clock set forward', { wall: 2000 + HOUR }, { cause: 'clock-step', duration: HOUR }],
    ['the wall clock set back', { wall: 2000 - HOUR }, { cause: 'clock-step', duration: -HOUR }],
    [
      'the wall clock set back on macOS',
      { wall: 2000 - HOUR, boot: null },
      { cause: 'clock-step', duration: -HOUR },
    ],
    [
      'a sleep during which the wall clock was set',
      { wall: 9 * HOUR, monotonic: HOUR, boot: HOUR },
      { cause: 'sleep', duration: HOUR - 2000 },
    ],
    ['a small correction of the wall clock', { wall: 3500 }, null],
  ])('names %s', (_, deltas, gap) => {
    expect(classifyGap({ ...beat, ...deltas })).toEqual(gap);
  });

  it('finds nothing as long as all clocks agree within the threshold', () => {
    const jitter = fc.integer({ min: -4000, max: 4000 });
    fc.assert(
      fc.property(jitter, jitter, fc.integer({ min: 0, max: 8000 }), (wall, monotonic, cpu) => {
        expect(
          classifyGap({
            ...beat,
            wall: 4000 + wall,
            monotonic: 4000 + monotonic,
            boot: 4000 + monotonic,
            cpu,
          }),
        ).toBeNull();
      }),
    );
  });
});
