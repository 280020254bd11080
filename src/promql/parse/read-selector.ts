// Reader of selectors: names, matchers and ranges.
import type { SyntaxNode } from '@lezer/common';
import { NAME } from '../model/labels.ts';
import { createMatcher, excludesEmpty } from '../model/matcher.ts';
import { durationAt, type DurationContext } from './read-duration.ts';
import type { Matcher, RangeSelector, Selector } from '../model/syntax-tree.ts';
import {
  childNamed,
  childOf,
  childrenOf,
  isExpression,
  syntaxError,
  placeOf,
  errorAtNode,
  stringAt,
  textOf,
} from './grammar-node.ts';

export function readSelector(node: SyntaxNode, query: DurationContext): Selector {
  const { text } = query;
  const named = node.getChild('Identifier');
  const list = node.getChild('LabelMatchers');
  const matchers = (list === null ? [] : childrenOf(list))
    .filter(({ name }) => name.endsWith('Matcher') || name === 'QuotedLabelName')
    .map((one) => readMatcher(one, query));
  if (named === null && !matchers.some(excludesEmpty))
    throw errorAtNode('A selector must ask for something that is not empty', node, text);
  const names = matchers.filter(({ label, operator }) => label === NAME && operator === '=');
  if (names.length + (named === null ? 0 : 1) > 1)
    throw errorAtNode('A selector can have only one name', node, text);
  const name = named === null ? (names[0]?.value ?? null) : textOf(named, text);
  return { kind: 'selector', name, matchers, offset: 0, fixedAt: null, ...placeOf(node) };
}

function readMatcher(node: SyntaxNode, { text, generation }: DurationContext): Matcher {
  // `{"up"}` is a metric name.
  if (node.name === 'QuotedLabelName')
    return createMatcher({ label: NAME, operator: '=', value: stringAt(node, text) });
  const [label, operator, value] = childrenOf(node);
  if (label === undefined || operator === undefined || value === undefined) throw syntaxError(text, node);
  const parts = {
    label: label.name === 'QuotedLabelName' ? stringAt(label, text) : textOf(label, text),
    operator: textOf(operator, text),
    value: stringAt(value, text),
  };
  try {
    return createMatcher(parts, generation);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'unknown';
    throw errorAtNode(`Cannot read the regular expression (${reason})`, node, text);
  }
}

export function readRange(node: SyntaxNode, query: DurationContext): RangeSelector {
  const { text } = query;
  const inner = childOf(node, isExpression);
  if (inner.name !== 'VectorSelector')
    throw errorAtNode('A range must follow the name or the matchers directly', node, text);
  const range = durationAt(childNamed(node, 'DurationExpr'), query);
  if (range.milliseconds <= 0) throw errorAtNode('A range must be longer than 0', node, text);
  return {
    kind: 'range',
    selector: readSelector(inner, query),
    range: range.milliseconds,
    ...(range.term === undefined ? {} : { rangeTerm: range.term }),
    ...placeOf(node),
  };
}
