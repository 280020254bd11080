// Time ranges of charts.
import type { TimeRange } from '../wire.ts';

export const RANGES = [
  { key: '1', label: '15 min', seconds: 15 * 60 },
  { key: '2', label: '1 h', seconds: 3600 },
  { key: '3', label: '6 h', seconds: 6 * 3600 },
] as const;
export type RangeKey = (typeof RANGES)[number]['key'];

/** Samples are taken this often, seconds: a smaller step shows nothing more. */
const RESOLUTION = 15;
/** Points of a chart: more cost time, and hardly show. */
const POINTS = 240;

/** The range that ends now: a daemon that was just started has something to show at once. @param now ms since the epoch */
export function rangeUntil(now: number, seconds: number): TimeRange {
  const step = Math.max(RESOLUTION, Math.ceil(seconds / POINTS / RESOLUTION) * RESOLUTION);
  const end = Math.floor(now / 1000);
  return { start: end - Math.floor(seconds / step) * step, end, step };
}

export function secondsOf(key: RangeKey): number {
  return RANGES.find((range) => range.key === key)?.seconds ?? 0;
}
