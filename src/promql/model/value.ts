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
}

/** The windows of a range selector, all from `start` to `end`, ms. */
export interface RangeValue {
  readonly windows: readonly Window[];
  readonly start: number;
  readonly end: number;
}

/** Fails one evaluation, not the engine: what Prometheus would refuse as well. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}
