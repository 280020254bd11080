// Reader of selectors: names, matchers and ranges.
import type { SyntaxNode } from '@lezer/common';
import { NAME } from '../model/labels.ts';
import { parseDuration, parseNumber } from '../model/literals.ts';
import { createMatcher, excludesEmpty } from '../model/matcher.ts';
import type { Matcher, RangeSelector, Selector } from '../model/syntax-tree.ts';
import {
  childNamed,
  childOf,
  childrenOf,
  isExpression,
  unsupported,
  syntaxError,
  placeOf,
  errorAtNode,
  stringAt,
  textOf,
} from './grammar-node.ts';

export function readSelector(node: SyntaxNode, text: string): Selector {
  const named = node.getChild('Identifier');
  const list = node.getChild('LabelMatchers');
  const matchers = (list === null ? [] : childrenOf(list))
    .filter(({ name }) => name.endsWith('Matcher') || name === 'QuotedLabelName')
    .map((one) => readMatcher(one, text));
  if (named === null && !matchers.some(excludesEmpty))
    throw errorAtNode('A selector must ask for something that is not empty', node, text);
  const names = matchers.filter(({ label, operator }) => label === NAME && operator === '=');
  if (names.length + (named === null ? 0 : 1) > 1)
    throw errorAtNode('A selector can have only one name', node, text);
  const name = named === null ? (names[0]?.value ?? null) : textOf(named, text);
  return { kind: 'selector', name, matchers, offset: 0, ...placeOf(node) };
}

function readMatcher(node: SyntaxNode, text: string): Matcher {
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
    return createMatcher(parts);
  } catch {
    throw unsupported('regular expression like this', node, text);
  }
}

export function readRange(node: SyntaxNode, text: string): RangeSelector {
  const inner = childOf(node, isExpression);
  if (inner.name !== 'VectorSelector')
    throw errorAtNode('A range must follow the name or the matchers directly', node, text);
  const range = durationAt(childNamed(node, 'DurationExpr'), text);
  if (range <= 0) throw errorAtNode('A range must be longer than 0', node, text);
  return { kind: 'range', selector: readSelector(inner, text), range, ...placeOf(node) };
}

/** Reads `5m`, or `300` in seconds, as milliseconds. */
export function durationAt(node: SyntaxNode, text: string): number {
  const written = textOf(node, text);
  const duration = parseDuration(written) ?? Math.round((parseNumber(written) ?? Number.NaN) * 1000);
  if (!Number.isFinite(duration)) throw unsupported('arithmetic with durations', node, text);
  return duration;
}
