// Columns: the values of an expression at many moments at once, one list for each series instead of one vector for each moment.
import type { Moment } from './select-series.ts';
import { formatLabels, type Labels, writeKey } from '../model/labels.ts';
import { ListSpace } from '../model/list-space.ts';
import { memoize } from '../model/memoize.ts';
import { type Labelled, memoizeBySeries } from '../model/series-cache.ts';
import type { ColumnSource } from '../model/series-source.ts';
import { type Element, EvaluationError, type Vector } from '../model/value.ts';

/** Work that stops between small pieces; whoever runs it decides when it goes on. */
export type Work<T> = Generator<undefined, T, undefined>;

/** Moments at which an expression is evaluated, growing, and everything that it reads then. */
export interface Run {
  readonly moments: readonly Moment[];
  readonly source: ColumnSource;
}

/** Values of one series, by moment. */
export interface Column extends Labelled {
  readonly values: Float64Array;
  /** 1 at each moment at which there is a value. */
  readonly isThere: Uint8Array;
}

/** Numbers by moment, or the columns of a vector. */
export type ColumnValue = Float64Array | readonly Column[];

export function isNumbers(value: ColumnValue): value is Float64Array {
  return value instanceof Float64Array;
}

/** Makes columns of one length, without values. */
export class ColumnSpace {
  readonly #values: ListSpace<Float64Array>;
  readonly #isThere: ListSpace<Uint8Array>;

  constructor(count: number) {
    this.#values = new ListSpace((length) => new Float64Array(length), count);
    this.#isThere = new ListSpace((length) => new Uint8Array(length), count);
  }

  column(labels: Labels): Column {
    return { labels, values: this.#values.take(), isThere: this.#isThere.take() };
  }
}

/** Sets one value. */
export function put(column: Column, index: number, value: number): void {
  column.values[index] = value;
  column.isThere[index] = 1;
}

/** The same values under other labels. */
export function relabelled(columns: readonly Column[], labels: readonly Labels[]): Column[] {
  return columns.map((column, index) => ({ ...column, labels: labels[index] ?? {} }));
}

/** The vector at one moment. */
export function vectorAt(columns: readonly Column[], index: number): Element[] {
  const found: Element[] = [];
  for (const { labels, values, isThere } of columns)
    if (isThere[index] === 1) found.push({ labels, value: values[index] ?? Number.NaN });
  return found;
}

/** Collects vectors of one moment after the other to columns. */
export class ColumnBuilder {
  readonly columns: Column[] = [];
  readonly #byKey = new Map<string, Column>();
  // Most elements have the labels object of the moment before.
  readonly #byObject = new Map<Labels, Column>();
  readonly #space: ColumnSpace;

  constructor(count: number) {
    this.#space = new ColumnSpace(count);
  }

  add(index: number, vector: Vector): void {
    for (const { labels, value } of vector)
      put(this.#byObject.get(labels) ?? this.#find(labels), index, value);
  }

  #find(labels: Labels): Column {
    const key = writeKey(labels);
    let found = this.#byKey.get(key);
    if (found === undefined) {
      found = this.#space.column(labels);
      this.#byKey.set(key, found);
      this.columns.push(found);
    }
    this.#byObject.set(labels, found);
    return found;
  }
}

/** For each part of an expression: by column the first one with the same labels, where any have the same. */
const twins = memoize(() => memoizeBySeries(twinsIn));

function twinsIn(all: readonly Labels[]): readonly number[] | null {
  const first = new Map<string, number>();
  const found = all.map((labels, index) => {
    const key = writeKey(labels);
    const known = first.get(key) ?? index;
    first.set(key, known);
    return known;
  });
  return first.size === all.length ? null : found;
}

/**
 * Makes one column of those with the same labels, as where the metric name alone distinguished them.
 *
 * @param node identifies the part of the expression
 * @throws EvaluationError when two of them have a value at the same moment
 */
export function withoutTwins(node: object, columns: readonly Column[]): readonly Column[] {
  const firstOf = twins(node)(columns);
  if (firstOf === null) return columns;
  const merged = new Map<number, Column>();
  for (const [index, column] of columns.entries()) {
    const first = firstOf[index] ?? index;
    const before = merged.get(first);
    merged.set(first, before === undefined ? column : joined(before, column));
  }
  return [...merged.values()];
}

function joined(a: Column, b: Column): Column {
  const { labels } = a;
  const both = { labels, values: a.values.slice(), isThere: a.isThere.slice() };
  for (let index = 0; index < b.values.length; index += 1) {
    if (b.isThere[index] !== 1) continue;
    if (both.isThere[index] === 1)
      throw new EvaluationError(`Two results have the same labels: ${formatLabels(labels)}`);
    put(both, index, b.values[index] ?? Number.NaN);
  }
  return both;
}
