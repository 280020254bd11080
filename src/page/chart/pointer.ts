// Pointer over charts: all that are open show the same time, wherever the pointer is.
import { plotArea, type Box } from './paint.ts';

export interface Followed {
  readonly element: HTMLElement;
  readonly box: () => Box;
  /** Seconds since the epoch. */
  readonly times: () => readonly number[];
  /** Null: the pointer is over no time. */
  readonly pointTo: (index: number | null) => void;
}

const open = new Set<Followed>();

/** Shows in every open chart the time that the pointer is over. Returns its stop. */
export function followPointer(chart: Followed): () => void {
  const { element } = chart;
  function onMove({ offsetX }: PointerEvent): void {
    const { left, width } = plotArea(chart.box());
    const times = chart.times();
    const [first = 0] = times;
    const share = (offsetX - left) / width;
    const isInside = share >= 0 && share <= 1 && times.length > 1;
    pointAllTo(isInside ? first + share * ((times.at(-1) ?? first) - first) : null);
  }
  const onLeave = (): void => pointAllTo(null);
  open.add(chart);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerleave', onLeave);
  return () => {
    open.delete(chart);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerleave', onLeave);
  };
}

function pointAllTo(time: number | null): void {
  for (const { times, pointTo } of open) pointTo(time === null ? null : nearest(times(), time));
}

/** Null where the chart does not reach that far. */
function nearest(times: readonly number[], time: number): number | null {
  const next = times.findIndex((one) => one >= time);
  if (next <= 0) return next === 0 && times[0] === time ? 0 : null;
  return time - (times[next - 1] ?? 0) < (times[next] ?? 0) - time ? next - 1 : next;
}
