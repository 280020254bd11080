// Series that the rules read, and how far back: the series store keeps nothing else.
import { LOOKBACK } from '../evaluate/evaluate.ts';
import { parse } from '../parse/parse.ts';
import type { Rule, RuleGroup } from './rule-file.ts';
import { sampleReadersIn } from '../model/sample-readers.ts';
import type { RequiredSeries } from '../series/series-store.ts';
import { type Expression, type FixedTime, PromqlError } from '../model/syntax-tree.ts';

/**
 * Ms for which a series is kept that a rule reads at a fixed time (`@ 1700000000`): what is older has no samples, as in a
 * Prometheus beyond its retention.
 */
const FIXED_TIME_REACH = 6 * 3_600_000;

/** Returns the series that rules read. @param lookback greatest age of a sample that still counts as current, ms */
export function requiredSeriesOf(groups: readonly RuleGroup[], lookback = LOOKBACK): RequiredSeries[] {
  return groups.flatMap(({ rules }) =>
    rules.flatMap((rule) => [...requiredBy(rule.expression, lookback), ...requiredByTexts(rule, lookback)]),
  );
}

/** What the queries in labels and annotations read; of one that cannot be parsed it is nothing. */
function requiredByTexts(rule: Rule, lookback: number): RequiredSeries[] {
  if (rule.kind === 'recording') return [];
  const templates = [...Object.values(rule.labels), ...Object.values(rule.annotations)];
  return templates
    .flatMap(({ queries }) => queries)
    .flatMap(({ text, isFormat }) => {
      const expression = parsed(isFormat ? text.replaceAll(/%[-+ 0]*\d*(?:\.\d+)?[a-zA-Z]/gu, '0') : text);
      const series = expression === null ? [] : requiredBy(expression, lookback);
      // What is filled in is not known: every series of the name.
      return isFormat
        ? series.map(({ selector, reach }) => ({ selector: { name: selector.name, matchers: [] }, reach }))
        : series;
    });
}

function parsed(text: string): Expression | null {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof PromqlError) return null;
    throw error;
  }
}

/** A series is read as far back as its selector reads, and from where the subqueries around it begin. */
function requiredBy(expression: Expression, lookback: number): RequiredSeries[] {
  return sampleReadersIn(expression).flatMap(({ node, within }) => {
    if (node.kind === 'subquery') return [];
    const before = within.reduce((sum, subquery) => sum + subquery.range + reachBack(subquery), 0);
    const [selector, own] = node.kind === 'range' ? [node.selector, node.range] : [node, lookback];
    return [{ selector, reach: before + own + reachBack(selector) }];
  });
}

/** In a rule `start()` and `end()` are the moment of the evaluation. */
function reachBack({ offset, fixedAt }: { offset: number; fixedAt: FixedTime | null }): number {
  return Math.max(0, offset) + (typeof fixedAt === 'number' ? FIXED_TIME_REACH : 0);
}
