// Samples of one stored series, written out for a query: shared times where the series never paused, its own otherwise.
import type { Labels } from '../../promql/model/labels.ts';
import type { Series } from '../../promql/model/series-source.ts';
import type { Window } from '../../promql/model/value.ts';

export interface Samples {
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** 1 where the series ended; null when it never did. */
  readonly ends: Uint8Array | null;
}

export class HistorySeries implements Series {
  readonly labels: Labels;
  readonly length: number;
  readonly #samples: Samples;

  constructor(labels: Labels, samples: Samples) {
    this.labels = labels;
    this.length = samples.times.length;
    this.#samples = samples;
  }

  timeAt(index: number): number {
    return this.#samples.times[index] ?? Number.NaN;
  }

  valueAt(index: number): number {
    return this.#samples.values[index] ?? Number.NaN;
  }

  isStaleAt(index: number): boolean {
    return this.#samples.ends !== null && this.#samples.ends[index] === 1;
  }

  windowOf(from: number, to: number): Window {
    const times = this.#samples.times.subarray(from, to);
    const values = this.#samples.values.subarray(from, to);
    const ends = this.#samples.ends?.subarray(from, to);
    if (ends?.includes(1) !== true) return { labels: this.labels, times, values };
    const isSample = (_: number, index: number): boolean => ends[index] === 0;
    return { labels: this.labels, times: times.filter(isSample), values: values.filter(isSample) };
  }
}
