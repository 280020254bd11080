// Samples of one stored series, written out for a query: shared times where the series never paused, its own otherwise.
import type { Labels } from '../../promql/model/labels.ts';
import type { ColumnSeries } from '../../promql/model/series-source.ts';
import type { Window } from '../../promql/model/value.ts';

/** Times of many series; the last view is kept, because all of them ask for the same one at the same step. */
export class SampleTimes {
  readonly all: Float64Array;
  #from = 0;
  #to = 0;
  #view: Float64Array;

  constructor(all: Float64Array) {
    this.all = all;
    this.#view = all.subarray(0, 0);
  }

  view(from: number, to: number): Float64Array {
    if (from !== this.#from || to !== this.#to) {
      this.#view = this.all.subarray(from, to);
      [this.#from, this.#to] = [from, to];
    }
    return this.#view;
  }
}

interface Samples {
  readonly times: SampleTimes;
  readonly values: Float64Array;
  /** 1 where the series ended; null when it never did. */
  readonly ends: Uint8Array | null;
}

export class HistorySeries implements ColumnSeries {
  readonly labels: Labels;
  readonly length: number;
  readonly times: Float64Array;
  readonly #samples: Samples;

  constructor(labels: Labels, samples: Samples) {
    this.labels = labels;
    this.length = samples.times.all.length;
    this.times = samples.times.all;
    this.#samples = samples;
  }

  get values(): Float64Array {
    return this.#samples.values;
  }

  get ends(): Uint8Array | null {
    return this.#samples.ends;
  }

  timeAt(index: number): number {
    return this.times[index] ?? Number.NaN;
  }

  valueAt(index: number): number {
    return this.#samples.values[index] ?? Number.NaN;
  }

  isStaleAt(index: number): boolean {
    return this.#samples.ends !== null && this.#samples.ends[index] === 1;
  }

  windowOf(from: number, to: number): Window {
    const times = this.#samples.times.view(from, to);
    const values = this.#samples.values.subarray(from, to);
    const ends = this.#samples.ends?.subarray(from, to);
    if (ends?.includes(1) !== true) return { labels: this.labels, times, values };
    const isSample = (_: number, index: number): boolean => ends[index] === 0;
    return { labels: this.labels, times: times.filter(isSample), values: values.filter(isSample) };
  }
}
