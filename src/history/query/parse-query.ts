// Expression of a query, and the refusals of the parser in the form of Prometheus.
import { PromqlError } from '../../promql/model/syntax-tree.ts';
import { type ParsedQuery, parseQuery } from '../../promql/parse/parse.ts';
import type { ParseOptions } from '../../promql/parse/read-expression.ts';
import type { PrometheusMajor, Selection } from '../../promql/model/series-source.ts';
import { invalidParameter, QueryError } from './query-error.ts';

/** @param parameter what an error names, if anything. @throws QueryError bad_data */
export function readQuery(text: string, options: ParseOptions, parameter?: string): ParsedQuery {
  try {
    return parseQuery(text, options);
  } catch (error) {
    throw error instanceof PromqlError ? refusal(text, error, parameter) : error;
  }
}

/** Reads one value of `match[]`. @throws QueryError bad_data */
export function readSelector(text: string, generation: PrometheusMajor, parameter?: string): Selection {
  if (/^\s*\{\s*\}\s*$/u.test(text))
    throw refused('match[] must contain at least one non-empty matcher', parameter);
  const { expression } = readQuery(text, { generation }, parameter);
  if (expression.kind === 'selector' && expression.offset === 0 && expression.fixedAt === null)
    return expression;
  throw refused(`1:1: parse error: ${JSON.stringify(text)} is no selector of series`, parameter);
}

/** As Prometheus: line and column, then what is wrong there. */
function refusal(text: string, { position, message }: PromqlError, parameter?: string): QueryError {
  const before = text.slice(0, position).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return refused(`${before.length}:${column}: parse error: ${message}`, parameter, position);
}

function refused(reason: string, parameter?: string, position: number | null = null): QueryError {
  return parameter === undefined
    ? new QueryError('bad_data', reason, position)
    : invalidParameter(parameter, reason, position);
}
