// Syntax tree of a parsed expression.
import type { LabelSelection } from './labels.ts';

export type Expression =
  | NumberLiteral
  | StringLiteral
  | Selector
  | RangeSelector
  | Call
  | Aggregation
  | Signed
  | Operation;

/** Where it stands in the text of its rule, in characters. */
interface Placed {
  readonly from: number;
  readonly to: number;
}

interface NumberLiteral extends Placed {
  readonly kind: 'number';
  readonly value: number;
}

interface StringLiteral extends Placed {
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
  /** `by` or `without`; with neither, everything is one group: `by ()`. */
  readonly grouping: LabelSelection;
}

interface Signed extends Placed {
  readonly kind: 'signed';
  readonly isNegative: boolean;
  readonly operand: Expression;
}

const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='] as const;
const SET_OPERATORS = ['and', 'or', 'unless'] as const;
export type Arithmetic = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
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
  /** `on` or `ignoring`; with neither, all labels count. */
  readonly choice: LabelSelection;
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
    super(`${message} at character ${position + 1}: ${shortened(construct)}`);
    this.position = position;
    this.construct = construct;
  }
}

const SHOWN = 60;

function shortened(construct: string): string {
  const line = construct.replaceAll(/\s+/gu, ' ');
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}

export function isComparison(operator: Operation['operator']): operator is Comparison {
  return COMPARISONS.some((one) => one === operator);
}

export function isSetOperator(operator: Operation['operator']): operator is SetOperator {
  return SET_OPERATORS.some((one) => one === operator);
}
