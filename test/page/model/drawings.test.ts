import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BEATS,
  beatPaths,
  describeBeats,
  readBeats,
  rightEdge,
  SLOTS,
  upShare,
} from '../../../src/page/model/heartbeat.ts';
import { SPARK_HEIGHT, sparkPath, SPARK_WIDTH } from '../../../src/page/model/curves/sparkline.ts';
import { RANGES, rangeUntil } from '../../../src/page/model/curves/ranges.ts';

const time = (at: number): string => new Date(at).toISOString().slice(11, 16);
const letters = fc.array(fc.constantFrom(...Object.keys(BEATS), 'x', '?'), { maxLength: 100 });

describe('the heartbeat bar', () => {
  test('has 72 slots, whatever comes', () => {
    fc.assert(
      fc.property(letters, (some) => {
        expect(readBeats(some.join(''))).toHaveLength(SLOTS);
      }),
    );
    expect(readBeats('ud').slice(-3)).toEqual(['n', 'u', 'd']);
  });

  test('draws each slot once, in one path for each look', () => {
    fc.assert(
      fc.property(letters, (some) => {
        const paths = beatPaths(readBeats(some.join('')));
        expect(new Set(paths.map(({ name }) => name)).size).toBe(paths.length);
        expect(paths.flatMap(({ path }) => path.match(/M/gu) ?? [])).toHaveLength(SLOTS);
      }),
    );
  });

  test.each([
    ['u'.repeat(72), 1],
    ['u'.repeat(36) + 'd'.repeat(36), 0.5],
    ['n'.repeat(70) + 'ud', 0.5],
    ['o'.repeat(71) + 'u', 1],
    ['u'.repeat(71) + 'a', 71 / 72],
    ['u'.repeat(71) + 'r', 1],
    ['n'.repeat(36) + 'o'.repeat(36), null],
    ['n'.repeat(70) + 'ss', null],
    ['n'.repeat(68) + 'sdsa', 0],
    ['n'.repeat(70) + 'rd', 0.5],
  ])('counts the share of known time in which it worked', (text, share) => {
    expect(upShare(readBeats(text))).toBe(share);
  });

  test('is told in words to who does not see it', () => {
    const end = Date.UTC(2026, 0, 1, 12);
    const told = (text: string): string => describeBeats(readBeats(text), end, time);
    expect(told('u'.repeat(72))).toBe('Last 6 hours: up 100 %');
    expect(told(`${'u'.repeat(66)}drruud`)).toBe(
      'Last 6 hours: up 97 %, down 11:30–11:35, restarted 11:35–11:45, down 11:55–12:00',
    );
    expect(told('ud'.repeat(36))).toBe('Last 6 hours: up 50 %, 36 disturbances');
    expect(told('')).toBe('Last 6 hours: nothing known');
    expect(told('s')).toBe('Last 6 hours: suspect 11:55–12:00');
    expect(told('ssd')).toBe('Last 6 hours: up 0 %, suspect 11:45–11:55, down 11:55–12:00');
  });

  test('ends with the slot that is not over yet', () => {
    const noon = Date.UTC(2026, 0, 1, 12);
    expect(rightEdge(noon)).toBe(noon + 5 * 60_000);
    expect(rightEdge(noon + 5 * 60_000 - 1)).toBe(noon + 5 * 60_000);
  });
});

describe('a sparkline', () => {
  test('stays in its frame, and leaves a gap where nothing is known', () => {
    const value = fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 80 }), (values) => {
        const numbers = (sparkPath(values).match(/-?[\d.]+/gu) ?? []).map(Number);
        numbers.forEach((number, index) => {
          expect(number).toBeGreaterThanOrEqual(0);
          expect(number).toBeLessThanOrEqual(index % 2 === 0 ? SPARK_WIDTH : SPARK_HEIGHT);
        });
      }),
      { examples: [[[1.5e-323, 1e-323]]] },
    );
    expect(sparkPath([1, 2, null, 3, 4]).match(/M/gu)).toHaveLength(2);
  });

  test('is nothing without two values, and flat where hardly anything moves', () => {
    expect(sparkPath([])).toBe('');
    expect(sparkPath([1, null, null])).toBe('');
    const heights = (sparkPath([100, 101, 100]).match(/ ([\d.]+)/gu) ?? []).map(Number);
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(2);
  });
});

test.each(RANGES)('the range of $label ends now and has at most 240 points', ({ seconds }) => {
  const { start, end, step } = rangeUntil(1_764_441_730_123, seconds);
  expect(end).toBe(1_764_441_730);
  expect((end - start) % step).toBe(0);
  expect((end - start) / step).toBeLessThanOrEqual(240);
  expect(step).toBeGreaterThanOrEqual(15);
});
