// Line chart over time on a canvas: one or several series, limits as dashed lines, marks for restarts.
import { clock } from '../model/words.ts';
import type { ChartData, ChartOptions } from './chart-data.ts';
import { followPointer, type Followed } from './pointer.ts';
import { paintChart, type Box } from './paint.ts';
import { paletteOf, type Palette } from './palette.ts';

export interface Chart {
  readonly element: HTMLElement;
  show(data: ChartData): void;
  close(): void;
}

export { COLOURS } from './palette.ts';

export function createChart(options: ChartOptions): Chart {
  const element = document.createElement('div');
  const canvas = document.createElement('canvas');
  element.className = 'plot';
  element.setAttribute('role', 'img');
  element.setAttribute('aria-label', options.label);
  element.append(canvas);
  canvas.style.height = `${options.height}px`;
  let data: ChartData | null = null;
  let width = 0;
  let point: number | null = null;
  let palette: Palette | null = null;
  let frame = 0;

  const box = (): Box => ({ width, height: options.height });

  /** Draws with the next frame: what is asked for several times at once is drawn once. */
  function redraw(): void {
    if (frame !== 0 || data === null || width === 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      const context = canvas.getContext('2d');
      if (data === null || width === 0 || context === null) return;
      palette ??= paletteOf(element);
      resize();
      paintChart(context, data, { ...options, box: box(), palette, point });
    });
  }

  function resize(): void {
    const [wide, high] = [width, options.height].map((length) => Math.round(length * devicePixelRatio));
    if (canvas.width !== wide) canvas.width = wide ?? 0;
    if (canvas.height !== high) canvas.height = high ?? 0;
  }

  function recolour(): void {
    palette = null;
    redraw();
  }

  const followed: Followed = {
    element,
    box,
    times: () => data?.times ?? [],
    pointTo(index) {
      if (index === point) return;
      point = index;
      options.onPoint?.(index);
      redraw();
    },
  };
  const unfollow = followPointer(followed);
  const sizes = new ResizeObserver(([entry]) => {
    width = Math.floor(entry?.contentRect.width ?? 0);
    redraw();
  });
  sizes.observe(element);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', recolour);
  addEventListener('themechange', recolour);

  return {
    element,
    show(next) {
      data = next;
      element.setAttribute('aria-label', describe(next, options));
      redraw();
    },
    close() {
      cancelAnimationFrame(frame);
      data = null;
      unfollow();
      sizes.disconnect();
      scheme.removeEventListener('change', recolour);
      removeEventListener('themechange', recolour);
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
  const low = known.reduce((least, value) => Math.min(least, value));
  const high = known.reduce((most, value) => Math.max(most, value));
  const now = lines.length === 1 ? (lines[0]?.values.findLast((value) => value !== null) ?? null) : null;
  return `${span}: ${now === null ? '' : `now ${write(now)}, `}from ${write(low)} to ${write(high)}`;
}
