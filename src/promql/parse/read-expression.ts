// Reader of expressions: grammar tree to syntax tree.
import type { SyntaxNode } from '@lezer/common';
import { createLabelSelection } from '../model/labels.ts';
import { isOperator, numberAt, readOperators } from './read-operators.ts';
import { readRange, readSelector } from './read-selector.ts';
import type { Expression } from '../model/syntax-tree.ts';
import {
  childNamed,
  childOf,
  childrenOf,
  isExpression,
  labelsAt,
  unsupported,
  syntaxError,
  placeOf,
  stringAt,
  textOf,
} from './grammar-node.ts';

type Reader = (node: SyntaxNode, text: string) => Expression;

const READERS: Readonly<Record<string, Reader>> = {
  ParenExpr: (node, text) => readExpression(childOf(node, isExpression), text),
  NumberDurationLiteral: numberAt,
  StringLiteral: (node, text) => ({ kind: 'string', value: stringAt(node, text), ...placeOf(node) }),
  VectorSelector: readSelector,
  MatrixSelector: readRange,
  FunctionCall: readCall,
  AggregateExpr: readAggregation,
};

/** Constructs of PromQL that this engine does not support. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  StepInvariantExpr: '@ modifier',
  SubqueryExpr: 'subqueries',
  AnchoredExpr: 'anchored modifier',
  SmoothedExpr: 'smoothed modifier',
};

/** @throws PromqlError */
export function readExpression(node: SyntaxNode, text: string): Expression {
  if (isOperator(node, text)) return readOperators(node, text, readExpression);
  const reader = READERS[node.name];
  if (reader !== undefined) return reader(node, text);
  throw unsupported(UNSUPPORTED[node.name] ?? node.name, node, text);
}

function readCall(node: SyntaxNode, text: string): Expression {
  const name = textOf(childNamed(node, 'FunctionIdentifier'), text);
  return { kind: 'call', name, args: argumentsOf(node, text), ...placeOf(node) };
}

function readAggregation(node: SyntaxNode, text: string): Expression {
  const operator = textOf(childNamed(node, 'AggregateOp'), text).toLowerCase();
  const args = argumentsOf(node, text);
  const operand = args.at(-1);
  if (operand === undefined || args.length > 2) throw syntaxError(text, node);
  const modifier = node.getChild('AggregateModifier');
  const labels = modifier === null ? [] : labelsAt(childNamed(modifier, 'GroupingLabels'), text);
  const isWithout = modifier !== null && modifier.getChild('Without') !== null;
  const grouping = createLabelSelection(isWithout ? 'without' : 'only', labels);
  const parameter = args.length === 2 ? (args[0] ?? null) : null;
  return { kind: 'aggregation', operator, parameter, operand, grouping, ...placeOf(node) };
}

function argumentsOf(node: SyntaxNode, text: string): Expression[] {
  return childrenOf(childNamed(node, 'FunctionCallBody'))
    .filter(isExpression)
    .map((one) => readExpression(one, text));
}
