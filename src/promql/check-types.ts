// Whether an expression makes sense before anything is computed: functions that exist, with what they take.
import { AGGREGATIONS, PARAMETERS } from './aggregate.ts';
import { FUNCTIONS, OF_SELECTORS } from './functions.ts';
import {
  type Aggregation,
  type Call,
  type Expression,
  isComparison,
  isSetOperator,
  type Operation,
  PromqlError,
  type ValueType,
} from './syntax.ts';

/** @throws PromqlError */
export function checkTypes(expression: Expression, text: string): ValueType {
  const refuse = (message: string, { from, to }: Expression): never => {
    throw new PromqlError(message, { position: from, construct: text.slice(from, to) });
  };
  return typeOf(expression, refuse);
}

type Refuse = (message: string, at: Expression) => never;

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
    case 'call':
      return typeOfCall(expression, refuse);
    case 'aggregation':
      return typeOfAggregation(expression, refuse);
    case 'negation':
      return computable(expression.operand, refuse);
    case 'operation':
      return typeOfOperation(expression, refuse);
    default:
      return expression satisfies never;
  }
}

function typeOfCall(call: Call, refuse: Refuse): ValueType {
  const spec = Object.hasOwn(FUNCTIONS, call.name) ? FUNCTIONS[call.name] : OF_SELECTORS[call.name];
  if (spec === undefined) return refuse(`This engine has no function ${call.name}, found`, call);
  const { takes, optional, gives } = spec;
  const least = optional === Infinity ? takes.length - 1 : takes.length - optional;
  if (call.args.length < least || (optional !== Infinity && call.args.length > takes.length))
    return refuse(`${call.name} takes ${takes.length} arguments, got ${call.args.length}`, call);
  for (const [index, arg] of call.args.entries())
    expect(arg, takes[index] ?? takes.at(-1) ?? 'vector', refuse);
  return gives;
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
  const { operator, left, right, isBool, matching } = operation;
  const types = [computable(left, refuse), computable(right, refuse)];
  const isPlain = types.includes('scalar');
  if (isSetOperator(operator)) {
    if (isPlain) return refuse(`${operator} is for vectors only`, operation);
    if (matching.many !== null) return refuse(`${operator} takes no group_left or group_right`, operation);
  }
  if (isBool && !isComparison(operator)) return refuse('bool is for comparisons only', operation);
  if (isPlain && (matching.mode === 'on' || matching.labels.length > 0 || matching.many !== null))
    return refuse('on, ignoring and group are for two vectors only', operation);
  if (isComparison(operator) && !isBool && types.every((type) => type === 'scalar'))
    return refuse('A comparison of two numbers must say bool', operation);
  if (matching.mode === 'on' && matching.labels.some((label) => matching.include.includes(label)))
    return refuse('A label cannot be in both on and group', operation);
  return types.every((type) => type === 'scalar') ? 'scalar' : 'vector';
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
