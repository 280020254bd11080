// rate(), increase(), delta() and their relatives, with extrapolation to the edges of the window.
import type { PrometheusMajor } from '../model/series-source.ts';
import { KahanSum } from './statistics.ts';
import type { Numbers, Window } from '../model/value.ts';

export interface Edges {
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly generation: PrometheusMajor;
}

type Kind = 'rate' | 'increase' | 'delta';

/** Change over the window, extrapolated to its edges; null with fewer than two samples. */
export function extrapolatedDelta(kind: Kind, window: Window, edges: Edges): number | null {
  const { times, values } = window;
  if (times.length < 2) return null;
  const isCounter = kind !== 'delta';
  const change = changeOf(values, isCounter);
  const sampled = secondsBetween(at(times, 0), at(times, -1));
  const first = at(values, 0);
  // A counter is not extrapolated below zero: it started where its line crosses zero.
  const toZero = isCounter && change > 0 && first >= 0 ? sampled * (first / change) : Infinity;
  const covered = sampled + beforeFirst(window, edges, toZero) + afterLast(window, edges);
  const factor = covered / sampled;
  return kind === 'rate' ? change * (factor / secondsBetween(edges.start, edges.end)) : change * factor;
}

/** Prometheus 2 and 3 apply the two limits in a different order. */
function beforeFirst(window: Window, { start, generation }: Edges, toZero: number): number {
  const toStart = secondsBetween(start, at(window.times, 0));
  return generation === 2
    ? withinReach(window, Math.min(toStart, toZero))
    : Math.min(withinReach(window, toStart), toZero);
}

function afterLast(window: Window, { end }: Edges): number {
  return withinReach(window, secondsBetween(at(window.times, -1), end));
}

/** Distance to an edge that is extrapolated: all of it near the next expected sample, else half a sample interval. */
function withinReach({ times }: Window, distance: number): number {
  const between = secondsBetween(at(times, 0), at(times, -1)) / (times.length - 1);
  return distance < between * 1.1 ? distance : between / 2;
}

function changeOf(values: Numbers, isCounter: boolean): number {
  const first = at(values, 0);
  let change = at(values, -1) - first;
  if (!isCounter) return change;
  let previous = first;
  for (let index = 1; index < values.length; index += 1) {
    const value = at(values, index);
    if (value < previous) change += previous;
    previous = value;
  }
  return change;
}

/** Change or rate between the last two samples; null with fewer. */
export function instantDelta(kind: 'rate' | 'delta', { times, values }: Window): number | null {
  if (times.length < 2) return null;
  const [previous, last] = [at(values, -2), at(values, -1)];
  if (kind === 'delta') return last - previous;
  return (last < previous ? last : last - previous) / secondsBetween(at(times, -2), at(times, -1));
}

/** Counts changes of the value; from NaN to NaN is none. */
export function changes({ values }: Window): number {
  let count = 0;
  let previous = at(values, 0);
  for (const value of values) {
    if (value !== previous && !(Number.isNaN(value) && Number.isNaN(previous))) count += 1;
    previous = value;
  }
  return count;
}

export function resets({ values }: Window): number {
  let count = 0;
  let previous = -Infinity;
  for (const value of values) {
    if (value < previous) count += 1;
    previous = value;
  }
  return count;
}

/** Slope of the regression line per second; null with fewer than two samples. */
export function derivative(window: Window): number | null {
  return window.times.length < 2 ? null : regression(window, at(window.times, 0)).slope;
}

/** Value of the regression line `ahead` seconds after `moment` (ms); null with fewer than two samples. */
export function predictLinear(
  window: Window,
  { moment, ahead }: { moment: number; ahead: number },
): number | null {
  if (window.times.length < 2) return null;
  const { slope, intercept } = regression(window, moment);
  return slope * ahead + intercept;
}

/** Least-squares regression; `intercept` is the value at `origin` (ms). */
function regression({ times, values }: Window, origin: number): { slope: number; intercept: number } {
  const [x, y, xy, xx] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()];
  const count = times.length;
  const first = at(values, 0);
  let isConstant = true;
  for (let index = 0; index < count; index += 1) {
    const [seconds, value] = [secondsBetween(origin, at(times, index)), at(values, index)];
    isConstant &&= value === first;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    xx.add(seconds * seconds);
  }
  if (isConstant && Number.isFinite(first)) return { slope: 0, intercept: first };
  const slope = (xy.total - (x.total * y.total) / count) / (xx.total - (x.total * x.total) / count);
  return { slope, intercept: y.total / count - (slope * x.total) / count };
}

function secondsBetween(from: number, to: number): number {
  return (to - from) / 1000;
}

/** Counts from the end for a negative index; the caller knows that the sample exists. */
function at(numbers: Numbers, index: number): number {
  return numbers[index < 0 ? numbers.length + index : index] ?? Number.NaN;
}
