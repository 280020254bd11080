import { describe, expect, test } from 'vitest';
import { timeTicks, valueRange, valueTicks } from '../../../../src/page/model/curves/ticks.ts';

describe('the range of values', () => {
  test.each([
    { values: [[]], limits: [], range: [0, 1] },
    { values: [[null, null]], limits: [10], range: [0, 1] },
    { values: [[1, 10, null]], limits: [], range: [0, 11.2] },
    { values: [[-4, 10]], limits: [], range: [-4, 11.2] },
    { values: [[10], [20]], limits: [], range: [0, 22.4] },
    // A limit in reach is shown, one far away is not.
    { values: [[10]], limits: [50, 1000], range: [0, 56] },
    { values: [[0, 0]], limits: [], range: [0, 1] },
    { values: [[-1, 0]], limits: [], range: [-1, 0] },
    { values: [[1e-300]], limits: [], range: [0, 1.12e-300] },
  ])('of $values with limits $limits', ({ values, limits, range: [low = 0, high = 0] }) => {
    const found = valueRange(values, limits);
    expect(found[0]).toBe(low);
    expect(found[1]).toBeCloseTo(high, 10);
    expect(found[1]).toBeGreaterThan(found[0]);
  });

  test('reaches as far as it has to', () => {
    expect(valueRange([[0.001]], [], 0.01)[1]).toBeCloseTo(0.0112, 10);
    expect(valueRange([[0.5]], [], 0.01)[1]).toBeCloseTo(0.56, 10);
  });
});

test.each([
  { low: 0, high: 1.12, most: 4, isBytes: false, ticks: [0, 0.5, 1] },
  { low: 0, high: 11.2, most: 4, isBytes: false, ticks: [0, 5, 10] },
  { low: -4, high: 11.2, most: 4, isBytes: false, ticks: [0, 5, 10] },
  {
    low: 0,
    high: 240 * 1024 ** 2,
    most: 4,
    isBytes: true,
    ticks: [0, 64, 128, 192].map((mb) => mb * 1024 ** 2),
  },
  { low: 0, high: 1e-300, most: 4, isBytes: false, ticks: [0, 5e-301, 1e-300] },
  { low: 3, high: 3, most: 4, isBytes: false, ticks: [] },
  { low: 0, high: Number.POSITIVE_INFINITY, most: 4, isBytes: false, ticks: [] },
])('round values from $low to $high', ({ low, high, most, isBytes, ticks }) => {
  const found = valueTicks(low, high, most, isBytes);
  expect(found).toHaveLength(ticks.length);
  found.forEach((value, index) =>
    expect(value / (ticks[index] || 1)).toBeCloseTo(ticks[index] === 0 ? 0 : 1, 9),
  );
});

test.each([
  // 18:02 to 18:17
  { span: 15, most: 4, offset: 0, minutes: [3, 8, 13] },
  { span: 15, most: 16, offset: 0, minutes: Array.from({ length: 16 }, (_, index) => index) },
  // Six hours in a zone half an hour off: full hours there.
  { span: 360, most: 7, offset: 1800, minutes: [28, 88, 148, 208, 268, 328] },
  { span: 0, most: 4, offset: 0, minutes: [0] },
])('round times of $span min, at most $most', ({ span, most, offset, minutes }) => {
  const start = Date.UTC(2026, 10, 29, 18, 2) / 1000;
  expect(timeTicks(start, start + span * 60, most, offset)).toEqual(
    minutes.map((minute) => start + minute * 60),
  );
});
