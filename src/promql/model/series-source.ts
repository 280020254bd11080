// Series source: where an evaluation reads its samples.
import type { Labels } from './labels.ts';
import type { Matcher } from './syntax-tree.ts';
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
}

/** Selects series; a source may cache its result by this object. */
export interface Selection {
  /** Null when only matchers select. */
  readonly name: string | null;
  readonly matchers: readonly Matcher[];
}

export interface SeriesSource {
  select(selection: Selection): readonly Series[];
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
