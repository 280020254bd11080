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
  /** The series ended here: what is before is not looked back to. */
  isStaleAt(index: number): boolean;
  /** Samples from index `from` up to `to`, which is not among them, without those that only say the end. */
  windowOf(from: number, to: number): Window;
}

/** Which series are meant; as an object also what a source may remember its answer by. */
export interface Selection {
  /** Null when only matchers say it. */
  readonly name: string | null;
  readonly matchers: readonly Matcher[];
}

export interface SeriesSource {
  select(selection: Selection): readonly Series[];
}

/** The generation of Prometheus that is followed: 2 counts the beginning of a window in, 3 does not. */
export type PrometheusMajor = 2 | 3;

export interface EvaluationOptions {
  /** How old, ms, the newest sample may be to count as the present value. */
  readonly lookback?: number;
  readonly generation?: PrometheusMajor;
}
