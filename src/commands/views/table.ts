// Table layout: rows become lines that fit a terminal; columns leave in a given order, and one may shrink.
import type { Cell } from './style.ts';
import { fit, middle, pad, paint, widthOf } from './style.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  readonly align?: 'left' | 'right';
  /** Order of leaving when there is no room, highest first; a column without one stays. */
  readonly leaves?: number;
  /** Width to which the column shrinks before any other leaves. */
  readonly shrinksTo?: number;
  /** Widest that it becomes, however long a text is: a terminal cuts the text, in a pipe the text sticks out of its column. */
  readonly widest?: number;
  /** A cut takes the middle out: both ends tell the texts apart. */
  readonly isCutInside?: boolean;
}

interface MeasuredColumn<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly Cell[];
  readonly width: number;
}

const GAP = '  ';

/** Writes a line of titles and one line per row, none wider than `width`; empty columns are left out. */
export function layoutTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { width, colour }: { width: number; colour: boolean },
): string[] {
  const isCut = width !== Infinity;
  const laid = squeeze(columns.map((column) => measure(column, rows)).filter(hasContent), width);
  const titles = laid.map(({ column, width }) => paint(aligned(column, column.title, width), 'dim', colour));
  const body = rows.map((_, index) =>
    laid.map(({ column, cells, width }) => {
      const { text = '', style } = cells[index] ?? {};
      return paint(isCut ? aligned(column, text, width) : padded(column, text, width), style, colour);
    }),
  );
  return [titles, ...body].map((cells) => cells.join(GAP).trimEnd());
}

function measure<Row>(column: Column<Row>, rows: readonly Row[]): MeasuredColumn<Row> {
  const cells = rows.map((row) => column.cell(row));
  return { column, cells, width: widthOfColumn(column, cells) };
}

function widthOfColumn<Row>({ title, widest = Infinity }: Column<Row>, cells: readonly Cell[]): number {
  return Math.min(widest, Math.max(widthOf(title), ...cells.map(({ text }) => widthOf(text))));
}

function hasContent<Row>({ cells }: MeasuredColumn<Row>): boolean {
  return cells.some(({ text }) => text !== '');
}

function squeeze<Row>(all: readonly MeasuredColumn<Row>[], room: number): readonly MeasuredColumn<Row>[] {
  const excess = all.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length) - room;
  if (excess <= 0) return all;
  const elastic = all.find(({ column, width }) => column.shrinksTo !== undefined && width > column.shrinksTo);
  if (elastic !== undefined) {
    const width = Math.max(elastic.column.shrinksTo ?? 0, elastic.width - excess);
    return squeeze(
      all.map((each) => (each === elastic ? { ...each, width } : each)),
      room,
    );
  }
  const leaving = Math.max(...all.map(({ column }) => column.leaves ?? 0));
  if (leaving > 0) return squeeze(restored(all.filter(({ column }) => column.leaves !== leaving)), room);
  return all.map((each, index) =>
    index === 0 ? { ...each, width: Math.max(1, each.width - excess) } : each,
  );
}

// A column that shrank before another one left may grow again.
function restored<Row>(laid: readonly MeasuredColumn<Row>[]): readonly MeasuredColumn<Row>[] {
  return laid.map((each) => ({
    ...each,
    width: widthOfColumn(each.column, each.cells),
  }));
}

function aligned<Row>(column: Column<Row>, text: string, width: number): string {
  return padded(column, column.isCutInside === true ? middle(text, width) : fit(text, width), width);
}

function padded<Row>({ align }: Column<Row>, text: string, width: number): string {
  return pad(text, width, align === 'right' ? 'left' : 'right');
}
