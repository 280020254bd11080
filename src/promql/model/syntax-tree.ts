// Syntax tree of a parsed expression.
import type { LabelSelection } from './labels.ts';

export type Expression =
  | NumberLiteral
  | StringLiteral
  | Selector
  | RangeSelector
  | Subquery
  | Call
  | Aggregation
  | Signed
  | Operation;

/** Position in the text of the rule, in characters. */
interface Node {
  readonly from: number;
  readonly to: number;
  /** Pairs of parentheses around it; none without a number. */
  readonly brackets?: number;
}

interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly value: number;
  /** It was written as a duration, such as `5m`. */
  readonly isDuration?: boolean;
}

interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}

export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  readonly matches: (value: string) => boolean;
}

/** When something is read that does not follow the moment of the evaluation: ms since the epoch, or an end of the range query. */
export type FixedTime = number | 'start' | 'end';

/** Part of the arithmetic by which a duration was written. */
export type DurationTerm =
  | { readonly kind: 'number'; readonly seconds: number; readonly isDuration: boolean }
  | {
      readonly kind: 'operation';
      readonly operator: '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of';
      /** Null for a sign, and for `step()` and `range()`, which have no right side either. */
      readonly left: DurationTerm | null;
      readonly right: DurationTerm | null;
      readonly isBracketed: boolean;
    };

/** When a selector or a subquery reads. */
export interface Timing {
  /** Ms before that moment; negative is after it. */
  readonly offset: number;
  /** The arithmetic by which the offset was written, where it was. */
  readonly offsetTerm?: DurationTerm;
  /** The `@` modifier; null without one: the moment of the evaluation. */
  readonly fixedAt: FixedTime | null;
}

/** The newest sample of each series. */
export interface Selector extends Node, Timing {
  readonly kind: 'selector';
  /** Null when only matchers select. */
  readonly name: string | null;
  readonly matchers: readonly Matcher[];
}

/** All samples of `range` ms. */
export interface RangeSelector extends Node {
  readonly kind: 'range';
  readonly selector: Selector;
  readonly range: number;
  readonly rangeTerm?: DurationTerm;
}

/** The values of an expression over `range` ms. */
export interface Subquery extends Node, Timing {
  readonly kind: 'subquery';
  readonly operand: Expression;
  readonly range: number;
  readonly rangeTerm?: DurationTerm;
  /** Ms between two evaluations, at whole multiples of it; null for the default. */
  readonly step: number | null;
  readonly stepTerm?: DurationTerm;
}

export interface Call extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface Aggregation extends Node {
  readonly kind: 'aggregation';
  readonly operator: string;
  /** First argument of operators with two: a number, or the label of `count_values`. */
  readonly parameter: Expression | null;
  readonly operand: Expression;
  /** `by` or `without`; with neither all elements are one group: `by ()`. */
  readonly grouping: LabelSelection;
}

interface Signed extends Node {
  readonly kind: 'signed';
  readonly isNegative: boolean;
  readonly operand: Expression;
}

const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='] as const;
const SET_OPERATORS = ['and', 'or', 'unless'] as const;
export type Arithmetic = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type Comparison = (typeof COMPARISONS)[number];
export type SetOperator = (typeof SET_OPERATORS)[number];

export interface Operation extends Node {
  readonly kind: 'operation';
  readonly operator: Arithmetic | Comparison | SetOperator;
  readonly left: Expression;
  readonly right: Expression;
  /** The comparison returns 0 or 1 instead of dropping elements. */
  readonly isBool: boolean;
  readonly matching: Matching;
}

/** Rule by which elements of both sides match. */
export interface Matching {
  /** `on` or `ignoring`; with neither, all labels count. */
  readonly choice: LabelSelection;
  /** The side with several elements for one of the other; null for one to one. */
  readonly many: 'left' | 'right' | null;
  /** Labels copied from the "one" side. */
  readonly include: readonly string[];
}

/** Returns the expressions directly inside of another, in the order of their evaluation. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return [];
    case 'range':
      return [expression.selector];
    case 'subquery':
    case 'signed':
      return [expression.operand];
    case 'call':
      return expression.args;
    case 'aggregation':
      return expression.parameter === null
        ? [expression.operand]
        : [expression.parameter, expression.operand];
    case 'operation':
      return [expression.left, expression.right];
    default:
      return expression satisfies never;
  }
}

export type ValueType = 'scalar' | 'vector' | 'range' | 'string';

/** A syntax error, or PromQL that this engine does not support. */
export class PromqlError extends Error {
  override readonly name = 'PromqlError';
  /** Characters from the start of the expression. */
  readonly position: number;
  /** The faulty part of the text. */
  readonly construct: string;

  constructor(message: string, { position, construct }: { position: number; construct: string }) {
    super(`${message} at character ${position + 1}: ${truncated(construct)}`);
    this.position = position;
    this.construct = construct;
  }
}

const SHOWN_LENGTH = 60;

function truncated(construct: string): string {
  const line = construct.replaceAll(/\s+/gu, ' ');
  return line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH)}…` : line;
}

export function isComparison(operator: Operation['operator']): operator is Comparison {
  return COMPARISONS.some((one) => one === operator);
}

export function isSetOperator(operator: Operation['operator']): operator is SetOperator {
  return SET_OPERATORS.some((one) => one === operator);
}
