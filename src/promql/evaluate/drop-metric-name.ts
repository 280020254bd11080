// Labels of results without the metric name, checked for duplicates.
import { formatLabels, type Labels, withoutName, writeKey } from '../model/labels.ts';
import { memoize } from '../model/memoize.ts';
import { memoizeBySeries } from '../model/series-cache.ts';
import { EvaluationError } from '../model/value.ts';

/** Labels without the metric name, element by element, cached for each part of an expression. */
export const labelsWithoutName = memoize(() =>
  memoizeBySeries((labels): readonly Labels[] => labels.map(withoutName)),
);

/** Checks the results of a part of an expression. @throws EvaluationError when two have the same labels */
export const rejectDuplicateLabels = memoize(() => memoizeBySeries(rejectDuplicates));

function rejectDuplicates(all: readonly Labels[]): void {
  const seen = new Set<string>();
  for (const labels of all) {
    const key = writeKey(labels);
    if (seen.has(key)) throw new EvaluationError(`Two results have the same labels: ${formatLabels(labels)}`);
    seen.add(key);
  }
}
