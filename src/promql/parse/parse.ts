// Parser of PromQL text; a syntax error says where and what.
import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';
import { checkTypes } from '../evaluate/check-types.ts';
import { type ParseOptions, readExpression } from './read-expression.ts';
import { type Expression, PromqlError, type ValueType } from '../model/syntax-tree.ts';
import { childrenOf, isExpression, syntaxError } from './grammar-node.ts';

/** Most levels of nesting: reading and evaluation recurse, and the stack is limited. */
const MAX_DEPTH = 400;

/** An expression and the type of its value. */
export interface ParsedQuery {
  readonly expression: Expression;
  readonly type: ValueType;
}

/**
 * Parses the expression of a rule, which must evaluate to numbers.
 *
 * @throws PromqlError for a syntax error, and for PromQL that this engine does not support
 */
export function parse(text: string, options: ParseOptions = {}): Expression {
  const { expression, type } = parseQuery(text, options);
  if (type === 'range' || type === 'string')
    throw new PromqlError(`A rule must come to numbers, not to a ${type}`, {
      position: expression.from,
      construct: text.slice(expression.from, expression.to),
    });
  return expression;
}

/**
 * Parses any expression, also one whose value is a range vector or a string.
 *
 * @throws PromqlError as `parse`
 */
export function parseQuery(
  text: string,
  { generation = 3, step = 0, range = 0 }: ParseOptions = {},
): ParsedQuery {
  const top = treeOf(text);
  const root = childrenOf(top).find(isExpression);
  const fault = firstFault(top, text);
  if (root === undefined || fault !== null) throw syntaxError(text, fault ?? top);
  const expression = readExpression(root, { text, generation, step, range });
  return { expression, type: checkTypes(expression, text, generation) };
}

function treeOf(text: string): SyntaxNode {
  try {
    return parser.parse(text).topNode;
  } catch (error) {
    // The parser's own recursion: the room left on the stack depends on the caller.
    if (error instanceof RangeError) throw tooDeep(0, text);
    throw error;
  }
}

function tooDeep(position: number, construct: string): PromqlError {
  return new PromqlError('The expression is nested too deeply', { position, construct });
}

function firstFault(top: SyntaxNode, text: string): SyntaxNode | null {
  let found: SyntaxNode | null = null;
  let depth = 0;
  top.cursor().iterate(
    (node) => {
      depth += 1;
      if (found === null && node.type.isError) found = node.node;
      if (depth > MAX_DEPTH) throw tooDeep(node.from, text.slice(node.from, node.to));
    },
    () => {
      depth -= 1;
    },
  );
  return found;
}
