// Growth of many series at one moment: as their windows would give it, without a window for each.
import { createExtrapolation, type Growth, shapeOfEnds, type WindowShape } from '../functions/rates.ts';
import type { WindowMeasure } from '../functions/functions.ts';
import { type Labels, withoutName } from '../model/labels.ts';
import { memoize } from '../model/memoize.ts';
import type { Series } from '../model/series-source.ts';
import type { RangeSelector } from '../model/syntax-tree.ts';
import type { Element } from '../model/value.ts';
import { indicesIn, type Moment, readingTime } from './select-series.ts';

/** By the list that a source returns, which is the same one as long as the series are. */
const labelsOf = memoize((all: readonly Series[]): readonly Labels[] =>
  all.map(({ labels }) => withoutName(labels)),
);

/** Samples of a window, as those of all series with the same times have them. */
interface Place {
  readonly of: Series;
  readonly from: number;
  readonly to: number;
  /** Null with fewer than two samples. */
  readonly shape: WindowShape | null;
}

/**
 * Measures growth in the window of each series; what has none is left out. The metric name is left out of the labels, so it must
 * be the same for all.
 *
 * @param measure the same for a window that falls, or has ended
 */
export function selectGrowth(
  { selector, range }: RangeSelector,
  moment: Moment,
  { growth, measure }: { readonly growth: Growth; readonly measure: WindowMeasure },
): Element[] {
  const { generation } = moment;
  const extrapolate = createExtrapolation(growth, generation);
  const end = readingTime(selector, moment);
  const edges = { start: end - range, end };
  const all = moment.source.select(selector);
  const labels = labelsOf(all);
  const found: Element[] = [];
  let place: Place | null = null;
  for (let index = 0; index < all.length; index += 1) {
    const series = all[index];
    if (series === undefined) continue;
    if (place === null || series.hasTimesOf?.(place.of) !== true) place = placeOf(series, edges, generation);
    const { from, to, shape } = place;
    if (shape === null) continue;
    let value: number | null;
    if (series.neverFallsIn?.(from, to) === true) {
      const first = series.valueAt(from);
      const change = series.valueAt(to - 1) - first;
      // Nothing, however far it is extrapolated. Most counters never count.
      value = change === 0 ? change : extrapolate(shape, first, change);
    } else value = measure(series.windowOf(from, to), edges);
    if (value !== null) found.push({ labels: labels[index] ?? {}, value });
  }
  return found;
}

function placeOf(
  series: Series,
  edges: { readonly start: number; readonly end: number },
  generation: Moment['generation'],
): Place {
  const { from, to } = indicesIn(series, edges, generation);
  const times = { count: to - from, firstTime: series.timeAt(from), lastTime: series.timeAt(to - 1) };
  return { of: series, from, to, shape: shapeOfEnds(times, edges) };
}
