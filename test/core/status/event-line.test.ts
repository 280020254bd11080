// Line of a gap of time: which way and how far, rounded to the nearest.
import { expect, it } from 'vitest';
import { eventLine } from '../../../src/core/status/event-line.ts';

const HOUR = 3_600_000;

it.each([
  ['clock-step', 2 * HOUR - 1500, 'The clock was set forward by 2 h'],
  ['clock-step', -2 * HOUR + 1500, 'The clock was set back by 2 h'],
  ['sleep', 8 * HOUR + 12 * 60_000, 'The machine slept for 8 h 12 min'],
  ['blocked', 61_000, 'The watchdog itself was blocked for 1 min'],
] as const)('%s of %i ms', (cause, duration, text) => {
  expect(eventLine({ kind: 'gap', at: 0, cause, duration })?.text).toBe(text);
});
