// Errors of the query API, by the names and HTTP statuses of Prometheus.

import { EvaluationError } from '../../promql/model/value.ts';

const STATUS = { bad_data: 400, execution: 422, timeout: 503, internal: 500, unavailable: 503 } as const;

export type QueryErrorType = keyof typeof STATUS;

/** Refuses a query; the message is for the one who asked. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly type: QueryErrorType;
  /** Character of the expression at which it is wrong; null when it is not the expression. */
  readonly position: number | null;

  constructor(type: QueryErrorType, message: string, position: number | null = null) {
    super(message);
    this.type = type;
    this.position = position;
  }

  get status(): number {
    return STATUS[this.type];
  }
}

/** Calls `work`, whose faults depend on the samples. @throws QueryError execution for them */
export function asQueryErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof EvaluationError ? new QueryError('execution', error.message) : error;
  }
}

/** As Prometheus words what is wrong with a parameter. */
export function invalidParameter(name: string, reason: string, position: number | null = null): QueryError {
  return new QueryError('bad_data', `invalid parameter ${JSON.stringify(name)}: ${reason}`, position);
}
