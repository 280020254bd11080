// Type checker of expressions: unknown functions and wrong arguments are refused before evaluation.
import { AGGREGATIONS, PARAMETERS } from './aggregate.ts';
import { FUNCTIONS } from '../functions/functions.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import {
  type Aggregation,
  type Call,
  type Expression,
  isComparison,
  isSetOperator,
  type Matching,
  type Operation,
  PromqlError,
  type ValueType,
} from '../model/syntax-tree.ts';

/** Returns the type of an expression. @throws PromqlError */
export function checkTypes(expression: Expression, text: string, generation: PrometheusMajor = 3): ValueType {
  const refuse = (message: string, { from, to }: Expression): never => {
    throw new PromqlError(message, { position: from, construct: text.slice(from, to) });
  };
  return typeOf(expression, Object.assign(refuse, { generation }));
}

/** Throws, and knows the version for which the expression is checked. */
type Refuse = ((message: string, at: Expression) => never) & { readonly generation: PrometheusMajor };

function typeOf(expression: Expression, refuse: Refuse): ValueType {
  switch (expression.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
      return 'vector';
    case 'range':
      return 'range';
    case 'subquery': {
      const type = typeOf(expression.operand, refuse);
      return type === 'vector'
        ? 'range'
        : refuse(`A subquery takes a vector, not a ${type}`, expression.operand);
    }
    case 'call':
      return typeOfCall(expression, refuse);
    case 'aggregation':
      return typeOfAggregation(expression, refuse);
    case 'signed':
      return computable(expression.operand, refuse);
    case 'operation':
      return typeOfOperation(expression, refuse);
    default:
      return expression satisfies never;
  }
}

function typeOfCall(call: Call, refuse: Refuse): ValueType {
  const { name, args } = call;
  const spec = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (spec === undefined) return refuse(`This engine has no function ${name}, found`, call);
  const { takes, optional, gives } = spec;
  const [least, most] =
    optional === Infinity ? [takes.length - 1, Infinity] : [takes.length - optional, takes.length];
  if (args.length < least || args.length > most)
    return refuse(`${name} takes ${counted(least, most)}, got ${args.length}`, call);
  for (const [index, arg] of args.entries()) expect(arg, takes[index] ?? takes.at(-1) ?? 'vector', refuse);
  const fault =
    spec.faultIn?.(
      args.map((arg) => (arg.kind === 'string' ? arg.value : '')),
      refuse.generation,
    ) ?? null;
  return fault === null ? gives : refuse(fault, call);
}

function counted(least: number, most: number): string {
  const noun = most === 1 ? 'argument' : 'arguments';
  if (least === most) return `${least} ${noun}`;
  return most === Infinity ? `at least ${least} ${noun}` : `${least} to ${most} ${noun}`;
}

function typeOfAggregation(aggregation: Aggregation, refuse: Refuse): ValueType {
  const { operator, parameter, operand } = aggregation;
  if (!AGGREGATIONS.has(operator))
    return refuse(`This engine has no aggregation ${operator}, found`, aggregation);
  const wanted = PARAMETERS[operator];
  if ((wanted === undefined) !== (parameter === null))
    return refuse(
      `${operator} takes ${wanted === undefined ? 'one argument' : 'two arguments'}`,
      aggregation,
    );
  if (wanted !== undefined && parameter !== null) expect(parameter, wanted, refuse);
  expect(operand, 'vector', refuse);
  return 'vector';
}

function typeOfOperation(operation: Operation, refuse: Refuse): ValueType {
  const types = [computable(operation.left, refuse), computable(operation.right, refuse)] as const;
  const fault = faultIn(operation, types);
  if (fault !== null) return refuse(fault, operation);
  return types.includes('vector') ? 'vector' : 'scalar';
}

function faultIn(operation: Operation, types: readonly ('scalar' | 'vector')[]): string | null {
  const { operator, isBool, matching } = operation;
  if (isBool && !isComparison(operator)) return 'bool is for comparisons only';
  if (isSetOperator(operator) && matching.many !== null)
    return `${operator} takes no group_left or group_right`;
  return types.includes('scalar') ? faultWithNumber(operation, types) : faultInLabels(matching);
}

function faultWithNumber(
  { operator, isBool, matching: { choice, many } }: Operation,
  types: readonly ('scalar' | 'vector')[],
): string | null {
  if (isSetOperator(operator)) return `${operator} is for vectors only`;
  if (choice.mode === 'only' || choice.names.length > 0 || many !== null)
    return 'on, ignoring and group are for two vectors only';
  return isComparison(operator) && !isBool && !types.includes('vector')
    ? 'A comparison of two numbers must say bool'
    : null;
}

function faultInLabels({ choice, include }: Matching): string | null {
  return choice.mode === 'only' && choice.names.some((label) => include.includes(label))
    ? 'A label cannot be in both on and group'
    : null;
}

function computable(expression: Expression, refuse: Refuse): 'scalar' | 'vector' {
  const type = typeOf(expression, refuse);
  return type === 'scalar' || type === 'vector'
    ? type
    : refuse(`Operators take numbers and vectors, not a ${type}`, expression);
}

function expect(expression: Expression, wanted: ValueType, refuse: Refuse): void {
  const type = typeOf(expression, refuse);
  if (type !== wanted) refuse(`Here must be a ${wanted}, not a ${type}`, expression);
}
