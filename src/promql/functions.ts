// Which functions there are, what each takes and gives, and what it does: the one list that checking and evaluation read.
import { histogramQuantile } from './histogram.ts';
import { joinLabels, replaceLabel } from './label-functions.ts';
import { withoutName } from './labels.ts';
import { changes, derivative, extrapolated, instant, measured, predicted, resets } from './rates.ts';
import type { Generation } from './source.ts';
import {
  average,
  higher,
  largest,
  lower,
  meanSoFar,
  quantile,
  smallest,
  sum,
  upwards,
  variance,
} from './statistics.ts';
import type { ValueType } from './syntax.ts';
import { dayOfYear, daysInMonth } from './calendar.ts';
import type { Element, RangeValue, Vector, Window } from './value.ts';

/** Arguments as they were evaluated; what they are has been checked when the expression was read. */
export interface Arguments {
  scalar(index: number): number;
  text(index: number): string;
  vector(index: number): Vector;
  range(index: number): RangeValue;
  readonly count: number;
}

export interface CallMoment {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly generation: Generation;
}

export interface FunctionSpec {
  readonly takes: readonly ValueType[];
  /** How many of `takes`, from the end, may be left out; Infinity when the last may be repeated. */
  readonly optional: number;
  readonly gives: 'scalar' | 'vector';
  readonly run: (args: Arguments, moment: CallMoment) => number | Element[];
}

type Takes = FunctionSpec['takes'];
type Run = (args: Arguments, moment: CallMoment) => Element[];

function vectorOf(takes: Takes, run: Run, optional = 0): FunctionSpec {
  return { takes, optional, gives: 'vector', run };
}

/** A number from each window; null leaves the series out. */
function overTime(measure: (window: Window) => number | null): FunctionSpec {
  return vectorOf(['range'], (args) => nameless(measured(args.range(0), measure)));
}

function ofValues(measure: (values: readonly number[]) => number): FunctionSpec {
  return overTime(({ values }) => measure(values));
}

function ofEach(change: (value: number) => number): FunctionSpec {
  return vectorOf(['vector'], (args) => mapped(args.vector(0), change));
}

/** Of a time in seconds; of the evaluation itself without an argument. */
function ofDate(part: (date: Date) => number): FunctionSpec {
  return vectorOf(
    ['vector'],
    (args, { at }) =>
      mapped(args.count === 0 ? [{ labels: {}, value: Math.floor(at / 1000) }] : args.vector(0), (seconds) =>
        Number.isFinite(seconds) ? part(new Date(Math.trunc(seconds) * 1000)) : Number.NaN,
      ),
    1,
  );
}

function growth(kind: 'rate' | 'increase' | 'delta'): FunctionSpec {
  return vectorOf(['range'], (args, { generation }) => {
    const range = args.range(0);
    const { start, end } = range;
    return nameless(measured(range, (window) => extrapolated(kind, window, { start, end, generation })));
  });
}

export const FUNCTIONS: Readonly<Record<string, FunctionSpec>> = {
  rate: growth('rate'),
  increase: growth('increase'),
  delta: growth('delta'),
  irate: overTime((window) => instant('rate', window)),
  idelta: overTime((window) => instant('delta', window)),
  deriv: overTime(derivative),
  changes: overTime(changes),
  resets: overTime(resets),
  predict_linear: vectorOf(['range', 'scalar'], (args, { at }) =>
    nameless(measured(args.range(0), (window) => predicted(window, { at, ahead: args.scalar(1) }))),
  ),

  avg_over_time: vectorOf(['range'], (args, { generation }) =>
    nameless(
      measured(args.range(0), ({ values }) => (generation === 2 ? meanSoFar(values) : average(values))),
    ),
  ),
  sum_over_time: ofValues(sum),
  min_over_time: ofValues(smallest),
  max_over_time: ofValues(largest),
  count_over_time: ofValues((values) => values.length),
  present_over_time: ofValues(() => 1),
  stddev_over_time: ofValues((values) => Math.sqrt(variance(values))),
  stdvar_over_time: ofValues(variance),
  // What it was is still what it is called.
  last_over_time: vectorOf(['range'], (args) =>
    measured(args.range(0), ({ values }) => values.at(-1) ?? null),
  ),
  quantile_over_time: vectorOf(['scalar', 'range'], (args) =>
    nameless(measured(args.range(1), ({ values }) => quantile(args.scalar(0), values))),
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
  round: vectorOf(
    ['vector', 'scalar'],
    (args) => mapped(args.vector(0), (value) => roundTo(value, args.count > 1 ? args.scalar(1) : 1)),
    1,
  ),
  clamp: vectorOf(['vector', 'scalar', 'scalar'], (args) => {
    const [low, high] = [args.scalar(1), args.scalar(2)];
    return low > high ? [] : mapped(args.vector(0), (value) => higher(low, lower(high, value)));
  }),
  clamp_min: vectorOf(['vector', 'scalar'], (args) =>
    mapped(args.vector(0), (value) => higher(value, args.scalar(1))),
  ),
  clamp_max: vectorOf(['vector', 'scalar'], (args) =>
    mapped(args.vector(0), (value) => lower(value, args.scalar(1))),
  ),
  sort: vectorOf(['vector'], (args) => args.vector(0).toSorted((a, b) => upwards(a.value, b.value))),
  sort_desc: vectorOf(['vector'], (args) => args.vector(0).toSorted((a, b) => upwards(b.value, a.value))),

  time: { takes: [], optional: 0, gives: 'scalar', run: (_, { at }) => at / 1000 },
  scalar: {
    takes: ['vector'],
    optional: 0,
    gives: 'scalar',
    run: (args) => (args.vector(0).length === 1 ? (args.vector(0)[0]?.value ?? Number.NaN) : Number.NaN),
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

  histogram_quantile: vectorOf(['scalar', 'vector'], (args) =>
    histogramQuantile(args.scalar(0), args.vector(1)),
  ),
  label_replace: vectorOf(['vector', 'string', 'string', 'string', 'string'], (args) =>
    replaceLabel(args.vector(0), {
      target: args.text(1),
      replacement: args.text(2),
      source: args.text(3),
      pattern: args.text(4),
    }),
  ),
  label_join: vectorOf(
    ['vector', 'string', 'string', 'string'],
    (args) =>
      joinLabels(args.vector(0), {
        target: args.text(1),
        separator: args.text(2),
        sources: Array.from({ length: args.count - 3 }, (_, index) => args.text(index + 3)),
      }),
    Infinity,
  ),
};

/** These look at the selector itself, not only at what it comes to: the evaluation knows them by name. */
export const OF_SELECTORS: Readonly<Record<string, Pick<FunctionSpec, 'takes' | 'optional' | 'gives'>>> = {
  absent: { takes: ['vector'], optional: 0, gives: 'vector' },
  absent_over_time: { takes: ['range'], optional: 0, gives: 'vector' },
  timestamp: { takes: ['vector'], optional: 0, gives: 'vector' },
};

function nameless(elements: readonly Element[]): Element[] {
  return elements.map(({ labels, value }) => ({ labels: withoutName(labels), value }));
}

function mapped(elements: Vector, change: (value: number) => number): Element[] {
  return elements.map(({ labels, value }) => ({ labels: withoutName(labels), value: change(value) }));
}

/** The inverse is used, as Prometheus does, for fewer rounding errors: 0.1 is no number of a computer. */
function roundTo(value: number, nearest: number): number {
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}
