// Values of expressions: numbers, strings, vectors and windows of samples.
import type { Labels } from './labels.ts';

export interface Element {
  readonly labels: Labels;
  readonly value: number;
}

export type Vector = readonly Element[];

/** A list, or a part of a store's memory that must not be kept beyond the evaluation. */
export interface Numbers extends Iterable<number> {
  readonly length: number;
  readonly [index: number]: number;
}

/** Samples of one series within a range, oldest first; `times` in ms. */
export interface Window {
  readonly labels: Labels;
  readonly times: Numbers;
  readonly values: Numbers;
  /** What its source knows without a look at each sample; left out where it knows nothing. */
  readonly facts?: WindowFacts | undefined;
}

export interface WindowFacts {
  /** Number of samples. */
  readonly count: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly first: number;
  readonly last: number;
  /** No value is less than the one before it. False where that is not known. */
  readonly neverFalls: boolean;
  /** All values are `first`. */
  readonly isConstant: boolean;
}

/** The windows of a range selector, all from `start` to `end`, ms. */
export interface RangeValue {
  readonly windows: readonly Window[];
  readonly start: number;
  readonly end: number;
}

/** Value of any part of an expression at one moment. */
export type Value = number | string | Vector | RangeValue;

/** What an expression comes to at one moment. */
export type QueryValue =
  | { readonly type: 'scalar'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'vector'; readonly elements: Vector }
  /** Windows may be parts of a store's memory: read them before anything is added to it. */
  | { readonly type: 'range'; readonly windows: readonly Window[] };

/** Fails one evaluation, not the engine: what Prometheus would refuse as well. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}
