// Endpoints that evaluate: query, query_range.
import { LOOKBACK } from '../../promql/evaluate/evaluate.ts';
import type { Element, QueryValue } from '../../promql/model/value.ts';
import type { EvaluationOptions } from '../../promql/model/series-source.ts';
import { invalidParameter, QueryError } from '../query/query-error.ts';
import { describeExpression } from '../../promql/parse/describe-expression.ts';
import { formatExpression } from '../../promql/parse/format-expression.ts';
import type { ParseOptions } from '../../promql/parse/read-expression.ts';
import type { ParsedQuery } from '../../promql/parse/parse.ts';
import { readQuery } from '../query/parse-query.ts';
import { openQuerySource } from '../query/query-source.ts';
import { evaluateAt, evaluateRange, sortedByLabels } from '../query/run-query.ts';
import { createWorkBudget, mapInSlices, type WorkBudget } from '../query/work-budget.ts';
import { type ApiContext, type ApiData, dataOf } from './api-context.ts';
import { durationIn, type Parameters, timeIn } from './parameters.ts';
import { createSeriesWriter, writeLabels, writePoint, writeTime } from './write-result.ts';

const LONGEST_QUERY = 4096;
const MOST_POINTS = 11_000;

/** Answers one value of each series at one moment. @throws QueryError */
export async function answerQuery(parameters: Parameters, context: ApiContext): Promise<ApiData> {
  const at = timeIn(parameters, 'time', context.now());
  const options = { ...optionsIn(parameters, context), rangeQuery: { start: at, end: at } };
  const budget = budgetOf(parameters, context);
  const query = queryIn(parameters, context);
  const source = await openQuerySource(context.store, query.expression, { moments: [at], budget, options });
  const warnings = warningsFor(at, context);
  await budget.spend();
  const value = await evaluateAt(query, at, { source, budget, options });
  return { ...(await written(value, at, budget)), warnings };
}

async function written(value: QueryValue, at: number, budget: WorkBudget): Promise<ApiData> {
  switch (value.type) {
    case 'string':
      return result('string', [`[${writeTime(at)},${JSON.stringify(value.value)}]`]);
    case 'scalar':
      return result('scalar', [writePoint(at, value.value)]);
    case 'vector':
      return result(
        'vector',
        await mapInSlices(value.elements, (element) => writeElement(element, at), budget),
      );
    case 'range':
      return result(
        'matrix',
        await mapInSlices(await sortedByLabels(value.windows, budget), createSeriesWriter(), budget),
      );
    default:
      return value satisfies never;
  }
}

function writeElement({ labels, value }: Element, at: number): string {
  return `{"metric":${writeLabels(labels)},"value":${writePoint(at, value)}}`;
}

/** Answers the values of each series over a range. @throws QueryError */
export async function answerQueryRange(parameters: Parameters, context: ApiContext): Promise<ApiData> {
  const steps = stepsIn(parameters);
  const options = optionsIn(parameters, context);
  const budget = budgetOf(parameters, context);
  const { start, end, step } = steps;
  const { expression, type } = queryIn(parameters, context, { step, range: end - start });
  if (type === 'range' || type === 'string')
    throw new QueryError(
      'bad_data',
      `invalid expression type ${JSON.stringify(type === 'range' ? 'range vector' : type)} for range query, must be Scalar or instant Vector`,
    );
  const moments = momentsOf(steps);
  const run = { budget, options: { ...options, rangeQuery: steps } };
  const source = await openQuerySource(context.store, expression, { ...run, moments });
  const series = await evaluateRange(expression, moments, { ...run, source });
  const texts = await mapInSlices(series, createSeriesWriter(), budget);
  return { ...result('matrix', texts), warnings: warningsFor(steps.start, context) };
}

/** For a query that is not evaluated: what `step()` and `range()` are is not known, but some time. */
const ANY = { step: 60_000, range: 3_600_000 };

/** Answers a query in the format of Prometheus. @throws QueryError */
export function answerFormatQuery(parameters: Parameters, context: ApiContext): ApiData {
  return dataOf(formatExpression(queryIn(parameters, context, ANY).expression, context.generation()));
}

/** Answers the syntax tree of a query. @throws QueryError */
export function answerParseQuery(parameters: Parameters, context: ApiContext): ApiData {
  return dataOf(describeExpression(queryIn(parameters, context, ANY).expression));
}

function queryIn(
  parameters: Parameters,
  { generation }: ApiContext,
  spans: Pick<ParseOptions, 'step' | 'range'> = {},
): ParsedQuery {
  const text = parameters.get('query') ?? '';
  if (text.length > LONGEST_QUERY) throw invalidParameter('query', `longer than ${LONGEST_QUERY} characters`);
  return readQuery(text, { generation: generation(), ...spans }, 'query');
}

function momentsOf({ start, end, step }: Steps): Float64Array {
  return Float64Array.from(
    { length: Math.floor((end - start) / step) + 1 },
    (_, index) => start + index * step,
  );
}

interface Steps {
  /** Ms since the epoch, both inclusive. */
  readonly start: number;
  readonly end: number;
  /** Ms. */
  readonly step: number;
}

function stepsIn(parameters: Parameters): Steps {
  const start = timeIn(parameters, 'start');
  const end = timeIn(parameters, 'end');
  if (end < start) throw invalidParameter('end', 'end timestamp must not be before start time');
  const step = durationIn(parameters, 'step');
  if (step <= 0)
    throw invalidParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  if (Math.floor((end - start) / step) > MOST_POINTS)
    throw new QueryError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  return { start, end, step };
}

function optionsIn(parameters: Parameters, { generation }: ApiContext) {
  const isGiven = (parameters.get('lookback_delta') ?? '') !== '';
  const lookback = isGiven ? durationIn(parameters, 'lookback_delta') : LOOKBACK;
  if (lookback <= 0) throw invalidParameter('lookback_delta', 'lookback_delta must be positive');
  return { lookback, generation: generation() } satisfies EvaluationOptions;
}

function budgetOf(parameters: Parameters, context: ApiContext): WorkBudget {
  const isGiven = (parameters.get('timeout') ?? '') !== '';
  const timeout = isGiven ? durationIn(parameters, 'timeout') : Infinity;
  const { mostWork } = context;
  return createWorkBudget({ ...context.loop, mostWork: Math.min(mostWork, timeout), signal: context.signal });
}

/** Says that a query asks for more than is kept. A history that has only begun has nothing to say. */
function warningsFor(start: number, { store }: ApiContext): readonly string[] {
  const { span, droppedUntil } = store;
  if (span === null || droppedUntil === null || start > droppedUntil) return [];
  return [
    `The history begins at ${new Date(span.oldest).toISOString()}: what is older is not kept (history.retention, history.maxBytes)`,
  ];
}

function result(type: string, written: readonly string[]): ApiData {
  const isList = type === 'vector' || type === 'matrix';
  const [open, close] = isList ? ['[', ']'] : ['', ''];
  return { pieces: [`{"resultType":"${type}","result":${open}`, ...joined(written), `${close}}`] };
}

function joined(written: readonly string[]): string[] {
  return written.map((one, index) => (index === 0 ? one : `,${one}`));
}
