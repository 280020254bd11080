// Scales of a chart: the range of its values, and the round numbers and times at which it is labelled.

/** A limit farther away than this many times the highest value is left out: all would lie on the ground. */
const NEAR = 6;
/** Room above the highest value. */
const HEADROOM = 1.12;

/** From zero, with the limits as long as they are not far away, up to `least` at least. */
export function valueRange(
  lines: readonly (readonly (number | null)[])[],
  limits: readonly number[],
  least = 0,
): readonly [low: number, high: number] {
  let low = 0;
  let top = 0;
  for (const values of lines)
    for (const value of values) {
      if (value === null) continue;
      low = Math.min(low, value);
      top = Math.max(top, value);
    }
  const most = Math.max(top, least, ...limits.filter((limit) => limit < top * NEAR));
  return [low, most === 0 && low === 0 ? 1 : most * HEADROOM];
}

/** Round values in the range, at most `most` steps apart: multiples of 1, 2 or 5 times a power of ten, or of powers of two. */
export function valueTicks(low: number, high: number, most: number, isBytes = false): readonly number[] {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const step = isBytes ? 2 ** Math.ceil(Math.log2(rough)) : roundUp(rough);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: Math.min(count, MOST_TICKS) }, (_, index) => (first + index) * step);
}

const MOST_TICKS = 50;

function roundUp(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

const MIN = 60;
const HOUR = 60 * MIN;
const TIME_STEPS = [
  1,
  5,
  15,
  30,
  MIN,
  2 * MIN,
  5 * MIN,
  10 * MIN,
  15 * MIN,
  30 * MIN,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
];

/** Round local times between two, seconds since the epoch. @param offset seconds that local time is ahead of UTC */
export function timeTicks(start: number, end: number, most: number, offset: number): readonly number[] {
  const step = TIME_STEPS.find((one) => (end - start) / one <= most) ?? 24 * HOUR;
  const first = Math.ceil((start + offset) / step) * step - offset;
  const count = Math.floor((end - first) / step) + 1;
  return Array.from({ length: Math.min(Math.max(0, count), MOST_TICKS) }, (_, index) => first + index * step);
}
