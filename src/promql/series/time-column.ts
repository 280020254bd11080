// Time column: times of all ticks, shared by every series; a tick is a number that grows by one with each reading of the metrics.

/** Ticks from `from` up to but without `to`. */
export interface TickRange {
  readonly from: number;
  readonly to: number;
}

const FIRST_CAPACITY = 256;

export class TimeColumn {
  #times = new Float64Array(FIRST_CAPACITY);
  #from = 0;
  #to = 0;
  #firstTick: number;
  /** All series ask for the same one at the same step. */
  #last = { from: 0, to: 0, view: this.#times.subarray(0, 0) };

  constructor(firstTick = 0) {
    this.#firstTick = firstTick;
  }

  get length(): number {
    return this.#to - this.#from;
  }

  get bytes(): number {
    return this.#times.byteLength;
  }

  get firstTick(): number {
    return this.#firstTick;
  }

  /** The tick that the next time gets. */
  get nextTick(): number {
    return this.#firstTick + this.length;
  }

  /** Milliseconds since the epoch; NaN without such a tick. */
  timeAt(tick: number): number {
    const index = this.#from + tick - this.#firstTick;
    return index < this.#from || index >= this.#to ? Number.NaN : (this.#times[index] ?? Number.NaN);
  }

  push(time: number): number {
    if (this.#to === this.#times.length) this.#move();
    this.#times[this.#to] = time;
    this.#to += 1;
    return this.nextTick - 1;
  }

  dropFirst(count: number): void {
    this.#from += count;
    this.#firstTick += count;
  }

  /** Returns the first tick at or after `time`; the next tick when there is none. */
  tickFrom(time: number): number {
    let low = this.#firstTick;
    let high = this.nextTick;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeAt(middle) >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The times from tick `from` up to but without `to`; they stay valid, whatever is pushed or dropped later. */
  view(from: number, to: number): Float64Array {
    if (from !== this.#last.from || to !== this.#last.to) {
      const start = this.#from - this.#firstTick;
      this.#last = { from, to, view: this.#times.subarray(start + from, start + to) };
    }
    return this.#last.view;
  }

  /** Adds `by` ms to all times. */
  shift(by: number): void {
    this.#move();
    for (let index = this.#from; index < this.#to; index += 1)
      this.#times[index] = (this.#times[index] ?? 0) + by;
    this.#last = { from: 0, to: 0, view: this.#times.subarray(0, 0) };
  }

  /** Always to new memory: views of the old one are in use. */
  #move(): void {
    const capacity = Math.max(FIRST_CAPACITY, Math.ceil(this.length * 1.25));
    const times = new Float64Array(capacity);
    times.set(this.#times.subarray(this.#from, this.#to));
    [this.#to, this.#from] = [this.length, 0];
    this.#times = times;
  }
}
