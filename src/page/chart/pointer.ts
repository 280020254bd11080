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
    const share = (offsetX - left) / width;
    const time = times[Math.round(share * (times.length - 1))];
    pointAllTo(share >= 0 && share <= 1 ? time : undefined);
  }
  const onLeave = (): void => pointAllTo(undefined);
  open.add(chart);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerleave', onLeave);
  return () => {
    open.delete(chart);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerleave', onLeave);
  };
}

function pointAllTo(time: number | undefined): void {
  for (const { times, pointTo } of open) pointTo(time === undefined ? null : nearest(times(), time));
}

/** Null where the chart does not reach that far. */
function nearest(times: readonly number[], time: number): number | null {
  const [first] = times;
  const last = times.at(-1);
  if (first === undefined || last === undefined || last === first) return null;
  const index = Math.round(((time - first) / (last - first)) * (times.length - 1));
  return index in times ? index : null;
}
