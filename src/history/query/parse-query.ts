// Expression of a query, and the refusals of the parser in the form of Prometheus.
import { PromqlError } from '../../promql/model/syntax-tree.ts';
import { type ParsedQuery, parseQuery } from '../../promql/parse/parse.ts';
import type { PrometheusMajor, Selection } from '../../promql/model/series-source.ts';
import { invalidParameter, QueryError } from './query-error.ts';

/** @throws QueryError bad_data */
export function readQuery(text: string, generation: PrometheusMajor, parameter = 'query'): ParsedQuery {
  try {
    return parseQuery(text, { generation });
  } catch (error) {
    throw error instanceof PromqlError ? refusal(text, error, parameter) : error;
  }
}

/** Reads one value of `match[]`. @throws QueryError bad_data */
export function readSelector(text: string, generation: PrometheusMajor): Selection {
  const { expression } = readQuery(text, generation, 'match[]');
  if (expression.kind === 'selector') return expression;
  throw new QueryError(
    'bad_data',
    `invalid parameter "match[]": 1:1: parse error: ${JSON.stringify(text)} is no selector of series`,
  );
}

/** As Prometheus: line and column, then what is wrong there. */
function refusal(text: string, { position, message }: PromqlError, parameter: string): QueryError {
  const before = text.slice(0, position).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return invalidParameter(parameter, `${before.length}:${column}: parse error: ${message}`, position);
}
