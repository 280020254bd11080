// History store: of each series only its changes over one time column, bounded in time and bytes; the oldest goes first.
import { labelIn, type Labels, NAME } from '../../promql/model/labels.ts';
import { ListSpace } from '../../promql/model/list-space.ts';
import { matchesAll } from '../../promql/model/matcher.ts';
import { LabelIndex } from '../../promql/series/label-index.ts';
import type { Selection } from '../../promql/model/series-source.ts';
import { ChangeArena, ChangeList, readTick } from './change-arena.ts';
import { END, expandChanges, GAP } from './expand-changes.ts';
import { HistorySeries, SampleTimes } from './history-series.ts';
import { type TickRange, TimeColumn } from '../../promql/series/time-column.ts';

/** One series that is kept, with its changes; a handle for the other calls. */
export class StoredSeries extends ChangeList {
  readonly labels: Labels;
  hasEnded = true;
  /** Every change of it was dropped: the store does not know it any more. */
  isGone = false;
  /** The last tick for which it was set, changed or not. */
  setAt = -1;

  constructor(labels: Labels) {
    super();
    this.labels = labels;
  }
}

export interface HistoryBounds {
  /** Milliseconds. */
  readonly retention: number;
  readonly maxBytes: number;
}

export interface HistorySize {
  /** Between the oldest and the newest sample; 0 with fewer than two. */
  readonly seconds: number;
  /** Memory counted, labels included. */
  readonly bytes: number;
  readonly series: number;
}

export interface StoreDump {
  readonly firstTick: number;
  /** Ms since the epoch; null when nothing was dropped. */
  readonly droppedUntil: number | null;
  readonly times: Float64Array;
  /** With the number of its changes. */
  readonly series: readonly { readonly labels: Labels; readonly count: number }[];
  /** With the mark of an end, as the arena copies them. */
  readonly ticks: Uint32Array;
  readonly values: Float64Array;
}

/** A range of ticks that are all kept, with their times. */
export interface SharedTimes extends TickRange {
  readonly times: SampleTimes;
  /** For the values of each series. */
  readonly space: ListSpace<Float64Array>;
}

/** Bytes of a series beside its changes and its labels: objects, indexes, lists. */
const SERIES_BYTES = 300;

export class HistoryStore {
  readonly #arena = new ChangeArena();
  readonly #metrics = new Map<string, LabelIndex<StoredSeries>>();
  #times = new TimeColumn();
  /** For changes that are only read. */
  #copied = { ticks: new Uint32Array(0), values: new Float64Array(0) };
  #series = 0;
  #labelBytes = 0;
  /** Time of the newest sample that was dropped, ms since the epoch; null when all are here. */
  #droppedUntil: number | null = null;

  /** Times that are kept, ms since the epoch; null while there is none. */
  get span(): { readonly oldest: number; readonly newest: number } | null {
    const { firstTick, nextTick, length } = this.#times;
    return length === 0
      ? null
      : { oldest: this.#times.timeAt(firstTick), newest: this.#times.timeAt(nextTick - 1) };
  }

  get droppedUntil(): number | null {
    return this.#droppedUntil;
  }

  get size(): HistorySize {
    const { span } = this;
    return {
      seconds: span === null ? 0 : (span.newest - span.oldest) / 1000,
      bytes: this.#arena.bytes + this.#times.bytes + this.#labelBytes + this.#series * SERIES_BYTES,
      series: this.#series,
    };
  }

  /** Begins the next reading. @returns its tick; null when `time` (ms since the epoch) is not after the last one */
  beginTick(time: number): number | null {
    const { span } = this;
    return span !== null && time <= span.newest ? null : this.#times.push(time);
  }

  /** Finds or creates the series with these labels, which must not change later. */
  series(labels: Labels): StoredSeries {
    const name = labelIn(labels, NAME);
    const metric = this.#metrics.get(name) ?? new LabelIndex<StoredSeries>();
    if (metric.isEmpty) this.#metrics.set(name, metric);
    const known = metric.get(labels);
    if (known !== undefined) return known;
    const made = new StoredSeries(labels);
    metric.add(made);
    this.#series += 1;
    this.#labelBytes += bytesOf(labels);
    return made;
  }

  /** Sets the value of a series from `tick` on; nothing is stored when it is the same as before. */
  set(series: StoredSeries, tick: number, value: number): void {
    series.setAt = tick;
    if (!series.hasEnded && Object.is(series.lastValue, value)) return;
    series.hasEnded = false;
    this.#arena.push(series, { tick, value, hasEnded: false });
  }

  /** Marks the end of a series at `tick`. */
  end(series: StoredSeries, tick: number): void {
    if (series.hasEnded) return;
    series.hasEnded = true;
    this.#arena.push(series, { tick, value: Number.NaN, hasEnded: true });
  }

  /** Series that have not ended. */
  *live(): Generator<StoredSeries> {
    for (const series of this.all()) if (!series.hasEnded) yield series;
  }

  *all(): Generator<StoredSeries> {
    for (const metric of this.#metrics.values()) yield* metric.values();
  }

  find({ name, matchers }: Selection): StoredSeries[] {
    const metrics = name === null ? [...this.#metrics.values()] : [this.#metrics.get(name)];
    return metrics.flatMap((metric) =>
      [...(metric?.values() ?? [])].filter(({ labels }) => matchesAll(matchers, labels)),
    );
  }

  /** Ticks from `start` to `end`, both inclusive, ms since the epoch. */
  ticksBetween(start: number, end: number): TickRange {
    const from = this.#times.tickFrom(start);
    return { from, to: Math.max(from, this.#times.tickFrom(end + 0.5)) };
  }

  /** Whether a series has a sample in these ticks. */
  isPresent(changes: StoredSeries, { from, to }: TickRange): boolean {
    if (to <= from) return false;
    const first = this.#arena.indexAt(changes, from);
    for (let index = Math.max(0, first); index < changes.length; index += 1) {
      const { tick, hasEnded } = readTick(this.#arena.tickAt(changes, index));
      if (tick >= to) return false;
      if (!hasEnded) return true;
    }
    return false;
  }

  /** Times of a range of ticks, to be shared by all series that are read in it. */
  times(range: TickRange): SharedTimes {
    const from = Math.max(range.from, this.#times.firstTick);
    const to = Math.max(from, Math.min(range.to, this.#times.nextTick));
    const space = new ListSpace((length) => new Float64Array(length), to - from);
    return { from, to, times: new SampleTimes(this.#times.view(from, to)), space };
  }

  /** Writes the samples of a series out; a mark stands where it ended. */
  read(series: StoredSeries, { from, to, times, space }: SharedTimes): HistorySeries {
    const first = Math.max(0, this.#arena.indexAt(series, from));
    const last = this.#arena.indexAt(series, to - 1) + 1;
    const count = Math.max(0, last - first);
    if (count > this.#copied.ticks.length)
      this.#copied = { ticks: new Uint32Array(2 * count), values: new Float64Array(2 * count) };
    this.#arena.copy(series, { from: first, to: last }, this.#copied);
    const { values, marks } = expandChanges(this.#copied, { from, to, count }, space.take());
    if (marks === null) return new HistorySeries(series.labels, { times, values, ends: null });
    const isThere = (_: number, index: number): boolean => marks[index] !== GAP;
    return new HistorySeries(series.labels, {
      times: new SampleTimes(times.all.filter(isThere)),
      values: values.filter(isThere),
      ends: marks.includes(END) ? marks.filter((mark) => mark !== GAP) : null,
    });
  }

  /** Drops what is older than the retention before `now` (ms since the epoch), then the oldest until the bytes are enough. */
  prune(now: number, { retention, maxBytes }: HistoryBounds): void {
    const expired = this.#times.tickFrom(now - retention) - this.#times.firstTick;
    if (expired > 0) this.#dropTicks(expired);
    while (this.size.bytes > maxBytes && this.#times.length > 1)
      this.#dropTicks(Math.max(1, Math.ceil(this.#times.length / 32)));
  }

  /** Adds `by` ms to all times: the clock that gave them was wrong. */
  shift(by: number): void {
    this.#times.shift(by);
    if (this.#droppedUntil !== null) this.#droppedUntil += by;
  }

  /** Everything as plain lists: the changes of all series, one after the other. */
  dump(): StoreDump {
    const series = [...this.all()];
    const total = series.reduce((sum, { length }) => sum + length, 0);
    const [ticks, values] = [new Uint32Array(total), new Float64Array(total)];
    let at = 0;
    for (const changes of series) {
      this.#arena.copy(changes, { from: 0, to: changes.length }, { ticks, values }, at);
      at += changes.length;
    }
    const { firstTick, nextTick } = this.#times;
    return {
      firstTick,
      droppedUntil: this.#droppedUntil,
      times: this.#times.view(firstTick, nextTick),
      series: series.map(({ labels, length }) => ({ labels, count: length })),
      ticks,
      values,
    };
  }

  /** Fills an empty store. @throws RangeError for what no store would dump */
  load({ firstTick, droppedUntil, times, series, ticks, values }: StoreDump): void {
    this.#times = new TimeColumn(firstTick);
    this.#droppedUntil = droppedUntil;
    for (const time of times) if (this.beginTick(time) === null) throw new RangeError('Times do not grow');
    let at = 0;
    const texts = new Map<string, string>();
    for (const { labels, count } of series) {
      const stored = this.series(withShared(labels, texts));
      if (stored.length > 0) throw new RangeError('A series is there twice');
      this.#loadChanges(stored, ticks.subarray(at, at + count), values.subarray(at, at + count));
      at += count;
    }
  }

  #loadChanges(stored: StoredSeries, ticks: Uint32Array, values: Float64Array): void {
    let before = -1;
    for (const [index, written] of ticks.entries()) {
      const { tick, hasEnded } = readTick(written);
      if (tick <= before || tick >= this.#times.nextTick) throw new RangeError('Ticks do not grow');
      before = tick;
      stored.hasEnded = hasEnded;
      this.#arena.push(stored, { tick, value: values[index] ?? Number.NaN, hasEnded });
    }
  }

  #dropTicks(count: number): void {
    this.#droppedUntil = this.#times.timeAt(this.#times.firstTick + count - 1);
    this.#times.dropFirst(count);
    for (const [name, metric] of this.#metrics) {
      for (const series of metric.values()) {
        if (this.#isKept(series)) continue;
        series.isGone = true;
        this.#arena.clear(series);
        this.#series -= 1;
        this.#labelBytes -= bytesOf(series.labels);
        metric.delete(series);
      }
      if (metric.isEmpty) this.#metrics.delete(name);
    }
  }

  /** Drops the changes that no kept tick needs; false when nothing is left of the series. */
  #isKept(changes: StoredSeries): boolean {
    const current = this.#arena.indexAt(changes, this.#times.firstTick);
    if (current > 0) this.#arena.drop(changes, current);
    if (changes.length === 0) return false;
    const { tick, hasEnded } = readTick(this.#arena.tickAt(changes, 0));
    return !(hasEnded && changes.length === 1 && tick < this.#times.firstTick);
  }
}

/** Texts of labels count for each series, although most series share them. */
function bytesOf(labels: Labels): number {
  let bytes = 0;
  for (const name in labels) bytes += 16 + (labels[name] ?? '').length;
  return bytes;
}

/** The same labels, of texts that are there once: as they were read, each would have its own. */
function withShared(labels: Labels, texts: Map<string, string>): Labels {
  const shared: Record<string, string> = {};
  for (const [name, text] of Object.entries(labels)) {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    shared[name] = known ?? text;
  }
  return shared;
}
