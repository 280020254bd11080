// rate(), increase(), delta() and their relatives, with extrapolation to the edges of the window.
import type { PrometheusMajor } from '../model/series-source.ts';
import { KahanSum } from './statistics.ts';
import type { Numbers, Window, WindowFacts } from '../model/value.ts';

export interface Edges {
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
}

export type Growth = 'rate' | 'increase' | 'delta';

/** Samples of a window, from index `from` up to but without `to`, and what their times alone say about its growth. */
export interface WindowShape {
  readonly from: number;
  readonly to: number;
  /** Seconds from the first sample to the last, and between two of them. */
  readonly sampled: number;
  readonly between: number;
  /** Seconds from the start of the window to the first sample, from the last one to its end, and all of it. */
  readonly toStart: number;
  readonly toEnd: number;
  readonly whole: number;
}

/** Null with fewer than two samples: there is no growth. */
export function shapeOf(
  { times, from, to }: { readonly times: Numbers; readonly from: number; readonly to: number },
  { start, end }: Edges,
): WindowShape | null {
  if (to - from < 2) return null;
  const sampled = secondsBetween(at(times, from), at(times, to - 1));
  return {
    from,
    to,
    sampled,
    between: sampled / (to - from - 1),
    toStart: secondsBetween(start, at(times, from)),
    toEnd: secondsBetween(at(times, to - 1), end),
    whole: secondsBetween(start, end),
  };
}

let lastShape: { readonly of: TimeFacts; readonly edges: Edges; readonly shape: WindowShape } | null = null;

type TimeFacts = Pick<WindowFacts, 'count' | 'firstTime' | 'lastTime'>;

/** As `shapeOf`, for the first and the last sample as the only ones of a list, whatever lies between them. */
export function shapeOfEnds(facts: TimeFacts, edges: Edges): WindowShape | null {
  if (facts.count < 2) return null;
  // Nearly always it is that of the series before.
  if (lastShape !== null && isSameTime(lastShape.of, facts) && isSameEdge(lastShape.edges, edges))
    return lastShape.shape;
  const shape = shapeBetween(facts, edges);
  const { count, firstTime, lastTime } = facts;
  lastShape = { of: { count, firstTime, lastTime }, edges: { start: edges.start, end: edges.end }, shape };
  return shape;
}

function isSameTime(a: TimeFacts, b: TimeFacts): boolean {
  return a.count === b.count && a.firstTime === b.firstTime && a.lastTime === b.lastTime;
}

function isSameEdge(a: Edges, b: Edges): boolean {
  return a.start === b.start && a.end === b.end;
}

function shapeBetween({ count, firstTime, lastTime }: TimeFacts, { start, end }: Edges): WindowShape {
  const sampled = secondsBetween(firstTime, lastTime);
  return {
    from: 0,
    to: 2,
    sampled,
    between: sampled / (count - 1),
    toStart: secondsBetween(start, firstTime),
    toEnd: secondsBetween(lastTime, end),
    whole: secondsBetween(start, end),
  };
}

/** Computes the change over a window, extrapolated to its edges. */
export function createGrowth(kind: Growth, generation: PrometheusMajor) {
  const isCounter = kind !== 'delta';
  const extrapolate = createExtrapolation(kind, generation);
  /** @param neverFalls the values are known to grow within the window: they need not be looked at */
  return (shape: WindowShape, values: Numbers, neverFalls: boolean): number => {
    const first = at(values, shape.from);
    const change = isCounter && !neverFalls ? increaseIn(values, shape) : at(values, shape.to - 1) - first;
    return extrapolate(shape, first, change);
  };
}

/** Extrapolates a change from the first value on to the edges of a window. */
export function createExtrapolation(kind: Growth, generation: PrometheusMajor) {
  const isCounter = kind !== 'delta';
  return (
    { sampled, between, toStart, toEnd, whole }: WindowShape,
    first: number,
    change: number,
  ): number => {
    // A counter is not extrapolated below zero: it started where its line crosses zero.
    const toZero = isCounter && change > 0 && first >= 0 ? sampled * (first / change) : Infinity;
    // Prometheus 2 and 3 apply the two limits in a different order.
    const before =
      generation === 2
        ? withinReach(between, Math.min(toStart, toZero))
        : Math.min(withinReach(between, toStart), toZero);
    const factor = (sampled + before + withinReach(between, toEnd)) / sampled;
    return kind === 'rate' ? change * (factor / whole) : change * factor;
  };
}

/** Distance to an edge that is extrapolated: all of it near the next expected sample, else half a sample interval. */
function withinReach(between: number, distance: number): number {
  return distance < between * 1.1 ? distance : between / 2;
}

/** Increase of a counter: where it falls it has begun again. */
function increaseIn(values: Numbers, { from, to }: WindowShape): number {
  let previous = at(values, from);
  let change = at(values, to - 1) - previous;
  for (let index = from + 1; index < to; index += 1) {
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
function regression(window: Window, origin: number): { slope: number; intercept: number } {
  const { times, values, facts } = window;
  const first = at(values, 0);
  if (facts?.isConstant === true && Number.isFinite(first)) return { slope: 0, intercept: first };
  const count = times.length;
  // Sums as those of KahanSum, inlined for speed: hours of samples of each server in each evaluation.
  let [y, yLost, xy, xyLost] = [0, 0, 0, 0];
  let isConstant = true;
  for (let index = 0; index < count; index += 1) {
    const value = values[index] ?? Number.NaN;
    if (value !== first) isConstant = false;
    const nextY = y + value;
    if (Number.isFinite(nextY))
      yLost += Math.abs(y) >= Math.abs(value) ? y - nextY + value : value - nextY + y;
    y = nextY;
    const product = (((times[index] ?? Number.NaN) - origin) / 1000) * value;
    const nextXy = xy + product;
    if (Number.isFinite(nextXy))
      xyLost += Math.abs(xy) >= Math.abs(product) ? xy - nextXy + product : product - nextXy + xy;
    xy = nextXy;
  }
  if (isConstant && Number.isFinite(first)) return { slope: 0, intercept: first };
  const { x, xx } = timeSumsOf(times, origin);
  const [sumY, sumXy] = [y + yLost, xy + xyLost];
  const slope = (sumXy - (x * sumY) / count) / (xx - (x * x) / count);
  return { slope, intercept: sumY / count - (slope * x) / count };
}

/** Sums of the seconds from `origin`, and of their squares. */
interface TimeSums {
  readonly times: Numbers;
  readonly origin: number;
  readonly x: number;
  readonly xx: number;
}

let lastSums: TimeSums | null = null;

/** Series that share their times share the sums as well. */
function timeSumsOf(times: Numbers, origin: number): TimeSums {
  const isShared = times instanceof Float64Array;
  if (isShared && lastSums?.times === times && lastSums.origin === origin) return lastSums;
  const [x, xx] = [new KahanSum(), new KahanSum()];
  for (let index = 0; index < times.length; index += 1) {
    const seconds = secondsBetween(origin, at(times, index));
    x.add(seconds);
    xx.add(seconds * seconds);
  }
  const sums = { times, origin, x: x.total, xx: xx.total };
  if (isShared) lastSums = sums;
  return sums;
}

function secondsBetween(from: number, to: number): number {
  return (to - from) / 1000;
}

/** Counts from the end for a negative index; the caller knows that the sample exists. */
function at(numbers: Numbers, index: number): number {
  return numbers[index < 0 ? numbers.length + index : index] ?? Number.NaN;
}
