// Series that the rules read, and how far back: the series store keeps nothing else.
import { LOOKBACK } from '../evaluate/evaluate.ts';
import type { RuleGroup } from './rule-file.ts';
import type { RequiredSeries } from '../series/series-store.ts';
import type { Expression } from '../model/syntax-tree.ts';

/** Returns the series that rules read. @param lookback greatest age of a sample that still counts as current, ms */
export function requiredSeriesOf(groups: readonly RuleGroup[], lookback = LOOKBACK): RequiredSeries[] {
  return groups.flatMap(({ rules }) => rules.flatMap(({ expression }) => requiredBy(expression, lookback)));
}

function requiredBy(expression: Expression, lookback: number): RequiredSeries[] {
  const inside = (one: Expression): RequiredSeries[] => requiredBy(one, lookback);
  switch (expression.kind) {
    case 'number':
    case 'string':
      return [];
    case 'selector':
      return [{ selector: expression, reach: lookback + Math.max(0, expression.offset) }];
    case 'range':
      return [
        { selector: expression.selector, reach: expression.range + Math.max(0, expression.selector.offset) },
      ];
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
