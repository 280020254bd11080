// Reader of expressions: grammar tree to syntax tree.
import type { SyntaxNode } from '@lezer/common';
import { createLabelSelection } from '../model/labels.ts';
import { isOperator, numberAt, readOperators } from './read-operators.ts';
import { readRange, readSelector } from './read-selector.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
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

export interface ParseOptions {
  /** Major version of Prometheus whose language it is: in a regular expression of version 3 `.` matches a line break as well. */
  readonly generation?: PrometheusMajor;
  /** Ms between two moments of a range query, and from its first to its last: `step()` and `range()` of durations; 0 for one moment. */
  readonly step?: number;
  readonly range?: number;
}

/** The text of a query, and the version of Prometheus for which it was written. */
type Query = { readonly text: string } & Required<ParseOptions>;
type Reader = (node: SyntaxNode, query: Query) => Expression;

const READERS: Readonly<Record<string, Reader>> = {
  ParenExpr(node, query) {
    const inner = readExpression(childOf(node, isExpression), query);
    return { ...inner, brackets: (inner.brackets ?? 0) + 1 };
  },
  NumberDurationLiteral: (node, { text }) => numberAt(node, text),
  StringLiteral: (node, { text }) => ({
    kind: 'string',
    value: stringAt(node, text),
    ...placeOf(node),
  }),
  VectorSelector: readSelector,
  MatrixSelector: readRange,
  FunctionCall: readCall,
  AggregateExpr: readAggregation,
};

/** Constructs of PromQL that this engine does not support. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  AnchoredExpr: 'anchored modifier',
  SmoothedExpr: 'smoothed modifier',
};

/** @throws PromqlError */
export function readExpression(node: SyntaxNode, query: Query): Expression {
  const { text } = query;
  if (isOperator(node, text)) return readOperators(node, query, (inner) => readExpression(inner, query));
  const reader = READERS[node.name];
  if (reader !== undefined) return reader(node, query);
  throw unsupported(UNSUPPORTED[node.name] ?? node.name, node, text);
}

function readCall(node: SyntaxNode, query: Query): Expression {
  const name = textOf(childNamed(node, 'FunctionIdentifier'), query.text);
  return { kind: 'call', name, args: argumentsOf(node, query), ...placeOf(node) };
}

function readAggregation(node: SyntaxNode, query: Query): Expression {
  const { text } = query;
  const operator = textOf(childNamed(node, 'AggregateOp'), text).toLowerCase();
  const args = argumentsOf(node, query);
  const operand = args.at(-1);
  if (operand === undefined || args.length > 2) throw syntaxError(text, node);
  const modifier = node.getChild('AggregateModifier');
  const labels = modifier === null ? [] : labelsAt(childNamed(modifier, 'GroupingLabels'), text);
  const isWithout = modifier !== null && modifier.getChild('Without') !== null;
  const grouping = createLabelSelection(isWithout ? 'without' : 'only', labels);
  const parameter = args.length === 2 ? (args[0] ?? null) : null;
  return { kind: 'aggregation', operator, parameter, operand, grouping, ...placeOf(node) };
}

function argumentsOf(node: SyntaxNode, query: Query): Expression[] {
  return childrenOf(childNamed(node, 'FunctionCallBody'))
    .filter(isExpression)
    .map((one) => readExpression(one, query));
}
