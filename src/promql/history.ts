// The samples of one series in typed arrays: appended at the end, dropped at the beginning, handed out in place.
import type { Labels } from './labels.ts';
import type { Series } from './source.ts';
import type { Window } from './value.ts';

const FIRST_CAPACITY = 16;

export class History implements Series {
  readonly labels: Labels;
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  // A NaN cannot say which NaN it is: the bits of one are not kept by every engine.
  #ends = new Uint8Array(FIRST_CAPACITY);
  /** Samples lie from `#from` up to `#to`, all in one piece, so that a window is a view and no copy. */
  #from = 0;
  #to = 0;
  /** How many of them only say the end. */
  #endCount = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  get length(): number {
    return this.#to - this.#from;
  }

  /** How many samples there is room for. */
  get capacity(): number {
    return this.#times.length;
  }

  /** Ignored when `time` (ms) is not after the last one. */
  push(time: number, value: number, isEnd: boolean): void {
    if (this.length > 0 && time <= this.timeAt(this.length - 1)) return;
    // Moved within the same room only where that gains enough of it to be rare.
    if (this.#to === this.capacity)
      this.#moveTo(this.length <= this.capacity * 0.75 ? this.capacity : this.capacity * 1.5);
    this.#times[this.#to] = time;
    this.#values[this.#to] = value;
    this.#ends[this.#to] = isEnd ? 1 : 0;
    if (isEnd) this.#endCount += 1;
    this.#to += 1;
  }

  dropBefore(time: number): void {
    while (this.length > 0 && this.timeAt(0) < time) {
      if (this.isStaleAt(0)) this.#endCount -= 1;
      this.#from += 1;
    }
    if (this.capacity > FIRST_CAPACITY && this.length < this.capacity / 4) this.#moveTo(this.capacity / 2);
  }

  timeAt(index: number): number {
    return this.#times[this.#from + index] ?? Number.NaN;
  }

  valueAt(index: number): number {
    return this.#values[this.#from + index] ?? Number.NaN;
  }

  isStaleAt(index: number): boolean {
    return this.#ends[this.#from + index] === 1;
  }

  windowOf(from: number, to: number): Window {
    const [first, last] = [this.#from + from, this.#from + to];
    const times = this.#times.subarray(first, last);
    const values = this.#values.subarray(first, last);
    if (this.#endCount === 0) return { labels: this.labels, times, values };
    const ends = this.#ends.subarray(first, last);
    const isSample = (_: number, index: number): boolean => ends[index] === 0;
    return { labels: this.labels, times: times.filter(isSample), values: values.filter(isSample) };
  }

  #moveTo(capacity: number): void {
    const size = Math.ceil(capacity);
    const [times, values, ends] = [new Float64Array(size), new Float64Array(size), new Uint8Array(size)];
    times.set(this.#times.subarray(this.#from, this.#to));
    values.set(this.#values.subarray(this.#from, this.#to));
    ends.set(this.#ends.subarray(this.#from, this.#to));
    [this.#to, this.#from] = [this.length, 0];
    [this.#times, this.#values, this.#ends] = [times, values, ends];
  }
}
