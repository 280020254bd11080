// Sample buffer of one series: typed arrays, appended at the end, pruned at the start, read without a copy.
import type { Labels } from '../model/labels.ts';
import type { Series } from '../model/series-source.ts';
import type { Window } from '../model/value.ts';

const FIRST_CAPACITY = 16;

export class SampleBuffer implements Series {
  readonly labels: Labels;
  #capacity = FIRST_CAPACITY;
  /** All times, and behind them all values: there are thousands of these, and each array costs by itself. */
  #samples = new Float64Array(2 * FIRST_CAPACITY);
  /** A NaN cannot say which NaN it is: the bits of one are not kept by every engine. Null while none says the end. */
  #ends: Uint8Array | null = null;
  /** Samples lie from `#from` up to `#to`, all in one piece, so that a window is a view and no copy. */
  #from = 0;
  #to = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  get length(): number {
    return this.#to - this.#from;
  }

  /** What the room for samples takes. */
  get bytes(): number {
    return this.#samples.byteLength + (this.#ends?.byteLength ?? 0);
  }

  /** Ignored when `time` (ms) is not after the last one. */
  push(time: number, value: number, isEnd: boolean): void {
    if (this.length > 0 && time <= this.timeAt(this.length - 1)) return;
    // Moved within the same room only where that gains enough of it to be rare.
    if (this.#to === this.#capacity)
      this.#moveTo(this.length <= this.#capacity * 0.75 ? this.#capacity : this.#capacity * 1.5);
    this.#samples[this.#to] = time;
    this.#samples[this.#capacity + this.#to] = value;
    if (isEnd) this.#ends ??= new Uint8Array(this.#capacity);
    if (this.#ends !== null) this.#ends[this.#to] = isEnd ? 1 : 0;
    this.#to += 1;
  }

  dropBefore(time: number): void {
    const before = this.#from;
    while (this.length > 0 && this.timeAt(0) < time) this.#from += 1;
    if (this.#from > before && this.#ends?.subarray(this.#from, this.#to).includes(1) === false)
      this.#ends = null;
    if (this.#capacity > FIRST_CAPACITY && this.length < this.#capacity / 4) this.#moveTo(this.#capacity / 2);
  }

  timeAt(index: number): number {
    return this.#samples[this.#from + index] ?? Number.NaN;
  }

  valueAt(index: number): number {
    return this.#samples[this.#capacity + this.#from + index] ?? Number.NaN;
  }

  isStaleAt(index: number): boolean {
    return this.#ends !== null && this.#ends[this.#from + index] === 1;
  }

  windowOf(from: number, to: number): Window {
    const [first, last] = [this.#from + from, this.#from + to];
    const times = this.#samples.subarray(first, last);
    const values = this.#samples.subarray(this.#capacity + first, this.#capacity + last);
    const ends = this.#ends?.subarray(first, last);
    if (ends?.includes(1) !== true) return { labels: this.labels, times, values };
    const isSample = (_: number, index: number): boolean => ends[index] === 0;
    return { labels: this.labels, times: times.filter(isSample), values: values.filter(isSample) };
  }

  #moveTo(wanted: number): void {
    const capacity = Math.ceil(wanted);
    const samples = new Float64Array(2 * capacity);
    samples.set(this.#samples.subarray(this.#from, this.#to));
    samples.set(this.#samples.subarray(this.#capacity + this.#from, this.#capacity + this.#to), capacity);
    if (this.#ends !== null) {
      const ends = new Uint8Array(capacity);
      ends.set(this.#ends.subarray(this.#from, this.#to));
      this.#ends = ends;
    }
    [this.#to, this.#from] = [this.length, 0];
    [this.#samples, this.#capacity] = [samples, capacity];
  }
}
