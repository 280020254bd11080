// Sample buffer of one series: typed arrays, appended at the end, pruned at the start, read without a copy.
import type { Labels } from '../model/labels.ts';
import type { Series } from '../model/series-source.ts';
import type { Window } from '../model/value.ts';

const FIRST_CAPACITY = 16;

export class SampleBuffer implements Series {
  readonly labels: Labels;
  #capacity = FIRST_CAPACITY;
  /** All times, followed by all values: there are thousands of buffers, and each array has a cost of its own. */
  #samples = new Float64Array(2 * FIRST_CAPACITY);
  /** Staleness marks, since not every engine keeps the bits of a NaN. Null while there is no mark. */
  #staleMarks: Uint8Array | null = null;
  /** Samples lie between `#from` and `#to`, contiguous, so that a window is a view and not a copy. */
  #from = 0;
  #to = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  get length(): number {
    return this.#to - this.#from;
  }

  /** Allocated bytes. */
  get bytes(): number {
    return this.#samples.byteLength + (this.#staleMarks?.byteLength ?? 0);
  }

  /** Appends a sample or a staleness mark; ignored when `time` (ms) is not after the last one. */
  push(time: number, value: number, isStale: boolean): void {
    if (this.length > 0 && time <= this.timeAt(this.length - 1)) return;
    // Moved within the same capacity only where that frees enough to be rare.
    if (this.#to === this.#capacity)
      this.#moveTo(this.length <= this.#capacity * 0.75 ? this.#capacity : this.#capacity * 1.5);
    this.#samples[this.#to] = time;
    this.#samples[this.#capacity + this.#to] = value;
    if (isStale) this.#staleMarks ??= new Uint8Array(this.#capacity);
    if (this.#staleMarks !== null) this.#staleMarks[this.#to] = isStale ? 1 : 0;
    this.#to += 1;
  }

  dropBefore(time: number): void {
    const before = this.#from;
    while (this.length > 0 && this.timeAt(0) < time) this.#from += 1;
    if (this.#from > before && this.#staleMarks?.subarray(this.#from, this.#to).includes(1) === false)
      this.#staleMarks = null;
    if (this.#capacity > FIRST_CAPACITY && this.length < this.#capacity / 4) this.#moveTo(this.#capacity / 2);
  }

  timeAt(index: number): number {
    return this.#samples[this.#from + index] ?? Number.NaN;
  }

  valueAt(index: number): number {
    return this.#samples[this.#capacity + this.#from + index] ?? Number.NaN;
  }

  isStaleAt(index: number): boolean {
    return this.#staleMarks !== null && this.#staleMarks[this.#from + index] === 1;
  }

  windowOf(from: number, to: number): Window {
    const [first, last] = [this.#from + from, this.#from + to];
    const times = this.#samples.subarray(first, last);
    const values = this.#samples.subarray(this.#capacity + first, this.#capacity + last);
    const staleMarks = this.#staleMarks?.subarray(first, last);
    if (staleMarks?.includes(1) !== true) return { labels: this.labels, times, values };
    const isSample = (_: number, index: number): boolean => staleMarks[index] === 0;
    return { labels: this.labels, times: times.filter(isSample), values: values.filter(isSample) };
  }

  #moveTo(wanted: number): void {
    const capacity = Math.ceil(wanted);
    const samples = new Float64Array(2 * capacity);
    samples.set(this.#samples.subarray(this.#from, this.#to));
    samples.set(this.#samples.subarray(this.#capacity + this.#from, this.#capacity + this.#to), capacity);
    if (this.#staleMarks !== null) {
      const staleMarks = new Uint8Array(capacity);
      staleMarks.set(this.#staleMarks.subarray(this.#from, this.#to));
      this.#staleMarks = staleMarks;
    }
    [this.#to, this.#from] = [this.length, 0];
    [this.#samples, this.#capacity] = [samples, capacity];
  }
}
