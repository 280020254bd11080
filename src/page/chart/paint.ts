// Drawing of a chart on its canvas: grid and labels, marks, lines, limits, and the time that the pointer is over.
import { timeTicks, valueRange, valueTicks } from '../model/curves/ticks.ts';
import { clock } from '../model/words.ts';
import type { ChartData, ChartOptions } from './chart-data.ts';
import { COLOURS, type Palette } from './palette.ts';

/** CSS pixels. */
export interface Box {
  readonly width: number;
  readonly height: number;
}

interface Paint extends Pick<ChartOptions, 'write' | 'isBytes' | 'colour'> {
  readonly box: Box;
  readonly palette: Palette;
  readonly point: number | null;
}

interface Area extends Box {
  readonly left: number;
  readonly top: number;
}

/** Pixels around the curves: labels on the left and below. */
const EDGES = { left: 62, right: 8, top: 10, bottom: 26 };
/** Least pixels between two labels. */
const APART = { x: 58, y: 34 };

/** The part of the canvas that curves are drawn in. */
export function plotArea({ width, height }: Box): Area {
  const { left, right, top, bottom } = EDGES;
  return { left, top, width: Math.max(1, width - left - right), height: Math.max(1, height - top - bottom) };
}

/** Places of times and values on the canvas. */
interface Scales {
  readonly area: Area;
  readonly x: (time: number) => number;
  readonly y: (value: number) => number;
  readonly range: readonly [low: number, high: number];
}

function scalesOf({ times, lines, limits = [], least = 0 }: ChartData, box: Box): Scales {
  const area = plotArea(box);
  const [start = 0] = times;
  const span = Math.max(1, (times.at(-1) ?? start) - start);
  const range = valueRange(
    lines.map(({ values }) => values),
    limits,
    least,
  );
  const [low, high] = range;
  return {
    area,
    range,
    x: (time) => area.left + ((time - start) / span) * area.width,
    y: (value) => area.top + (1 - (value - low) / (high - low)) * area.height,
  };
}

/** Draws all of it anew. */
export function paintChart(context: CanvasRenderingContext2D, data: ChartData, paint: Paint): void {
  const { box, palette } = paint;
  const scales = scalesOf(data, box);
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, box.width, box.height);
  context.font = palette.font;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  paintGrid(context, data, { ...paint, ...scales });
  const { left, top, width, height } = scales.area;
  const { x, y } = scales;
  context.setLineDash([2, 3]);
  for (const time of data.marks ?? []) {
    if (x(time) < left || x(time) > left + width) continue;
    stroke(context, palette.mark, [x(time), top], [x(time), top + height]);
  }
  paintLines(context, data, { ...paint, ...scales });
  context.setLineDash([5, 3]);
  for (const limit of data.limits ?? [])
    if (y(limit) >= top) stroke(context, palette.limit, [left, y(limit)], [left + width, y(limit)]);
  context.setLineDash([]);
  if (paint.point !== null) paintPoint(context, data, { ...paint, ...scales, point: paint.point });
}

function paintGrid(
  context: CanvasRenderingContext2D,
  { times }: ChartData,
  { area, x, y, range, palette, write, isBytes = false }: Paint & Scales,
): void {
  const { left, top, width, height } = area;
  const [start = 0] = times;
  context.setLineDash([]);
  context.lineWidth = 1;
  context.fillStyle = palette.text;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const value of valueTicks(...range, height / APART.y, isBytes)) {
    // On whole pixels, or a line is grey over two.
    const at = Math.round(y(value)) + 0.5;
    stroke(context, palette.grid, [left, at], [left + width, at]);
    // Nothing has no unit: `0 KiB` below `256 MiB` is read twice.
    context.fillText(value === 0 ? '0' : write(value), left - 8, at);
  }
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const offset = -60 * new Date(start * 1000).getTimezoneOffset();
  for (const time of timeTicks(start, times.at(-1) ?? start, width / APART.x, offset)) {
    const at = Math.round(x(time)) + 0.5;
    stroke(context, palette.grid, [at, top], [at, top + height]);
    context.fillText(clock(time * 1000), at, top + height + 8);
  }
}

function paintLines(
  context: CanvasRenderingContext2D,
  { times, lines }: ChartData,
  { x, y, palette, colour }: Paint & Scales,
): void {
  lines.forEach(({ values }, index) => {
    const tone = colourOf(palette, colour, index);
    context.strokeStyle = tone;
    context.setLineDash(index >= COLOURS ? [5, 3] : []);
    for (const [first, last] of runsOf(values)) {
      const path = new Path2D();
      for (let at = first; at <= last; at += 1) path.lineTo(x(times[at] ?? 0), y(values[at] ?? 0));
      // A value alone is a dot, large enough to be seen: a daemon that has just begun has no more.
      if (first === last) path.lineTo(x(times[first] ?? 0), y(values[first] ?? 0));
      context.lineWidth = first === last ? 5 : 1.4;
      context.stroke(path);
      if (lines.length > 1) continue;
      path.lineTo(x(times[last] ?? 0), y(0));
      path.lineTo(x(times[first] ?? 0), y(0));
      context.globalAlpha = 0.09;
      context.fillStyle = tone;
      // eslint-disable-next-line unicorn/no-array-fill-with-reference-type -- a canvas, no array
      context.fill(path);
      context.globalAlpha = 1;
    }
  });
  context.lineWidth = 1;
}

/** First and last index of what is known without a gap. */
function runsOf(values: readonly (number | null)[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const run = runs.at(-1);
    if (run?.[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  });
  return runs;
}

function paintPoint(
  context: CanvasRenderingContext2D,
  { times, lines }: ChartData,
  { area, x, y, palette, colour, point }: Paint & Scales & { readonly point: number },
): void {
  const at = x(times[point] ?? 0);
  stroke(context, palette.text, [at, area.top], [at, area.top + area.height]);
  lines.forEach(({ values }, index) => {
    const value = values[point] ?? null;
    if (value === null) return;
    context.fillStyle = colourOf(palette, colour, index);
    context.beginPath();
    context.arc(at, y(value), 3, 0, 2 * Math.PI);
    context.fill();
  });
}

function colourOf({ lines }: Palette, first: number, index: number): string {
  return lines[(first - 1 + index) % COLOURS] ?? '';
}

function stroke(
  context: CanvasRenderingContext2D,
  colour: string,
  from: readonly [x: number, y: number],
  to: readonly [x: number, y: number],
): void {
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}
