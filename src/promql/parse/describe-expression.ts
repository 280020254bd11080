// Syntax tree of an expression in the shape of Prometheus' own API: one object for each part, with a `type`.
import { NAME } from '../model/labels.ts';
import type { DurationTerm, Expression, Matcher, Operation, Selector, Timing } from '../model/syntax-tree.ts';
import type { ValueType } from '../model/syntax-tree.ts';
import { isSetOperator } from '../model/syntax-tree.ts';
import { FUNCTIONS } from '../functions/functions.ts';
import { decimal } from '../template/go-numbers.ts';

export type Description = Readonly<Record<string, unknown>>;

/** Describes an expression as `/api/v1/parse_query` of Prometheus 3 answers. */
export function describeExpression(expression: Expression): Description {
  return described(expression, expression.brackets ?? 0);
}

function described(expression: Expression, brackets: number): Description {
  if (brackets > 0) return { type: 'parenExpr', expr: described(expression, brackets - 1) };
  switch (expression.kind) {
    case 'number':
      return numberOf(expression.value);
    case 'string':
      return { type: 'stringLiteral', val: expression.value };
    case 'selector':
      return { type: 'vectorSelector', ...selectorOf(expression), ...MODIFIERS };
    case 'range': {
      const { selector, range, rangeTerm } = expression;
      return {
        type: 'matrixSelector',
        ...selectorOf(selector),
        ...durationOf('range', range, rangeTerm),
        ...MODIFIERS,
      };
    }
    case 'subquery': {
      const { operand, range, rangeTerm, step, stepTerm } = expression;
      return {
        type: 'subquery',
        expr: describeExpression(operand),
        ...durationOf('range', range, rangeTerm),
        ...durationOf('step', step ?? 0, stepTerm),
        ...timingOf(expression),
      };
    }
    case 'call':
      return {
        type: 'call',
        func: functionOf(expression.name),
        args: expression.args.map(describeExpression),
      };
    case 'aggregation': {
      const { operator, parameter, operand, grouping } = expression;
      return {
        type: 'aggregation',
        op: operator,
        expr: describeExpression(operand),
        param: parameter === null ? null : describeExpression(parameter),
        grouping: grouping.names,
        without: grouping.mode === 'without',
      };
    }
    case 'signed':
      return signedOf(expression);
    case 'operation':
      return operationOf(expression);
    default:
      return expression satisfies never;
  }
}

/** Nothing of this engine is anchored or smoothed. */
const MODIFIERS = { anchored: false, smoothed: false };

function numberOf(value: number): Description {
  return { type: 'numberLiteral', val: Object.is(value, -0) ? '-0' : infinite(value) };
}

function infinite(value: number): string {
  return value === Infinity ? '+Inf' : decimal(value);
}

function selectorOf(selector: Selector): Description {
  const { name, matchers } = selector;
  const isInBraces = matchers.some(({ label, operator }) => label === NAME && operator === '=');
  const own = matchers.map(({ label, operator, value }) => matcherOf({ label, operator, value }));
  const named = name === null || isInBraces ? [] : [matcherOf({ label: NAME, operator: '=', value: name })];
  return { name: isInBraces ? '' : (name ?? ''), matchers: [...own, ...named], ...timingOf(selector) };
}

function matcherOf({ label, operator, value }: Pick<Matcher, 'label' | 'operator' | 'value'>): Description {
  return { name: label, value, type: operator };
}

function timingOf({ offset, offsetTerm, fixedAt }: Timing): Description {
  return {
    ...durationOf('offset', offset, offsetTerm),
    timestamp: typeof fixedAt === 'number' ? fixedAt : null,
    startOrEnd: typeof fixedAt === 'string' ? fixedAt : null,
  };
}

/** Ms, or 0 and the arithmetic, which has no value before the evaluation. */
function durationOf(
  name: 'range' | 'step' | 'offset',
  milliseconds: number,
  term?: DurationTerm,
): Description {
  return term === undefined
    ? { [name]: milliseconds, [`${name}Expr`]: null }
    : { [name]: 0, [`${name}Expr`]: termOf(term) };
}

function termOf(term: DurationTerm): Description {
  if (term.kind === 'number') return { ...numberOf(term.seconds), duration: term.isDuration };
  const [lhs, rhs] = [term.left, term.right].map((side) => (side === null ? null : termOf(side)));
  return { type: 'durationExpr', op: term.operator, lhs, rhs, wrapped: term.isBracketed };
}

/** Words of Prometheus for the types of values. */
const TYPES = {
  scalar: 'scalar',
  vector: 'vector',
  range: 'matrix',
  string: 'string',
} as const satisfies Record<ValueType, string>;

function functionOf(name: string): Description {
  const { takes = [], optional = 0, gives = 'vector' } = FUNCTIONS[name] ?? {};
  return {
    name,
    argTypes: takes.map((type) => TYPES[type]),
    // As Prometheus counts: -1 for any number of them.
    variadic: optional === Infinity ? -1 : optional,
    returnType: TYPES[gives],
  };
}

/** A sign before a number is part of it. */
function signedOf({ isNegative, operand }: Extract<Expression, { kind: 'signed' }>): Description {
  const inner = describeExpression(operand);
  if (inner['type'] === 'numberLiteral') return isNegative ? negated(String(inner['val'])) : inner;
  return { type: 'unaryExpr', op: isNegative ? '-' : '+', expr: inner };
}

function negated(val: string): Description {
  const opposite = val.startsWith('-') ? val.slice(1) : `-${val.replace(/^\+/u, '')}`;
  return { type: 'numberLiteral', val: val === 'NaN' ? val : opposite.replace(/^Inf$/u, '+Inf') };
}

function operationOf(operation: Operation): Description {
  const { operator, isBool, left, right } = operation;
  return {
    type: 'binaryExpr',
    op: operator,
    lhs: describeExpression(left),
    rhs: describeExpression(right),
    matching: isVector(left) && isVector(right) ? matchingOf(operation) : null,
    bool: isBool,
  };
}

function matchingOf({ operator, matching: { choice, many, include } }: Operation): Description {
  return {
    card: isSetOperator(operator) ? 'many-to-many' : cardinality(many),
    labels: choice.names,
    on: choice.mode === 'only',
    include,
    fillValues: { lhs: null, rhs: null },
  };
}

function cardinality(many: 'left' | 'right' | null): string {
  return many === null ? 'one-to-one' : many === 'left' ? 'many-to-one' : 'one-to-many';
}

/** Whether a checked expression is a vector, and not a number. */
function isVector(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
    case 'string':
    case 'range':
    case 'subquery':
      return false;
    case 'selector':
    case 'aggregation':
      return true;
    case 'call':
      return FUNCTIONS[expression.name]?.gives === 'vector';
    case 'signed':
      return isVector(expression.operand);
    case 'operation':
      return isVector(expression.left) || isVector(expression.right);
    default:
      return expression satisfies never;
  }
}
