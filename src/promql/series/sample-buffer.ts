// Sample buffer of one series: times are shared with other series and a value that never changed is one number, as long as that holds.
import type { Labels } from '../model/labels.ts';
import type { Series } from '../model/series-source.ts';
import type { Numbers, Window, WindowFacts } from '../model/value.ts';
import { TimeColumn } from './time-column.ts';

/** Of an array that grows as samples come, what is in use. */
const GROWTH = 1.25;

export class SampleBuffer implements Series {
  readonly labels: Labels;
  readonly column: TimeColumn;
  /** Tick of the first sample in the column; each further one has the next tick. */
  #tick = 0;
  /** Times of its own, from `#from` on, once it lacked a sample at a tick. */
  #times: number[] | null = null;
  /** From `#from` on; null while the times are shared and all values are `#value`. */
  #values: number[] | null = null;
  #value = Number.NaN;
  #from = 0;
  #length = 0;
  /** Staleness marks by the number of samples ever before them, since not every engine keeps the bits of a NaN. */
  #staleMarks: Set<number> | null = null;
  #dropped = 0;
  /** Number of samples ever before the last one that was less than, or not the same as, the one before it. */
  #fell = 0;
  #changed = 0;

  /** @param column of times that others may share */
  constructor(labels: Labels, column = new TimeColumn()) {
    this.labels = labels;
    this.column = column;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of samples; times in the column are not among them. */
  get bytes(): number {
    return ((this.#times?.length ?? 0) + (this.#values?.length ?? 0)) * 8 * GROWTH;
  }

  /** The first tick of the column that it needs; infinity for none. */
  get firstTick(): number {
    return this.#times === null && this.#length > 0 ? this.#tick : Infinity;
  }

  /** Appends a sample or a staleness mark; ignored when `time` (ms) is not after the last one. */
  push(time: number, value: number, isStale: boolean): void {
    if (!isStale && this.#isMoreOfTheSame(time, value)) {
      this.#length += 1;
      return;
    }
    if (this.#length > 0 && time <= this.timeAt(this.#length - 1)) return;
    if (this.#times === null && !this.#isNextTick(time)) this.#leaveColumn();
    this.#times?.push(time);
    if (isStale) (this.#staleMarks ??= new Set()).add(this.#dropped + this.#length);
    else {
      this.#compare(value);
      this.#pushValue(value);
    }
    // What stands at a mark is never read.
    if (isStale) this.#values?.push(Number.NaN);
    this.#length += 1;
  }

  dropBefore(time: number): void {
    let count = 0;
    while (count < this.#length && this.timeAt(count) < time) count += 1;
    if (count === 0) return;
    for (const mark of this.#staleMarks ?? [])
      if (mark < this.#dropped + count) this.#staleMarks?.delete(mark);
    if (this.#staleMarks?.size === 0) this.#staleMarks = null;
    this.#dropped += count;
    this.#length -= count;
    this.#tick += count;
    if (this.#values !== null) this.#from += count;
    // Moved only where that frees enough to be rare.
    if (this.#from > this.#length / 4 + 8 || this.#length === 0) this.#moveToStart();
  }

  timeAt(index: number): number {
    if (this.#times !== null) return this.#times[this.#from + index] ?? Number.NaN;
    return index < this.#length ? this.column.timeAt(this.#tick + index) : Number.NaN;
  }

  valueAt(index: number): number {
    if (index >= this.#length || this.isStaleAt(index)) return Number.NaN;
    return this.#values === null ? this.#value : (this.#values[this.#from + index] ?? Number.NaN);
  }

  isStaleAt(index: number): boolean {
    return this.#staleMarks !== null && this.#staleMarks.has(this.#dropped + index);
  }

  hasTimesOf(other: Series): boolean {
    return (
      other instanceof SampleBuffer &&
      this.column === other.column &&
      this.#tick === other.#tick &&
      this.#length === other.#length &&
      this.#times === null &&
      other.#times === null
    );
  }

  neverFallsIn(from: number, to: number): boolean {
    return this.#fell <= this.#dropped + from && !this.#isMarkedIn(from, to);
  }

  /** To be read before the next sample is pushed or dropped. */
  windowOf(from: number, to: number): Window {
    if (!this.#isMarkedIn(from, to)) return new BufferWindow(this, from, to);
    const times = this.timesIn(from, to);
    const values = this.valuesIn(from, to);
    const isSample = (_: number, index: number): boolean => !this.isStaleAt(from + index);
    return {
      labels: this.labels,
      times: Array.from(times).filter(isSample),
      values: Array.from(values).filter(isSample),
    };
  }

  /** Of samples without a mark among them. */
  factsOf(from: number, to: number): WindowFacts {
    const number = this.#dropped + from;
    return {
      count: Math.max(0, to - from),
      firstTime: this.timeAt(from),
      lastTime: this.timeAt(to - 1),
      first: this.valueAt(from),
      last: this.valueAt(to - 1),
      neverFalls: this.#fell <= number,
      isConstant: this.#changed <= number,
    };
  }

  /** Notes how a value differs from the one before it; after a mark, from the mark. */
  #compare(value: number): void {
    if (this.#length === 0) return;
    const before = this.valueAt(this.#length - 1);
    const number = this.#dropped + this.#length;
    if (value < before) this.#fell = number;
    if (!Object.is(value, before)) this.#changed = number;
  }

  #isMarkedIn(from: number, to: number): boolean {
    if (this.#staleMarks === null) return false;
    for (const mark of this.#staleMarks)
      if (mark >= this.#dropped + from && mark < this.#dropped + to) return true;
    return false;
  }

  timesIn(from: number, to: number): Numbers {
    if (this.#times !== null) return this.#times.slice(this.#from + from, this.#from + to);
    return this.column.view(this.#tick + from, this.#tick + to);
  }

  valuesIn(from: number, to: number): Numbers {
    if (this.#values !== null) return this.#values.slice(this.#from + from, this.#from + to);
    return equalNumbers(this.#value, Math.max(0, to - from));
  }

  /** Whether the newest tick is the next one, and its value that of all others: of most series most of the time. */
  #isMoreOfTheSame(time: number, value: number): boolean {
    if (this.#times !== null || this.#values !== null || this.#length === 0 || this.#staleMarks !== null)
      return false;
    const tick = this.#tick + this.#length;
    return (
      tick === this.column.nextTick - 1 && this.column.timeAt(tick) === time && Object.is(this.#value, value)
    );
  }

  #pushValue(value: number): void {
    if (this.#values === null) {
      if (this.#length === 0) this.#value = value;
      if (Object.is(this.#value, value)) return;
      this.#values = Array.from(equalNumbers(this.#value, this.#length));
    }
    this.#values.push(value);
  }

  /** Whether the next tick is at that time; a tick is added where the column has none yet. */
  #isNextTick(time: number): boolean {
    const column = this.column;
    if (this.#length === 0) this.#tick = column.tickFrom(time);
    const tick = this.#tick + this.#length;
    if (tick === column.nextTick) column.push(time);
    return column.timeAt(tick) === time;
  }

  #leaveColumn(): void {
    this.#times = Array.from(this.timesIn(0, this.#length));
    this.#values = Array.from(this.valuesIn(0, this.#length));
    this.#from = 0;
  }

  #moveToStart(): void {
    this.#times &&= this.#times.slice(this.#from);
    this.#values &&= this.#values.slice(this.#from);
    this.#from = 0;
  }
}

/** Samples of a buffer without marks: most rules need no more than the first, the last and what is known of those between. */
class BufferWindow implements Window {
  readonly labels: Labels;
  readonly facts: WindowFacts;
  readonly #buffer: SampleBuffer;
  readonly #from: number;
  readonly #to: number;

  constructor(buffer: SampleBuffer, from: number, to: number) {
    this.labels = buffer.labels;
    this.facts = buffer.factsOf(from, to);
    this.#buffer = buffer;
    this.#from = from;
    this.#to = to;
  }

  get times(): Numbers {
    return this.#buffer.timesIn(this.#from, this.#to);
  }

  get values(): Numbers {
    return this.#buffer.valuesIn(this.#from, this.#to);
  }
}

/** Values of which a list is kept. */
const MOST_LISTS = 16;
/** The list of each, and the part of it that was asked for last. */
const lists = new Map<number, { readonly list: Float64Array; part: Float64Array }>();

/** Returns a list of the same number, which nobody may change: most series have one value for hours. */
function equalNumbers(value: number, length: number): Float64Array {
  const known = Object.is(value, -0) ? undefined : lists.get(value);
  if (known !== undefined && known.list.length >= length) {
    if (known.part.length !== length) known.part = known.list.subarray(0, length);
    return known.part;
  }
  // As keys both zeros are one.
  if (Object.is(value, -0) || (known === undefined && lists.size === MOST_LISTS))
    return new Float64Array(length).fill(value);
  const list = new Float64Array(Math.max(64, 2 * length)).fill(value);
  const part = list.subarray(0, length);
  lists.set(value, { list, part });
  return part;
}
