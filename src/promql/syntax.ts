// What an expression is once it has been read: a tree of what is to be done, without words and brackets.

export type Expression =
  | NumberLiteral
  | StringLiteral
  | Selector
  | RangeSelector
  | Call
  | Aggregation
  | Negation
  | Operation;

/** Where it stands in the text of its rule, in characters. */
interface Placed {
  readonly from: number;
  readonly to: number;
}

export interface NumberLiteral extends Placed {
  readonly kind: 'number';
  readonly value: number;
}

export interface StringLiteral extends Placed {
  readonly kind: 'string';
  readonly value: string;
}

export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  readonly matches: (value: string) => boolean;
}

/** The newest sample of each series, `offset` ms ago; negative is ahead. */
export interface Selector extends Placed {
  readonly kind: 'selector';
  /** Null when only matchers say it. */
  readonly name: string | null;
  readonly matchers: readonly Matcher[];
  readonly offset: number;
}

/** All samples of `range` ms. */
export interface RangeSelector extends Placed {
  readonly kind: 'range';
  readonly selector: Selector;
  readonly range: number;
}

export interface Call extends Placed {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface Aggregation extends Placed {
  readonly kind: 'aggregation';
  readonly operator: string;
  /** The first argument of those that take two: a number, or the label of `count_values`. */
  readonly parameter: Expression | null;
  readonly operand: Expression;
  /** Without either, everything is one group: `by ()`. */
  readonly grouping: { readonly mode: 'by' | 'without'; readonly labels: readonly string[] };
}

export interface Negation extends Placed {
  readonly kind: 'negation';
  readonly operand: Expression;
}

export const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'] as const;
export const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='] as const;
export const SET_OPERATORS = ['and', 'or', 'unless'] as const;
export type Arithmetic = (typeof ARITHMETIC)[number];
export type Comparison = (typeof COMPARISONS)[number];
export type SetOperator = (typeof SET_OPERATORS)[number];

export interface Operation extends Placed {
  readonly kind: 'operation';
  readonly operator: Arithmetic | Comparison | SetOperator;
  readonly left: Expression;
  readonly right: Expression;
  /** A comparison gives 0 or 1 instead of leaving out. */
  readonly isBool: boolean;
  readonly matching: Matching;
}

/** Which elements of both sides belong together. */
export interface Matching {
  readonly mode: 'on' | 'ignoring';
  readonly labels: readonly string[];
  /** The side that may have many for one of the other; null for one to one. */
  readonly many: 'left' | 'right' | null;
  /** Labels that the many take over from the one. */
  readonly include: readonly string[];
}

export type ValueType = 'scalar' | 'vector' | 'range' | 'string';

/** A text that is not an expression, or one that needs what this engine does not have. */
export class PromqlError extends Error {
  override readonly name = 'PromqlError';
  /** Characters from the start of the expression. */
  readonly position: number;
  /** The part that is at fault, as it is written. */
  readonly construct: string;

  constructor(message: string, { position, construct }: { position: number; construct: string }) {
    super(`${message} at character ${position + 1}: ${construct}`);
    this.position = position;
    this.construct = construct;
  }
}

export function isComparison(operator: Operation['operator']): operator is Comparison {
  return COMPARISONS.some((one) => one === operator);
}

export function isSetOperator(operator: Operation['operator']): operator is SetOperator {
  return SET_OPERATORS.some((one) => one === operator);
}
