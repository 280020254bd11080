// Where samples come from, as the evaluation sees it.
import type { Labels } from './labels.ts';

/** Samples by index, oldest first. */
export interface Series {
  readonly labels: Labels;
  readonly length: number;
  /** Milliseconds since the epoch, growing. */
  timeAt(index: number): number;
  valueAt(index: number): number;
  /** The series ended here: what is before is not looked back to. */
  isStaleAt(index: number): boolean;
}

export interface SeriesSource {
  /** Of one metric; of all with null. */
  series(name: string | null): Iterable<Series>;
}

/** The generation of Prometheus that is followed: 2 counts the beginning of a window in, 3 does not. */
export type Generation = 2 | 3;

export interface EvaluationOptions {
  /** How old, ms, the newest sample may be to count as the present value. */
  readonly lookback?: number;
  readonly generation?: Generation;
}
