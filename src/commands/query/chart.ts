// Charts of text: one series over several lines, or as a small line of blocks.
import type { Point } from '../../core/metrics/query-result.ts';
import { paint, type ViewOptions } from '../views/style.ts';

const BLOCKS = '▁▂▃▄▅▆▇█';
const EIGHTHS = ' ▁▂▃▄▅▆▇█';
/** Lines and most columns of a chart. */
const HEIGHT = 8;
const WIDEST = 120;
const AXIS = 9;

interface Period {
  /** Seconds. */
  readonly start: number;
  readonly end: number;
}

interface ChartOptions extends Pick<ViewOptions, 'width' | 'colour'> {
  /** Writes a value on the axis. */
  readonly write?: (value: number) => string;
}

/** Draws the values as columns, the axis on the left; a gap stays empty. */
export function drawChart(
  values: readonly Point[],
  { width, colour, write = shortNumber }: ChartOptions,
): string[] {
  const columns = Math.max(8, Math.min(WIDEST, width - AXIS - 2));
  const period = { start: values[0]?.[0] ?? 0, end: values.at(-1)?.[0] ?? 0 };
  const cells = spread(values, period, columns);
  const { low, high } = scaleOf(cells);
  const levels = cells.map((value) =>
    value === null ? 0 : Math.max(1, Math.round(((value - low) / (high - low || 1)) * HEIGHT * 8)),
  );
  return Array.from({ length: HEIGHT }, (_, index) => {
    const floor = (HEIGHT - 1 - index) * 8;
    const bar = levels.map((level) => EIGHTHS[Math.min(8, Math.max(0, level - floor))] ?? ' ').join('');
    const label = index === 0 ? write(high) : index === HEIGHT - 1 ? write(low) : '';
    return `${paint(label.padStart(AXIS), 'dim', colour)} ${paint('│', 'dim', colour)}${paint(bar.trimEnd(), 'cyan', colour)}`;
  });
}

/** Draws the values as one line of blocks over the period, between their own least and greatest. */
export function drawSpark(values: readonly Point[], period: Period, width: number): string {
  const cells = spread(values, period, width);
  const { low, high } = scaleOf(cells);
  return cells
    .map((value) =>
      value === null ? ' ' : (BLOCKS[Math.round(((value - low) / (high - low || 1)) * 7)] ?? ' '),
    )
    .join('');
}

/** The value of each column, which holds until the next one is due; null where there is none. */
function spread(values: readonly Point[], { start, end }: Period, columns: number): (number | null)[] {
  const cells = Array.from({ length: columns }, (): number | null => null);
  const columnOf = (time: number): number =>
    end > start ? Math.min(columns - 1, Math.floor(((time - start) / (end - start)) * columns)) : 0;
  const step = stepOf(values);
  for (const [index, [time, text]] of values.entries()) {
    const value = Number(text);
    const next = Math.min(values[index + 1]?.[0] ?? Infinity, time + step);
    const last = next > end ? columns - 1 : Math.max(columnOf(time), columnOf(next) - 1);
    if (Number.isFinite(value)) cells.fill(value, columnOf(time), last + 1);
  }
  return cells;
}

/** Least distance of two values, seconds. */
function stepOf(values: readonly Point[]): number {
  let least = Infinity;
  for (const [index, [time]] of values.entries())
    if (index > 0) least = Math.min(least, time - (values[index - 1]?.[0] ?? 0));
  return least;
}

function scaleOf(cells: readonly (number | null)[]): { readonly low: number; readonly high: number } {
  const numbers = cells.filter((value) => value !== null);
  if (numbers.length === 0) return { low: 0, high: 0 };
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  // What never changes fills half of the chart, not nothing.
  return low === high ? { low: low - 1, high: low + 1 } : { low, high };
}

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** At most four digits: `1.234`, `12.3k`, `123M`. */
export function shortNumber(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return value.toExponential(1);
  return scaled(value, 1000, UNITS);
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes with at most four digits: `47.03MiB`. */
export function shortSize(value: number): string {
  return Number.isFinite(value) && Math.abs(value) >= 1 ? scaled(value, 1024, SIZES) : shortNumber(value);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  const power = Math.min(
    units.length - 1,
    Math.max(0, Math.floor(Math.log(Math.abs(value) || 1) / Math.log(base) + 1e-9)),
  );
  return `${Number((value / base ** power).toPrecision(4))}${units[power] ?? ''}`;
}
