// How each kind of expression is read from the grammar's tree.
import type { SyntaxNode } from '@lezer/common';
import { createChoice } from './labels.ts';
import { parseNumber } from './literals.ts';
import { readOffset, readRange, readSelector } from './read-selector.ts';
import type { Expression, Matching, Operation } from './syntax.ts';
import {
  childNamed,
  childOf,
  childrenOf,
  isExpression,
  lacking,
  misread,
  placeOf,
  stringAt,
  textOf,
} from './tree.ts';

type Reader = (node: SyntaxNode, text: string) => Expression;

const READERS: Readonly<Record<string, Reader>> = {
  ParenExpr: (node, text) => readExpression(childOf(node, isExpression), text),
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

/** What there is in PromQL, and not here. */
const LACKING: Readonly<Record<string, string>> = {
  StepInvariantExpr: 'the @ modifier',
  SubqueryExpr: 'subqueries',
  AnchoredExpr: 'the anchored modifier',
  SmoothedExpr: 'the smoothed modifier',
};

/** @throws PromqlError */
export function readExpression(node: SyntaxNode, text: string): Expression {
  const reader = READERS[node.name];
  if (reader !== undefined) return reader(node, text);
  throw lacking(LACKING[node.name] ?? node.name, node, text);
}

function readNumber(node: SyntaxNode, text: string): Expression {
  const value = parseNumber(textOf(node, text).replaceAll(/\s/gu, ''));
  if (value === null) throw misread(text, node);
  return { kind: 'number', value, ...placeOf(node) };
}

function readUnary(node: SyntaxNode, text: string): Expression {
  const operand = readExpression(childOf(node, isExpression), text);
  const isNegative = textOf(childNamed(node, 'UnaryOp'), text) === '-';
  return { kind: 'signed', isNegative, operand, ...placeOf(node) };
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
  const parts = childrenOf(node);
  const [left, sign] = parts;
  const right = parts.at(-1);
  if (left === undefined || right === undefined || sign === undefined) throw misread(text, node);
  const operator = OPERATORS[sign.name];
  if (operator === undefined) throw lacking('such operator', sign, text);
  for (const part of parts.slice(2, -1))
    if (part.name !== 'BoolModifier' && part.name !== 'MatchingModifierClause')
      throw lacking('such modifier', part, text);
  return {
    kind: 'operation',
    operator,
    left: readExpression(left, text),
    right: readExpression(right, text),
    isBool: node.getChild('BoolModifier') !== null,
    matching: readMatching(node.getChild('MatchingModifierClause'), text),
    ...placeOf(node),
  };
}

function readMatching(clause: SyntaxNode | null, text: string): Matching {
  const parts = clause === null ? [] : childrenOf(clause);
  const lists = parts.filter(({ name }) => name === 'GroupingLabels').map((list) => labelsAt(list, text));
  const has = (word: string): boolean => parts.some(({ name }) => name === word);
  return {
    choice: createChoice(has('On') ? 'only' : 'without', lists[0] ?? []),
    many: has('GroupLeft') ? 'left' : has('GroupRight') ? 'right' : null,
    include: lists[1] ?? [],
  };
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
  const isWithout = modifier !== null && modifier.getChild('Without') !== null;
  const grouping = createChoice(isWithout ? 'without' : 'only', labels);
  const parameter = args.length === 2 ? (args[0] ?? null) : null;
  return { kind: 'aggregation', operator, parameter, operand, grouping, ...placeOf(node) };
}

function argumentsOf(node: SyntaxNode, text: string): Expression[] {
  return childrenOf(childNamed(node, 'FunctionCallBody'))
    .filter(isExpression)
    .map((one) => readExpression(one, text));
}

function labelsAt(node: SyntaxNode, text: string): string[] {
  return childrenOf(node)
    .filter(({ name }) => name.endsWith('LabelName'))
    .map((one) => (one.name.startsWith('Quoted') ? stringAt(one, text) : textOf(one, text)));
}
