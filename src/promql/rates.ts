// How fast something grows, from the samples of a window: what lies between the samples and the edges is extrapolated.
import type { Generation } from './source.ts';
import type { RangeValue, Window } from './value.ts';

export interface Edges {
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly generation: Generation;
}

type Kind = 'rate' | 'increase' | 'delta';

/** Null with fewer than two samples. */
export function extrapolated(kind: Kind, window: Window, edges: Edges): number | null {
  const { times, values } = window;
  const [firstTime, lastTime] = [times[0], times.at(-1)];
  if (firstTime === undefined || lastTime === undefined || times.length < 2) return null;
  const isCounter = kind !== 'delta';
  const change = changeOf(values, isCounter);
  const sampled = (lastTime - firstTime) / 1000;
  const between = sampled / (times.length - 1);
  let toStart = (firstTime - edges.start) / 1000;
  let toEnd = (edges.end - lastTime) / 1000;
  const threshold = between * 1.1;
  const first = values[0] ?? 0;
  // A counter is not taken below zero: it began where its line meets it.
  const toZero = isCounter && change > 0 && first >= 0 ? sampled * (first / change) : Infinity;
  if (edges.generation === 2) toStart = Math.min(toStart, toZero);
  if (toStart >= threshold) toStart = between / 2;
  if (edges.generation === 3) toStart = Math.min(toStart, toZero);
  if (toEnd >= threshold) toEnd = between / 2;
  const factor = (sampled + toStart + toEnd) / sampled;
  return kind === 'rate' ? change * (factor / ((edges.end - edges.start) / 1000)) : change * factor;
}

function changeOf(values: readonly number[], isCounter: boolean): number {
  const first = values[0] ?? 0;
  let change = (values.at(-1) ?? 0) - first;
  if (!isCounter) return change;
  let previous = first;
  for (const value of values) {
    if (value < previous) change += previous;
    previous = value;
  }
  return change;
}

/** Between the last two samples; null with fewer. */
export function instant(kind: 'rate' | 'delta', { times, values }: Window): number | null {
  const [lastTime, previousTime] = [times.at(-1), times.at(-2)];
  const [last, previous] = [values.at(-1), values.at(-2)];
  if (lastTime === undefined || previousTime === undefined || last === undefined || previous === undefined)
    return null;
  if (lastTime === previousTime) return null;
  const change = kind === 'rate' && last < previous ? last : last - previous;
  return kind === 'rate' ? change / ((lastTime - previousTime) / 1000) : change;
}

export function changes({ values }: Window): number {
  return values.reduce((count, value, index) => {
    const previous = values[index - 1];
    return index === 0 || Object.is(value, previous) || value === previous ? count : count + 1;
  }, 0);
}

export function resets({ values }: Window): number {
  return values.reduce(
    (count, value, index) => (value < (values[index - 1] ?? -Infinity) ? count + 1 : count),
    0,
  );
}

/** Slope per second; null with fewer than two samples. */
export function derivative(window: Window): number | null {
  const origin = window.times[0];
  return window.times.length < 2 || origin === undefined ? null : regression(window, origin).slope;
}

/** Where the line through the samples is `ahead` seconds after `at` (ms). */
export function predicted(window: Window, { at, ahead }: { at: number; ahead: number }): number | null {
  if (window.times.length < 2) return null;
  const { slope, intercept } = regression(window, at);
  return slope * ahead + intercept;
}

/** Least squares; `intercept` is the value at `origin` (ms). */
function regression({ times, values }: Window, origin: number): { slope: number; intercept: number } {
  const [first = Number.NaN] = values;
  if (values.every((value) => value === first))
    return Number.isFinite(first)
      ? { slope: 0, intercept: first }
      : { slope: Number.NaN, intercept: Number.NaN };
  let [sumX, sumY, sumXY, sumXX] = [0, 0, 0, 0];
  for (const [index, time] of times.entries()) {
    const x = (time - origin) / 1000;
    const y = values[index] ?? 0;
    sumX += x;
    sumY += y;
    sumXY += x * y;
    sumXX += x * x;
  }
  const count = times.length;
  const slope = (sumXY - (sumX * sumY) / count) / (sumXX - (sumX * sumX) / count);
  return { slope, intercept: sumY / count - (slope * sumX) / count };
}

/** Applies a measure to each window; those for which it is null vanish. */
export function measured(
  { windows }: RangeValue,
  measure: (window: Window) => number | null,
): { labels: Window['labels']; value: number }[] {
  return windows.flatMap((window) => {
    const value = measure(window);
    return value === null ? [] : [{ labels: window.labels, value }];
  });
}
