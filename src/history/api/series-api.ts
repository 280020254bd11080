// Endpoints about what is stored: series, labels, label values.
import { isLabelName, type Labels } from '../../promql/model/labels.ts';
import { QueryError } from '../query/query-error.ts';
import { readSelector } from '../query/parse-query.ts';
import { sortedByLabels } from '../query/run-query.ts';
import { createWorkBudget, mapInSlices, type WorkBudget } from '../query/work-budget.ts';
import type { StoredSeries } from '../store/history-store.ts';
import { type ApiContext, type ApiData, dataOf } from './api-context.ts';
import { countIn, type Parameters, rangeIn } from './parameters.ts';
import { writeLabels } from './write-result.ts';

const MOST_SERIES = 10_000;

/** @throws QueryError */
export async function answerSeries(parameters: Parameters, context: ApiContext): Promise<ApiData> {
  if (parameters.getAll('match[]').length === 0)
    throw new QueryError('bad_data', 'no match[] parameter provided');
  const budget = budgetOf(context);
  const found = await matching(parameters, context, { budget, named: 'match[]' });
  if (found.length > MOST_SERIES)
    throw new QueryError('execution', `the result has more than ${MOST_SERIES} series: select fewer`);
  const { kept, warnings } = limited(await sortedByLabels(found, budget), parameters);
  const written = await mapInSlices(kept, ({ labels }) => writeLabels(labels), budget);
  return { pieces: ['[', written.join(','), ']'], warnings };
}

/** @throws QueryError */
export async function answerLabels(parameters: Parameters, context: ApiContext): Promise<ApiData> {
  const names = new Set(
    (await matching(parameters, context, { budget: budgetOf(context) })).flatMap(({ labels }) =>
      Object.keys(labels),
    ),
  );
  return list(names, parameters);
}

/** @throws QueryError */
export async function answerLabelValues(
  name: string,
  parameters: Parameters,
  context: ApiContext,
): Promise<ApiData> {
  if (!isLabelName(name)) throw new QueryError('bad_data', `invalid label name: ${JSON.stringify(name)}`);
  const valueOf = (labels: Labels): string => (Object.hasOwn(labels, name) ? (labels[name] ?? '') : '');
  const values = new Set(
    (await matching(parameters, context, { budget: budgetOf(context) })).map(({ labels }) => valueOf(labels)),
  );
  values.delete('');
  return list(values, parameters);
}

function list(texts: ReadonlySet<string>, parameters: Parameters): ApiData {
  const { kept, warnings } = limited([...texts].sort(), parameters);
  return { ...dataOf(kept), warnings };
}

/** Keeps the first `limit`, as Prometheus 3 does; 0 is all. */
function limited<T>(all: readonly T[], parameters: Parameters): { kept: readonly T[]; warnings: string[] } {
  const limit = countIn(parameters, 'limit', 0);
  if (limit < 0) throw new QueryError('bad_data', 'limit must be non-negative');
  const isCut = limit > 0 && all.length > limit;
  return isCut
    ? { kept: all.slice(0, limit), warnings: ['results truncated due to limit'] }
    : { kept: all, warnings: [] };
}

/**
 * Series that match any of `match[]`, or all without one, with a sample in the time that is asked for.
 *
 * @param how `named` is the parameter that an error names; only that of `series` does
 */
async function matching(
  parameters: Parameters,
  context: ApiContext,
  { budget, named }: { readonly budget: WorkBudget; readonly named?: string },
): Promise<StoredSeries[]> {
  const { store } = context;
  const selectors = parameters
    .getAll('match[]')
    .map((text) => readSelector(text, context.generation(), named));
  const { start, end } = rangeIn(parameters, context.now());
  if (end < start) throw new QueryError('bad_data', 'end timestamp must not be before start time');
  const ticks = store.ticksBetween(start, end);
  const candidates =
    selectors.length === 0 ? [...store.all()] : new Set(selectors.flatMap((one) => store.find(one)));
  const found: StoredSeries[] = [];
  for (const series of candidates) {
    const rest = budget.spend();
    if (rest !== undefined) await rest;
    if (!series.isGone && store.isPresent(series, ticks)) found.push(series);
  }
  return found;
}

function budgetOf({ loop, mostWork, signal }: ApiContext): WorkBudget {
  return createWorkBudget({ ...loop, mostWork, signal });
}
