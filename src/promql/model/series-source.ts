// Series source: where an evaluation reads its samples.
import type { Labels } from './labels.ts';
import type { Matcher, Subquery } from './syntax-tree.ts';
import type { Window } from './value.ts';

/** Samples by index, oldest first. */
export interface Series {
  readonly labels: Labels;
  readonly length: number;
  /** Milliseconds since the epoch, growing. */
  timeAt(index: number): number;
  valueAt(index: number): number;
  /** The series ended here: earlier samples are not current any more. */
  isStaleAt(index: number): boolean;
  /** Returns the samples from index `from` up to but without `to`, staleness marks left out. */
  windowOf(from: number, to: number): Window;
  /** Whether both have the same times at the same indices; false, or left out, where that is not known. */
  hasTimesOf?(other: Series): boolean;
  /** Whether those samples have no mark among them, and no value is less than the one before it; false where that is not known. */
  neverFallsIn?(from: number, to: number): boolean;
}

/** Selects series; a source may cache its result by this object. */
export interface Selection {
  /** Null when only matchers select. */
  readonly name: string | null;
  readonly matchers: readonly Matcher[];
}

export interface SeriesSource {
  select(selection: Selection): readonly Series[];
  /** Values of a subquery at its steps, where they were computed before; without it they are computed at each moment. */
  subquery?(subquery: Subquery): readonly Series[];
}

/** A series whose samples lie in columns, which many series may share. */
export interface ColumnSeries extends Series {
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** 1 where the series ended; null when it never did. */
  readonly ends: Uint8Array | null;
}

/** Everything that an expression reads, ready before its evaluation begins. */
export interface ColumnSource extends SeriesSource {
  select(selection: Selection): readonly ColumnSeries[];
  subquery(subquery: Subquery): readonly ColumnSeries[];
}

/** Major version of Prometheus to reproduce: 2 includes the start of a window, 3 does not. */
export type PrometheusMajor = 2 | 3;

export interface EvaluationOptions {
  /** Greatest age of the newest sample that still counts as the current value, ms. */
  readonly lookback?: number;
  readonly generation?: PrometheusMajor;
  /** Ms between the evaluations of a subquery that does not say: the interval at which rules are evaluated. */
  readonly subqueryStep?: number;
  /** First and last moment of the range query, ms, for `@ start()` and `@ end()`; without one both are the moment. */
  readonly rangeQuery?: { readonly start: number; readonly end: number };
}
