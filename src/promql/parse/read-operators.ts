// Reader of operators: flattens the grammar's tree and links it again by precedence. That tree is made for highlighting: in
// it `a - b offset 5m` is `(a - b) offset 5m`, and `-2 ^ 2` is `(-2) ^ 2`.
import type { SyntaxNode } from '@lezer/common';
import { createLabelSelection } from '../model/labels.ts';
import { parseNumber } from '../model/literals.ts';
import { durationAt } from './read-selector.ts';
import type { Expression, Matching, Operation } from '../model/syntax-tree.ts';
import {
  childNamed,
  childOf,
  childrenOf,
  isExpression,
  labelsAt,
  unsupported,
  syntaxError,
  placeOf,
  errorAtNode,
  textOf,
} from './grammar-node.ts';

const PRECEDENCES: Readonly<Record<string, readonly [Operation['operator'], number]>> = {
  Or: ['or', 1],
  And: ['and', 2],
  Unless: ['unless', 2],
  Eql: ['==', 3],
  Neq: ['!=', 3],
  Gtr: ['>', 3],
  Lss: ['<', 3],
  Gte: ['>=', 3],
  Lte: ['<=', 3],
  Add: ['+', 4],
  Sub: ['-', 4],
  Mul: ['*', 5],
  Div: ['/', 5],
  Mod: ['%', 5],
  Atan2: ['atan2', 5],
  Pow: ['^', 6],
};
/** Only a power binds tighter: `-2 ^ 2` is -4, and `-2 * 2` is the same either way. */
const SIGN_PRECEDENCE = 6;

interface Infix extends Pick<Operation, 'operator' | 'isBool' | 'matching'> {
  readonly kind: 'infix';
  readonly precedence: number;
}

type Part =
  | Infix
  | { readonly kind: 'operand'; readonly expression: Expression; readonly isBracketed: boolean }
  | { readonly kind: 'sign'; readonly isNegative: boolean; readonly from: number }
  | { readonly kind: 'offset'; readonly offset: number; readonly node: SyntaxNode };

type ReadOperand = (node: SyntaxNode, text: string) => Expression;

/** Whether a node has to be linked again. */
export function isOperator(node: SyntaxNode, text: string): boolean {
  return /^(?:Binary|Unary|Offset)Expr$/u.test(node.name) || isSignedNumber(node, text);
}

function isSignedNumber(node: SyntaxNode, text: string): boolean {
  return node.name === 'NumberDurationLiteral' && /^[-+]/u.test(textOf(node, text));
}

/**
 * Reads a tree of operators.
 *
 * @param readOperand reads what is between operators
 * @throws PromqlError
 */
export function readOperators(node: SyntaxNode, text: string, readOperand: ReadOperand): Expression {
  const row = new Row(partsOf(node, { text, readOperand }), text);
  return row.link(0);
}

interface ReadContext {
  readonly text: string;
  readonly readOperand: ReadOperand;
}

/** In the order of the text. */
function partsOf(node: SyntaxNode, context: ReadContext): Part[] {
  const { text, readOperand } = context;
  switch (isOperator(node, text) ? node.name : '') {
    case 'BinaryExpr': {
      const [left, right] = [childrenOf(node)[0], childrenOf(node).at(-1)];
      if (left === undefined || right === undefined) throw syntaxError(text, node);
      return [...partsOf(left, context), infixIn(node, text), ...partsOf(right, context)];
    }
    case 'UnaryExpr': {
      const sign = childNamed(node, 'UnaryOp');
      return [signAt(sign, text), ...partsOf(childOf(node, isExpression), context)];
    }
    case 'OffsetExpr': {
      const offset = offsetAt(childNamed(node, 'OffsetDurationExpr'), text);
      return [...partsOf(childOf(node, isExpression), context), { kind: 'offset', offset, node }];
    }
    case 'NumberDurationLiteral':
      return [signAt(node, text), { kind: 'operand', expression: numberAt(node, text), isBracketed: false }];
    default:
      return [
        { kind: 'operand', expression: readOperand(node, text), isBracketed: node.name === 'ParenExpr' },
      ];
  }
}

function signAt(node: SyntaxNode, text: string): Part {
  return { kind: 'sign', isNegative: textOf(node, text).startsWith('-'), from: node.from };
}

/** Reads a number without its sign. */
export function numberAt(node: SyntaxNode, text: string): Expression {
  const value = parseNumber(textOf(node, text).replace(/^[-+]\s*/u, ''));
  if (value === null) throw syntaxError(text, node);
  return { kind: 'number', value, ...placeOf(node) };
}

function offsetAt(node: SyntaxNode, text: string): number {
  const inner = node.getChild('OffsetDurationExpr');
  if (inner === null) return durationAt(node, text);
  return (textOf(childNamed(node, 'UnaryOp'), text) === '-' ? -1 : 1) * offsetAt(inner, text);
}

function infixIn(node: SyntaxNode, text: string): Infix {
  const [sign, ...modifiers] = childrenOf(node).slice(1, -1);
  const [operator, precedence] = PRECEDENCES[sign?.name ?? ''] ?? [];
  if (operator === undefined || precedence === undefined)
    throw unsupported('such operator', sign ?? node, text);
  for (const modifier of modifiers)
    if (modifier.name !== 'BoolModifier' && modifier.name !== 'MatchingModifierClause')
      throw unsupported('such modifier', modifier, text);
  return {
    kind: 'infix',
    operator,
    precedence,
    isBool: node.getChild('BoolModifier') !== null,
    matching: readMatching(node.getChild('MatchingModifierClause'), text),
  };
}

function readMatching(clause: SyntaxNode | null, text: string): Matching {
  const parts = clause === null ? [] : childrenOf(clause);
  const lists = parts.filter(({ name }) => name === 'GroupingLabels').map((list) => labelsAt(list, text));
  const has = (word: string): boolean => parts.some(({ name }) => name === word);
  return {
    choice: createLabelSelection(has('On') ? 'only' : 'without', lists[0] ?? []),
    many: has('GroupLeft') ? 'left' : has('GroupRight') ? 'right' : null,
    include: lists[1] ?? [],
  };
}

/** Precedence climbing. */
class Row {
  readonly #parts: readonly Part[];
  readonly #text: string;
  #next = 0;

  constructor(parts: readonly Part[], text: string) {
    this.#parts = parts;
    this.#text = text;
  }

  /** Links what follows, up to an operator that binds less than `least`. */
  link(least: number): Expression {
    let left = this.#operand();
    for (;;) {
      const part = this.#parts[this.#next];
      if (part?.kind !== 'infix' || part.precedence < least) return left;
      this.#next += 1;
      // Left-associative, except for powers.
      const right = this.link(part.operator === '^' ? part.precedence : part.precedence + 1);
      const { operator, isBool, matching } = part;
      left = { kind: 'operation', operator, isBool, matching, left, right, from: left.from, to: right.to };
    }
  }

  #operand(): Expression {
    const part = this.#parts[this.#next];
    this.#next += 1;
    switch (part?.kind) {
      case 'sign': {
        const operand = this.link(SIGN_PRECEDENCE);
        return { kind: 'signed', isNegative: part.isNegative, operand, from: part.from, to: operand.to };
      }
      case 'operand':
        return this.#withOffset(part.expression, part.isBracketed);
      default:
        throw new Error('The grammar has changed: an operator without its operand');
    }
  }

  #withOffset(expression: Expression, isBracketed: boolean): Expression {
    const part = this.#parts[this.#next];
    if (part?.kind !== 'offset') return expression;
    this.#next += 1;
    const { offset, node } = part;
    if (isBracketed || this.#parts[this.#next]?.kind === 'offset')
      throw errorAtNode('One offset may follow a selector, and directly', node, this.#text);
    const to = node.to;
    if (expression.kind === 'selector') return { ...expression, offset, to };
    if (expression.kind === 'range')
      return { ...expression, selector: { ...expression.selector, offset }, to };
    throw errorAtNode('An offset must follow a selector', node, this.#text);
  }
}
