// Labels of results without the metric name, checked for duplicates.
import { formatLabels, type Labels, withoutName, writeKey } from '../model/labels.ts';
import { memoize } from '../model/memoize.ts';
import { memoizeBySeries } from './series-cache.ts';
import { EvaluationError } from '../model/value.ts';

/** Of what a part of an expression is given, element by element. */
export const labelsWithoutName = memoize(() =>
  memoizeBySeries((labels): readonly Labels[] => labels.map(withoutName)),
);

/** For a part of an expression whose results might be called the same. @throws EvaluationError when they are */
export const rejectDuplicateLabels = memoize(() => memoizeBySeries(refuseEqual));

function refuseEqual(all: readonly Labels[]): void {
  const seen = new Set<string>();
  for (const labels of all) {
    const key = writeKey(labels);
    if (seen.has(key)) throw new EvaluationError(`Two results have the same labels: ${formatLabels(labels)}`);
    seen.add(key);
  }
}
