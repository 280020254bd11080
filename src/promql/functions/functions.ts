// Table of PromQL functions: parameters, result type and implementation, read by type checker and evaluator.
import { impliedLabels } from './absent-labels.ts';
import { dayOfYear, daysInMonth } from './calendar.ts';
import {
  type BucketMeasure,
  fractionMeasure,
  measureHistograms,
  quantileMeasure,
} from './histogram-quantile.ts';
import { compareLabels } from './label-order.ts';
import {
  changeLabels,
  faultInJoin,
  faultInReplacement,
  type LabelChange,
  labelJoin,
  labelReplacement,
} from './label-functions.ts';
import { medianDeviation, smoothed } from './smoothing.ts';
import { TRIGONOMETRY } from './trigonometry.ts';
import {
  changes,
  createGrowth,
  derivative,
  type Growth,
  instantDelta,
  predictLinear,
  resets,
  shapeOf,
  shapeOfEnds,
} from './rates.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import {
  average,
  higher,
  largest,
  lower,
  incrementalMean,
  quantile,
  smallest,
  sum,
  ascending,
  compensatedVariance,
} from './statistics.ts';
import type { Matcher, ValueType } from '../model/syntax-tree.ts';
import type { Element, Numbers, RangeValue, Vector, Window, WindowFacts } from '../model/value.ts';

/** Arguments by index, evaluated on demand; their types were checked when the expression was parsed. */
export interface Arguments {
  readonly count: number;
  scalar(index: number): number;
  text(index: number): string;
  vector(index: number): Vector;
  range(index: number): RangeValue;
  /** The matchers of a selector; none for a computed argument. */
  matchers(index: number): readonly Matcher[];
  /** As `vector`, with the time of each sample, seconds, instead of its value; for a computed one the current time. */
  times(index: number): Vector;
}

interface CallMoment {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly generation: PrometheusMajor;
  /** Identifies this call for caches that last over evaluations. */
  readonly call: object;
}

export interface FunctionSpec {
  readonly takes: readonly ValueType[];
  /** Number of `takes`, from the end, that may be left out; Infinity when the last may be repeated. */
  readonly optional: number;
  readonly gives: 'scalar' | 'vector';
  readonly run: (args: Arguments, moment: CallMoment) => number | Element[];
  /** The result is no longer the metric, so its name is dropped. */
  readonly dropsName: boolean;
  /** For functions of windows, elements or histograms, one by one: what is computed from each; from it `run` is made. */
  readonly perWindow?: PerWindow;
  readonly perElement?: PerElement;
  readonly perHistogram?: PerHistogram;
  /** For functions that change labels alone: what they make of those of each element; from it `run` is made. */
  readonly perLabels?: PerLabels;
  /** The kind of growth that is measured, for those whose windows overlap so much that most of the work can be shared. */
  readonly growth?: Growth;
  /** Finds an error in string arguments, by index; the text is empty where an argument is not a string. */
  readonly faultIn?: (texts: readonly string[], generation: PrometheusMajor) => string | null;
}

/** Computes a number from a window; null drops the series. */
export type WindowMeasure = (
  window: Window,
  edges: { readonly start: number; readonly end: number },
) => number | null;
type PerWindow = (args: Arguments, moment: CallMoment) => WindowMeasure;
/** Null: no element is left. */
type PerElement = (args: Arguments, moment: CallMoment) => ((value: number) => number) | null;

type PerHistogram = (args: Arguments) => BucketMeasure;
type PerLabels = (args: Arguments, moment: CallMoment) => LabelChange;

type Takes = FunctionSpec['takes'];
type Run = (args: Arguments, moment: CallMoment) => Element[];

function vectorOf(takes: Takes, run: Run, optional = 0): FunctionSpec {
  return { takes, optional, gives: 'vector', run, dropsName: false };
}

function computed(takes: Takes, run: Run, optional = 0): FunctionSpec {
  return { ...vectorOf(takes, run, optional), dropsName: true };
}

function ofWindows(takes: Takes, perWindow: PerWindow): FunctionSpec {
  const index = takes.indexOf('range');
  return {
    ...computed(takes, (args, moment) => measured(args.range(index), perWindow(args, moment))),
    perWindow,
  };
}

function overTime(measure: WindowMeasure): FunctionSpec {
  return ofWindows(['range'], () => measure);
}

function ofValues(measure: (values: Numbers) => number): FunctionSpec {
  return overTime(({ values }) => measure(values));
}

function ofElements(takes: Takes, perElement: PerElement, optional = 0): FunctionSpec {
  const run: Run = (args, moment) => {
    // Evaluated in any case: it may fail.
    const elements = args.vector(0);
    const change = perElement(args, moment);
    return change === null ? [] : mapped(elements, change);
  };
  return { ...computed(takes, run, optional), perElement };
}

function ofHistograms(takes: Takes, perHistogram: PerHistogram): FunctionSpec {
  const index = takes.indexOf('vector');
  const run: Run = (args, { call }) => measureHistograms(perHistogram(args), args.vector(index), call);
  return { ...vectorOf(takes, run), perHistogram };
}

function ofLabels(takes: Takes, perLabels: PerLabels, optional = 0): FunctionSpec {
  const run: Run = (args, moment) => changeLabels(args.vector(0), perLabels(args, moment));
  return { ...vectorOf(takes, run, optional), perLabels };
}

function ofEach(change: (value: number) => number): FunctionSpec {
  return ofElements(['vector'], () => change);
}

function ofTwo(change: (value: number, by: number) => number): FunctionSpec {
  return ofElements(['vector', 'scalar'], (args) => {
    const by = args.scalar(1);
    return (value) => change(value, by);
  });
}

/** Part of a date: of a time in seconds, or without an argument of the evaluation time. */
function ofDate(part: (date: Date) => number): FunctionSpec {
  return computed(
    ['vector'],
    (args, { at }) =>
      mapped(args.count === 0 ? [{ labels: {}, value: Math.floor(at / 1000) }] : args.vector(0), (seconds) =>
        Number.isFinite(seconds) ? part(new Date(Math.trunc(seconds) * 1000)) : Number.NaN,
      ),
    1,
  );
}

function growth(kind: Growth): FunctionSpec {
  const perWindow: PerWindow = (_, { generation }) => {
    const grow = createGrowth(kind, generation);
    return (window, edges) => {
      const { facts } = window;
      if (facts?.neverFalls === true) {
        // Nothing, however far it is extrapolated. Most counters never count.
        if (facts.isConstant && facts.count > 1 && Number.isFinite(facts.first)) return 0;
        const shape = shapeOfEnds(facts, edges);
        return shape === null ? null : grow(shape, [facts.first, facts.last], true);
      }
      const { times, values } = window;
      const shape = shapeOf({ times, from: 0, to: times.length }, edges);
      return shape === null ? null : grow(shape, values, false);
    };
  };
  return { ...ofWindows(['range'], perWindow), growth: kind };
}

/** Whether the mean of all values is the first of them, to the last bit: those of all series that never changed are such whole numbers. */
function isExactMean({ isConstant, first, count }: WindowFacts): boolean {
  // Sums of negative zeros are positive.
  return (
    isConstant && !Object.is(first, -0) && Number.isInteger(first) && Number.isSafeInteger(first * count)
  );
}

export const FUNCTIONS: Readonly<Record<string, FunctionSpec>> = {
  rate: growth('rate'),
  increase: growth('increase'),
  delta: growth('delta'),
  irate: overTime((window) => instantDelta('rate', window)),
  idelta: overTime((window) => instantDelta('delta', window)),
  deriv: overTime(derivative),
  changes: overTime(changes),
  resets: overTime(resets),
  predict_linear: ofWindows(['range', 'scalar'], (args, { at }) => {
    const ahead = args.scalar(1);
    return (window) => predictLinear(window, { moment: at, ahead });
  }),

  avg_over_time: ofWindows(['range'], (_, { generation }) => (window) => {
    const { facts } = window;
    if (facts !== undefined && isExactMean(facts)) return facts.first;
    return generation === 2 ? incrementalMean(window.values) : average(window.values);
  }),
  sum_over_time: ofValues(sum),
  min_over_time: ofValues(smallest),
  max_over_time: ofValues(largest),
  count_over_time: ofValues((values) => values.length),
  present_over_time: ofValues(() => 1),
  stddev_over_time: ofValues((values) => Math.sqrt(compensatedVariance(values))),
  stdvar_over_time: ofValues(compensatedVariance),
  // What it was is still what it is called.
  last_over_time: {
    ...overTime((window) => window.facts?.last ?? window.values[window.values.length - 1] ?? 0),
    dropsName: false,
  },
  quantile_over_time: ofWindows(['scalar', 'range'], (args) => {
    const share = args.scalar(0);
    return ({ values }) => quantile(share, values);
  }),
  first_over_time: { ...ofValues((values) => values[0] ?? 0), dropsName: false },
  mad_over_time: ofValues(medianDeviation),
  double_exponential_smoothing: ofWindows(['range', 'scalar', 'scalar'], (args) => {
    const factors = { smoothing: args.scalar(1), trend: args.scalar(2) };
    return ({ values }) => smoothed(values, factors);
  }),
  ts_of_first_over_time: overTime(({ times }) => secondsOf(times, 0)),
  ts_of_last_over_time: overTime(({ times }) => secondsOf(times, times.length - 1)),
  ts_of_max_over_time: overTime(({ times, values }) => secondsOf(times, lastOf(values, largest(values)))),
  ts_of_min_over_time: overTime(({ times, values }) => secondsOf(times, lastOf(values, smallest(values)))),
  absent: vectorOf(['vector'], (args, { generation }) => absence(args, args.vector(0).length, generation)),
  absent_over_time: vectorOf(['range'], (args, { generation }) =>
    absence(args, args.range(0).windows.length, generation),
  ),

  abs: ofEach(Math.abs),
  ceil: ofEach(Math.ceil),
  floor: ofEach(Math.floor),
  exp: ofEach(Math.exp),
  ln: ofEach(Math.log),
  log2: ofEach(Math.log2),
  log10: ofEach(Math.log10),
  sqrt: ofEach(Math.sqrt),
  sgn: ofEach(Math.sign),
  ...Object.fromEntries(Object.entries(TRIGONOMETRY).map(([name, change]) => [name, ofEach(change)])),
  pi: { takes: [], optional: 0, gives: 'scalar', dropsName: false, run: () => Math.PI },
  round: ofElements(
    ['vector', 'scalar'],
    (args) => {
      const nearest = args.count > 1 ? args.scalar(1) : 1;
      return (value) => roundTo(value, nearest);
    },
    1,
  ),
  clamp: ofElements(['vector', 'scalar', 'scalar'], (args) => {
    const [low, high] = [args.scalar(1), args.scalar(2)];
    return low > high ? null : (value) => higher(low, lower(high, value));
  }),
  clamp_min: ofTwo(higher),
  clamp_max: ofTwo(lower),
  sort: vectorOf(['vector'], (args) => args.vector(0).toSorted((a, b) => ascending(a.value, b.value))),
  sort_desc: vectorOf(['vector'], (args) => args.vector(0).toSorted((a, b) => ascending(b.value, a.value))),
  sort_by_label: ofLabelOrder(1),
  sort_by_label_desc: ofLabelOrder(-1),

  time: { takes: [], optional: 0, gives: 'scalar', dropsName: false, run: (_, { at }) => at / 1000 },
  timestamp: computed(['vector'], (args) => mapped(args.times(0), (time) => time)),
  scalar: {
    takes: ['vector'],
    optional: 0,
    gives: 'scalar',
    dropsName: false,
    run(args) {
      const [only, ...others] = args.vector(0);
      return only === undefined || others.length > 0 ? Number.NaN : only.value;
    },
  },
  vector: vectorOf(['scalar'], (args) => [{ labels: {}, value: args.scalar(0) }]),
  year: ofDate((date) => date.getUTCFullYear()),
  month: ofDate((date) => date.getUTCMonth() + 1),
  day_of_month: ofDate((date) => date.getUTCDate()),
  day_of_week: ofDate((date) => date.getUTCDay()),
  day_of_year: ofDate(dayOfYear),
  days_in_month: ofDate(daysInMonth),
  hour: ofDate((date) => date.getUTCHours()),
  minute: ofDate((date) => date.getUTCMinutes()),

  histogram_quantile: ofHistograms(['scalar', 'vector'], (args) => quantileMeasure(args.scalar(0))),
  histogram_fraction: ofHistograms(['scalar', 'scalar', 'vector'], (args) =>
    fractionMeasure({ lower: args.scalar(0), upper: args.scalar(1) }),
  ),
  label_replace: {
    ...ofLabels(['vector', 'string', 'string', 'string', 'string'], (args, { generation }) =>
      labelReplacement(
        { target: args.text(1), replacement: args.text(2), source: args.text(3), pattern: args.text(4) },
        generation,
      ),
    ),
    faultIn: ([, target = '', , , pattern = ''], generation) =>
      faultInReplacement(target, pattern, generation),
  },
  label_join: {
    ...ofLabels(
      ['vector', 'string', 'string', 'string'],
      (args) =>
        labelJoin({
          target: args.text(1),
          separator: args.text(2),
          sources: Array.from({ length: args.count - 3 }, (_, index) => args.text(index + 3)),
        }),
      Infinity,
    ),
    faultIn: ([, target = ''], generation) => faultInJoin(target, generation),
  },
};

/** Sorts by the labels that are named, and then by all; numbers in them count as numbers. */
function ofLabelOrder(direction: 1 | -1): FunctionSpec {
  return vectorOf(
    ['vector', 'string'],
    (args) => {
      const names = Array.from({ length: args.count - 1 }, (_, index) => args.text(index + 1));
      return args.vector(0).toSorted((a, b) => direction * compareLabels(a.labels, b.labels, names));
    },
    Infinity,
  );
}

function secondsOf(times: Numbers, index: number): number {
  return (times[index] ?? Number.NaN) / 1000;
}

/** Index of the last value that is the same; NaN is the same as NaN. */
function lastOf(values: Numbers, value: number): number {
  let found = 0;
  for (let index = 0; index < values.length; index += 1)
    if (Object.is(values[index], value) || values[index] === value) found = index;
  return found;
}

/** Drops series for which the measure is null. */
function measured(range: RangeValue, measure: WindowMeasure): Element[] {
  const found: Element[] = [];
  const { windows } = range;
  for (let index = 0; index < windows.length; index += 1) {
    const window = windows[index];
    if (window === undefined) continue;
    const value = measure(window, range);
    if (value !== null) found.push({ labels: window.labels, value });
  }
  return found;
}

function mapped(elements: Vector, change: (value: number) => number): Element[] {
  return elements.map(({ labels, value }) => ({ labels, value: change(value) }));
}

/** Returns 1 with the labels that its matchers imply when there are no elements. */
function absence(args: Arguments, found: number, generation: PrometheusMajor): Element[] {
  return found > 0 ? [] : [{ labels: impliedLabels(args.matchers(0), generation), value: 1 }];
}

/** Uses the inverse, as Prometheus does, for fewer rounding errors: 0.1 is not exact in binary. */
function roundTo(value: number, nearest: number): number {
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}
