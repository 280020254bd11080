// Time ranges that the selectors of a query read.
import type { Selection } from '../../promql/model/series-source.ts';
import type { Expression } from '../../promql/model/syntax-tree.ts';

/** Ms since the epoch, both inclusive. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export interface RequiredRange extends TimeRange {
  readonly selector: Selection;
}

interface Reach {
  /** Greatest age of a sample that still counts as current, ms. */
  readonly lookback: number;
  /** Range of the query: what `@ start()` and `@ end()` mean. */
  readonly query: TimeRange;
}

/** Distance, ms, between two evaluations of a subquery that names none, and at most for all others that matter. */
const SUBQUERY_STEP = 60_000;

/** Returns what is read when the expression is evaluated at moments of `query`. */
export function requiredRanges(expression: Expression, query: TimeRange, lookback: number): RequiredRange[] {
  return rangesOf(expression, query, { lookback, query });
}

function rangesOf(expression: Expression, moments: TimeRange, reach: Reach): RequiredRange[] {
  const inside = (one: Expression): RequiredRange[] => rangesOf(one, moments, reach);
  switch (expression.kind) {
    case 'number':
    case 'string':
      return [];
    case 'selector':
      return [{ selector: expression, ...shifted(expression, moments, reach, reach.lookback) }];
    case 'range': {
      const { selector, range } = expression;
      return [{ selector, ...shifted(selector, moments, reach, range) }];
    }
    case 'subquery': {
      const { operand, range, step } = expression;
      return rangesOf(operand, shifted(expression, moments, reach, range + (step ?? SUBQUERY_STEP)), reach);
    }
    case 'call':
      return expression.args.flatMap(inside);
    case 'aggregation':
      return [
        ...(expression.parameter === null ? [] : inside(expression.parameter)),
        ...inside(expression.operand),
      ];
    case 'signed':
      return inside(expression.operand);
    case 'operation':
      return [...inside(expression.left), ...inside(expression.right)];
    default:
      return expression satisfies never;
  }
}

type Timing = Pick<Extract<Expression, { readonly kind: 'selector' }>, 'offset' | 'fixedAt'>;

function shifted({ offset, fixedAt }: Timing, moments: TimeRange, { query }: Reach, back: number): TimeRange {
  const { from, to } = basis(fixedAt, moments, query);
  return { from: from - offset - back, to: to - offset };
}

function basis(fixedAt: Timing['fixedAt'], moments: TimeRange, query: TimeRange): TimeRange {
  if (fixedAt === null) return moments;
  const at = fixedAt === 'start' ? query.from : fixedAt === 'end' ? query.to : fixedAt;
  return { from: at, to: at };
}
