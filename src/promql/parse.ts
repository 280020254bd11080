// How the text of an expression becomes a tree, or a refusal that says where and what.
import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';
import { checkTypes } from './check-types.ts';
import { NAME } from './labels.ts';
import { parseDuration, parseNumber, parseString } from './literals.ts';
import { createMatcher, selectsSomething } from './matcher.ts';
import {
  type Expression,
  type Matcher,
  type Matching,
  type Operation,
  PromqlError,
  type Selector,
} from './syntax.ts';

/** @throws PromqlError for what is no PromQL, and for what of it this engine lacks */
export function parse(text: string): Expression {
  const tree = parser.parse(text);
  const root = children(tree.topNode).find(isExpression);
  const fault = firstFault(tree.topNode);
  if (root === undefined || fault !== null) throw misread(text, fault ?? tree.topNode);
  const expression = read(root, text);
  checkTypes(expression, text);
  return expression;
}

function firstFault(top: SyntaxNode): SyntaxNode | null {
  let found: SyntaxNode | null = null;
  top.cursor().iterate((node) => {
    if (found === null && node.type.isError) found = node.node;
  });
  return found;
}

function misread(text: string, node: SyntaxNode): PromqlError {
  const construct = text.slice(node.from).split('\n', 1)[0]?.slice(0, 40) ?? '';
  return new PromqlError('Cannot read the expression', {
    position: node.from,
    construct: construct === '' ? 'its end' : construct,
  });
}

type Reader = (node: SyntaxNode, text: string) => Expression;

const READERS: Readonly<Record<string, Reader>> = {
  ParenExpr: (node, text) => read(childOf(node, isExpression), text),
  NumberDurationLiteral: readNumber,
  StringLiteral: (node, text) => ({ kind: 'string', value: stringAt(node, text), ...placeOf(node) }),
  VectorSelector: readSelector,
  MatrixSelector: readRange,
  OffsetExpr: readOffset,
  UnaryExpr: readUnary,
  BinaryExpr: readOperation,
  FunctionCall: readCall,
  AggregateExpr: readAggregation,
};

function read(node: SyntaxNode, text: string): Expression {
  const reader = READERS[node.name];
  if (reader !== undefined) return reader(node, text);
  throw lacking(WORDS[node.name] ?? node.name, node, text);
}

/** What there is in PromQL, and not here. */
const WORDS: Readonly<Record<string, string>> = {
  StepInvariantExpr: 'the @ modifier',
  SubqueryExpr: 'subqueries',
  AnchoredExpr: 'the anchored modifier',
  SmoothedExpr: 'the smoothed modifier',
};

function lacking(what: string, { from, to }: { from: number; to: number }, text: string): PromqlError {
  return new PromqlError(`This engine has no ${what}, found`, {
    position: from,
    construct: text.slice(from, to),
  });
}

function readNumber(node: SyntaxNode, text: string): Expression {
  const value = parseNumber(textOf(node, text));
  if (value === null) throw misread(text, node);
  return { kind: 'number', value, ...placeOf(node) };
}

function readSelector(node: SyntaxNode, text: string): Selector {
  const named = node.getChild('Identifier');
  const matchers = (
    node.getChild('LabelMatchers') === null ? [] : children(childNamed(node, 'LabelMatchers'))
  )
    .filter(({ name }) => name.endsWith('Matcher') || name === 'QuotedLabelName')
    .map((one) => readMatcher(one, text));
  const name = named === null ? null : textOf(named, text);
  if (name === null && !matchers.some(selectsSomething))
    throw new PromqlError('A selector must ask for something that is not empty', {
      position: node.from,
      construct: textOf(node, text),
    });
  return { kind: 'selector', name, matchers, offset: 0, ...placeOf(node) };
}

function readMatcher(node: SyntaxNode, text: string): Matcher {
  // `{"up"}` is the name alone.
  if (node.name === 'QuotedLabelName')
    return createMatcher({ label: NAME, operator: '=', value: stringAt(node, text) });
  const [label, operator, value] = children(node);
  if (label === undefined || operator === undefined || value === undefined) throw misread(text, node);
  const parts = {
    label: label.name === 'QuotedLabelName' ? stringAt(label, text) : textOf(label, text),
    operator: textOf(operator, text),
    value: stringAt(value, text),
  };
  try {
    return createMatcher(parts);
  } catch {
    throw lacking('regular expression like this', node, text);
  }
}

function readRange(node: SyntaxNode, text: string): Expression {
  const selector = readSelector(childNamed(node, 'VectorSelector'), text);
  const range = durationAt(childNamed(node, 'DurationExpr'), text);
  if (range <= 0)
    throw new PromqlError('A range must be longer than 0', {
      position: node.from,
      construct: textOf(node, text),
    });
  return { kind: 'range', selector, range, ...placeOf(node) };
}

function readOffset(node: SyntaxNode, text: string): Expression {
  const inner = read(childOf(node, isExpression), text);
  const offset = offsetAt(childNamed(node, 'OffsetDurationExpr'), text);
  if (inner.kind === 'selector') return { ...inner, offset, ...placeOf(node) };
  if (inner.kind === 'range') return { ...inner, selector: { ...inner.selector, offset }, ...placeOf(node) };
  throw misread(text, node);
}

function offsetAt(node: SyntaxNode, text: string): number {
  const inner = node.getChild('OffsetDurationExpr');
  if (inner === null) return durationAt(node, text);
  return (textOf(childNamed(node, 'UnaryOp'), text) === '-' ? -1 : 1) * offsetAt(inner, text);
}

function readUnary(node: SyntaxNode, text: string): Expression {
  const operand = read(childOf(node, isExpression), text);
  return textOf(childNamed(node, 'UnaryOp'), text) === '-'
    ? { kind: 'negation', operand, ...placeOf(node) }
    : operand;
}

const OPERATORS: Readonly<Record<string, Operation['operator']>> = {
  Add: '+',
  Sub: '-',
  Mul: '*',
  Div: '/',
  Mod: '%',
  Pow: '^',
  Atan2: 'atan2',
  Eql: '==',
  Neq: '!=',
  Gtr: '>',
  Lss: '<',
  Gte: '>=',
  Lte: '<=',
  And: 'and',
  Or: 'or',
  Unless: 'unless',
};

function readOperation(node: SyntaxNode, text: string): Expression {
  const parts = children(node);
  const [left, sign] = parts;
  const right = parts.at(-1);
  const operator = OPERATORS[sign?.name ?? ''];
  if (left === undefined || right === undefined || sign === undefined || operator === undefined)
    throw lacking('such operator', sign ?? node, text);
  for (const part of parts.slice(2, -1))
    if (part.name !== 'BoolModifier' && part.name !== 'MatchingModifierClause')
      throw lacking('such modifier', part, text);
  return {
    kind: 'operation',
    operator,
    left: read(left, text),
    right: read(right, text),
    isBool: node.getChild('BoolModifier') !== null,
    matching: readMatching(node.getChild('MatchingModifierClause'), text),
    ...placeOf(node),
  };
}

function readMatching(clause: SyntaxNode | null, text: string): Matching {
  const found: { -readonly [Key in keyof Matching]: Matching[Key] } = {
    mode: 'ignoring',
    labels: [],
    many: null,
    include: [],
  };
  let last = '';
  for (const part of clause === null ? [] : children(clause)) {
    if (part.name === 'GroupingLabels') {
      if (last === 'On' || last === 'Ignoring') found.labels = labelsAt(part, text);
      else found.include = labelsAt(part, text);
    } else if (part.name === 'On') found.mode = 'on';
    else if (part.name === 'GroupLeft') found.many = 'left';
    else if (part.name === 'GroupRight') found.many = 'right';
    else if (part.name !== 'Ignoring') throw lacking('such modifier', part, text);
    last = part.name;
  }
  return found;
}

function readCall(node: SyntaxNode, text: string): Expression {
  const name = textOf(childNamed(node, 'FunctionIdentifier'), text);
  return { kind: 'call', name, args: argumentsOf(node, text), ...placeOf(node) };
}

function readAggregation(node: SyntaxNode, text: string): Expression {
  const operator = textOf(childNamed(node, 'AggregateOp'), text).toLowerCase();
  const args = argumentsOf(node, text);
  const operand = args.at(-1);
  if (operand === undefined || args.length > 2) throw misread(text, node);
  const modifier = node.getChild('AggregateModifier');
  const labels = modifier === null ? [] : labelsAt(childNamed(modifier, 'GroupingLabels'), text);
  const mode = modifier?.getChild('Without') ? 'without' : 'by';
  const parameter = args.length === 2 ? (args[0] ?? null) : null;
  return { kind: 'aggregation', operator, parameter, operand, grouping: { mode, labels }, ...placeOf(node) };
}

function argumentsOf(node: SyntaxNode, text: string): Expression[] {
  return children(childNamed(node, 'FunctionCallBody'))
    .filter(isExpression)
    .map((one) => read(one, text));
}

function labelsAt(node: SyntaxNode, text: string): string[] {
  return children(node)
    .filter(({ name }) => name.endsWith('LabelName'))
    .map((one) => (one.name.startsWith('Quoted') ? stringAt(one, text) : textOf(one, text)));
}

function durationAt(node: SyntaxNode, text: string): number {
  const written = textOf(node, text);
  const duration = parseDuration(written);
  if (duration !== null) return duration;
  const seconds = parseNumber(written);
  if (seconds === null) throw lacking('arithmetic with durations', node, text);
  return Math.round(seconds * 1000);
}

function stringAt(node: SyntaxNode, text: string): string {
  const value = parseString(textOf(node, text));
  if (value === null)
    throw new PromqlError('Cannot read the string', { position: node.from, construct: textOf(node, text) });
  return value;
}

function isExpression({ name }: SyntaxNode): boolean {
  return name.endsWith('Expr')
    ? !name.endsWith('DurationExpr')
    : /Selector$|Literal$|^FunctionCall$/u.test(name);
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'LineComment') found.push(child);
  return found;
}

function childOf(node: SyntaxNode, isWanted: (child: SyntaxNode) => boolean): SyntaxNode {
  const found = children(node).find(isWanted);
  if (found === undefined) throw new Error(`The grammar has changed: ${node.name} without its part`);
  return found;
}

function childNamed(node: SyntaxNode, name: string): SyntaxNode {
  return childOf(node, (child) => child.name === name);
}

function textOf({ from, to }: SyntaxNode, text: string): string {
  return text.slice(from, to);
}

function placeOf({ from, to }: SyntaxNode): { from: number; to: number } {
  return { from, to };
}
