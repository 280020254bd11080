// Reader of operators: flattens the grammar's tree and links it again by precedence. That tree is made for highlighting: in
// it `a - b offset 5m` is `(a - b) offset 5m`, `a - b[1h:1m]` is `(a - b)[1h:1m]`, and `-2 ^ 2` is `(-2) ^ 2`.
import type { SyntaxNode } from '@lezer/common';
import { createLabelSelection } from '../model/labels.ts';
import { parseNumber } from '../model/literals.ts';
import { durationAt, type DurationContext, type ReadDuration, stepAt } from './read-duration.ts';
import type { Expression, FixedTime, Matching, Operation, Timing } from '../model/syntax-tree.ts';
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
  | Suffix;

/** Stands behind an operand. */
type Suffix =
  | { readonly kind: 'offset'; readonly offset: ReadDuration; readonly node: SyntaxNode }
  | { readonly kind: 'at'; readonly fixedAt: FixedTime; readonly node: SyntaxNode }
  | {
      readonly kind: 'subquery';
      readonly range: ReadDuration;
      readonly step: ReadDuration | null;
      readonly node: SyntaxNode;
    };

type ReadOperand = (node: SyntaxNode, text: string) => Expression;

/** Whether a node has to be linked again. */
export function isOperator(node: SyntaxNode, text: string): boolean {
  return (
    /^(?:Binary|Unary|Offset|StepInvariant|Subquery)Expr$/u.test(node.name) || isSignedNumber(node, text)
  );
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
export function readOperators(
  node: SyntaxNode,
  query: DurationContext,
  readOperand: ReadOperand,
): Expression {
  const row = new Row(partsOf(node, { query, text: query.text, readOperand }), query.text);
  return row.link(0);
}

interface ReadContext {
  readonly query: DurationContext;
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
      const offset = durationAt(childNamed(node, 'OffsetDurationExpr'), context.query);
      return [...partsOf(childOf(node, isExpression), context), { kind: 'offset', offset, node }];
    }
    case 'StepInvariantExpr':
      return [...operandOf(node, context), { kind: 'at', fixedAt: fixedTimeAt(node, text), node }];
    case 'SubqueryExpr': {
      const [range, step = null] = node.getChildren('DurationExpr').map((one) => stepAt(one, context.query));
      if (range === undefined) throw syntaxError(text, node);
      return [...operandOf(node, context), { kind: 'subquery', range, step: step ?? null, node }];
    }
    case 'NumberDurationLiteral':
      return [signAt(node, text), { kind: 'operand', expression: numberAt(node, text), isBracketed: false }];
    default:
      return [
        { kind: 'operand', expression: readOperand(node, text), isBracketed: node.name === 'ParenExpr' },
      ];
  }
}

/** The parts of what a suffix stands behind. */
function operandOf(node: SyntaxNode, context: ReadContext): Part[] {
  return partsOf(childOf(node, isExpression), context);
}

function fixedTimeAt(node: SyntaxNode, text: string): FixedTime {
  const word = node.getChild('AtModifierPreprocessors');
  if (word !== null) return word.getChild('AtStart') === null ? 'end' : 'start';
  const written = childrenOf(node).at(-1);
  const seconds = written === undefined ? null : parseNumber(textOf(written, text).replace(/\s+/gu, ''));
  const time = seconds === null ? Number.NaN : Math.round(seconds * 1000);
  if (!Number.isSafeInteger(time)) throw errorAtNode('@ needs a time in seconds', written ?? node, text);
  return time;
}

function signAt(node: SyntaxNode, text: string): Part {
  return { kind: 'sign', isNegative: textOf(node, text).startsWith('-'), from: node.from };
}

/** Reads a number without its sign. */
export function numberAt(node: SyntaxNode, text: string): Expression {
  const value = parseNumber(textOf(node, text).replace(/^[-+]\s*/u, ''));
  if (value === null) throw syntaxError(text, node);
  const isDuration = /[smhdwy]$/u.test(textOf(node, text));
  return { kind: 'number', value, ...placeOf(node), ...(isDuration ? { isDuration } : {}) };
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
        return this.#withSuffixes(part.expression, part.isBracketed);
      default:
        throw new Error('The grammar has changed: an operator without its operand');
    }
  }

  /** Applies the suffixes of an operand. */
  #withSuffixes(operand: Expression, isBracketed: boolean): Expression {
    let expression = operand;
    let canBeTimed = !isBracketed;
    const seen = new Set<string>();
    for (;;) {
      const part = this.#parts[this.#next];
      if (part?.kind !== 'offset' && part?.kind !== 'at' && part?.kind !== 'subquery') return expression;
      this.#next += 1;
      if (part.kind === 'subquery') {
        const { range, step } = part;
        const place = { from: expression.from, to: part.node.to };
        expression = {
          kind: 'subquery',
          operand: expression,
          range: range.milliseconds,
          ...(range.term === undefined ? {} : { rangeTerm: range.term }),
          step: step?.milliseconds ?? null,
          ...(step?.term === undefined ? {} : { stepTerm: step.term }),
          offset: 0,
          fixedAt: null,
          ...place,
        };
        canBeTimed = true;
        seen.clear();
        continue;
      }
      const word = part.kind === 'at' ? '@' : 'offset';
      if (!canBeTimed || seen.has(word))
        throw errorAtNode(`One ${word} may follow a selector, and directly`, part.node, this.#text);
      seen.add(word);
      expression = this.#timed(expression, part);
    }
  }

  #timed(expression: Expression, part: Exclude<Suffix, { kind: 'subquery' }>): Expression {
    const { node } = part;
    const timing = part.kind === 'offset' ? offsetOf(part.offset) : { fixedAt: part.fixedAt };
    const to = node.to;
    switch (expression.kind) {
      case 'selector':
      case 'subquery':
        return { ...expression, ...timing, to };
      case 'range':
        return { ...expression, selector: { ...expression.selector, ...timing }, to };
      default:
        throw errorAtNode(
          `${part.kind === 'at' ? '@' : 'An offset'} must follow a selector`,
          node,
          this.#text,
        );
    }
  }
}

function offsetOf({ milliseconds, term }: ReadDuration): Pick<Timing, 'offset' | 'offsetTerm'> {
  return term === undefined ? { offset: milliseconds } : { offset: milliseconds, offsetTerm: term };
}
