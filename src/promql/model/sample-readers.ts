// Parts of an expression that read samples, with the subqueries around them.
import {
  type Expression,
  operandsOf,
  type RangeSelector,
  type Selector,
  type Subquery,
} from './syntax-tree.ts';

export interface SampleReader {
  readonly node: Selector | RangeSelector | Subquery;
  /** The subqueries inside of which it stands, the outermost first. */
  readonly within: readonly Subquery[];
}

/** Finds all selectors and subqueries; those inside of a subquery come before it. */
export function sampleReadersIn(expression: Expression, within: readonly Subquery[] = []): SampleReader[] {
  switch (expression.kind) {
    case 'selector':
    case 'range':
      return [{ node: expression, within }];
    case 'subquery':
      return [...sampleReadersIn(expression.operand, [...within, expression]), { node: expression, within }];
    case 'number':
    case 'string':
    case 'call':
    case 'aggregation':
    case 'signed':
    case 'operation':
      return operandsOf(expression).flatMap((operand) => sampleReadersIn(operand, within));
    default:
      return expression satisfies never;
  }
}
