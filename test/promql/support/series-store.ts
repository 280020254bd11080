// A store with series as promtool writes them, and what an expression comes to on it, for tests to compare at a glance.
import { evaluate } from '../../../src/promql/evaluate/evaluate.ts';
import { formatLabels } from '../../../src/promql/model/labels.ts';
import { parse } from '../../../src/promql/parse/parse.ts';
import type { EvaluationOptions, SeriesSource } from '../../../src/promql/model/series-source.ts';
import { createSeriesStore, type SeriesStore } from '../../../src/promql/series/series-store.ts';
import { labelsIn, parsePoints } from './series-notation.ts';

const EVERYTHING = [{ selector: { name: null, matchers: [] }, reach: Infinity }];

/** By series the samples, the first at 0 ms. */
export function storeOf(series: Readonly<Record<string, string>>, { interval = 15_000 } = {}): SeriesStore {
  const store = createSeriesStore(EVERYTHING);
  for (const [name, points] of Object.entries(series))
    for (const [index, point] of parsePoints(points).entries()) {
      if (point === 'stale') store.markStale(labelsIn(name), index * interval);
      else if (point !== null) store.append(labelsIn(name), index * interval, point);
    }
  return store;
}

/** Values by labels, as `up{job="a"}`; of a number by `{}`. */
export function ask(
  text: string,
  source: SeriesSource,
  { at = 0, ...options }: EvaluationOptions & { at?: number } = {},
): Record<string, number> {
  const elements = evaluate(parse(text), at, source, options);
  return Object.fromEntries(elements.map(({ labels, value }) => [formatLabels(labels), value]));
}
