// Line chart over time, by uPlot: one or several series, limits as dashed lines, marks for restarts.
import uPlot from '../vendor/uplot.js';
import { loadStyle } from '../common/style.ts';
import { clock } from '../model/words.ts';

interface ChartData {
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
  /** Horizontal lines. */
  readonly limits?: readonly number[];
  /** Seconds since the epoch of vertical lines. */
  readonly marks?: readonly number[];
}

export interface ChartOptions {
  readonly height: number;
  readonly write: (value: number) => string;
  /** Ticks at powers of two. */
  readonly isBytes?: boolean;
  /** First of the six colours of lines. */
  readonly colour: number;
  /** What the chart is of, for those who do not see it. */
  readonly label: string;
  /** The pointer is over a time; null: over none. */
  readonly onPoint?: (index: number | null) => void;
}

export interface Chart {
  readonly element: HTMLElement;
  show(data: ChartData): void;
  close(): void;
}

export const COLOURS = 6;

export function createChart(options: ChartOptions): Chart {
  loadStyle('vendor/uplot.css');
  const element = document.createElement('div');
  element.className = 'plot';
  element.setAttribute('role', 'img');
  let plot: uPlot | null = null;
  let data: ChartData | null = null;
  let lines = -1;

  function draw(): void {
    if (data === null || element.clientWidth === 0) return;
    element.setAttribute('aria-label', describe(data, options));
    const columns: uPlot.AlignedData = [[...data.times], ...data.lines.map(({ values }) => [...values])];
    if (plot !== null && lines === data.lines.length) {
      plot.setData(columns);
      return;
    }
    plot?.destroy();
    lines = data.lines.length;
    plot = new uPlot(
      settings(element, options, () => data),
      columns,
      element,
    );
  }

  function redraw(): void {
    lines = -1;
    draw();
  }

  const sizes = new ResizeObserver(() => {
    if (plot === null) draw();
    else if (plot.width !== element.clientWidth)
      plot.setSize({ width: element.clientWidth, height: options.height });
  });
  sizes.observe(element);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', redraw);
  addEventListener('themechange', redraw);

  return {
    element,
    show(next) {
      data = next;
      draw();
    },
    close() {
      sizes.disconnect();
      scheme.removeEventListener('change', redraw);
      removeEventListener('themechange', redraw);
      plot?.destroy();
      plot = null;
    },
  };
}

/** `Memory, 18:00 to 18:42: now 106 MiB, from 90 MiB to 110 MiB`. */
function describe({ times, lines }: ChartData, { label, write }: ChartOptions): string {
  const [first = 0] = times;
  const last = times.at(-1) ?? 0;
  const known = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const span = `${label}, ${clock(first * 1000)} to ${clock(last * 1000)}`;
  if (known.length === 0) return `${span}: nothing known`;
  const [low, high] = bounds(known);
  const now = lines.length === 1 ? (lines[0]?.values.findLast((value) => value !== null) ?? null) : null;
  return `${span}: ${now === null ? '' : `now ${write(now)}, `}from ${write(low)} to ${write(high)}`;
}

function bounds(values: readonly (number | null)[]): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

function settings(element: HTMLElement, options: ChartOptions, data: () => ChartData | null): uPlot.Options {
  const { write, height, colour, onPoint, isBytes = false } = options;
  const paint = (name: string): string => colourOf(element, `--${name}`);
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  const axis = {
    font,
    stroke: paint('muted'),
    grid: { stroke: paint('hairline'), width: 1 },
    ticks: { show: false },
  };
  const lines = data()?.lines ?? [];
  return {
    width: element.clientWidth,
    height,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 }, sync: { key: 'charts' } },
    scales: { y: { range: (_plot, low, high) => rangeOf(low, high, data()?.limits ?? []) } },
    axes: [
      { ...axis, values: (_plot, splits) => splits.map((time) => clock(time * 1000)), size: 26, gap: 4 },
      {
        ...axis,
        values: (_plot, splits) => splits.map(write),
        size: 62,
        ...(isBytes ? { incrs: POWERS_OF_TWO } : {}),
        gap: 6,
        space: 34,
      },
    ],
    series: [
      {},
      ...lines.map((_line, index): uPlot.Series => {
        const stroke = paint(`line-${((colour - 1 + index) % COLOURS) + 1}`);
        const isOne = lines.length === 1;
        return {
          stroke,
          width: 1.4,
          ...(index >= COLOURS ? { dash: [5, 3] } : {}),
          ...(isOne ? { fill: `color-mix(in srgb, ${stroke} 9%, transparent)` } : {}),
          points: { show: false },
        };
      }),
    ],
    hooks: {
      setCursor: [(plot) => onPoint?.(plot.cursor.idx ?? null)],
      drawClear: [(plot) => drawMarks(plot, data()?.marks ?? [], paint('beat-again'))],
      draw: [(plot) => drawLimits(plot, data()?.limits ?? [], paint('red'))],
    },
  };
}

const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** From zero, with the limits as long as they are not far away. */
function rangeOf(low: number | null, high: number | null, limits: readonly number[]): [number, number] {
  const top = high ?? 0;
  const near = limits.filter((limit) => limit < top * NEAR);
  const most = Math.max(top, ...near);
  return [Math.min(0, low ?? 0), most === 0 ? 1 : most * 1.12];
}

/** A limit farther away than this many times the highest value is left out: all would lie on the ground. */
const NEAR = 6;

function drawMarks(plot: uPlot, marks: readonly number[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const time of marks) {
    const x = plot.valToPos(time, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    line(ctx, [x, bbox.top], [x, bbox.top + bbox.height]);
  }
  ctx.restore();
}

function drawLimits(plot: uPlot, limits: readonly number[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const limit of limits) {
    const y = plot.valToPos(limit, 'y', true);
    if (y >= bbox.top) line(ctx, [bbox.left, y], [bbox.left + bbox.width, y]);
  }
  ctx.restore();
}

function line(
  ctx: CanvasRenderingContext2D,
  from: readonly [number, number],
  to: readonly [number, number],
): void {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}

/** A canvas knows no custom properties: the browser resolves one on an element. */
function colourOf(element: HTMLElement, property: string): string {
  element.style.color = `var(${property})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}
