// What an expression comes to at one moment, on the samples that are there.
import { aggregate } from './aggregate.ts';
import { type Arguments, FUNCTIONS } from './functions.ts';
import { formatLabels, keyOf, type Labels, NAME, withoutName } from './labels.ts';
import { operate } from './operate.ts';
import { type Moment, selectPresent, selectRange } from './select.ts';
import type { EvaluationOptions, SeriesSource } from './source.ts';
import type { Aggregation, Call, Expression, Matcher, RangeSelector } from './syntax.ts';
import { type Element, EvaluationError, type RangeValue, type Vector } from './value.ts';

/** How old a sample may be, ms, and still be the present value. */
export const LOOKBACK = 300_000;

type Value = number | string | Vector | RangeValue;

/**
 * A number becomes one element without labels, as rules want it.
 *
 * @param at milliseconds since the epoch
 * @throws EvaluationError for what cannot be known before: elements that do not match one to one, results with equal labels
 */
export function evaluate(
  expression: Expression,
  at: number,
  source: SeriesSource,
  options: EvaluationOptions = {},
): Element[] {
  const { lookback = LOOKBACK, generation = 3 } = options;
  const value = valueOf(expression, { source, at, lookback, generation });
  if (typeof value === 'number') return [{ labels: {}, value }];
  if (typeof value === 'string' || isRange(value)) throw new EvaluationError('The expression is no vector');
  refuseEqualLabels(value);
  return [...value];
}

function valueOf(expression: Expression, moment: Moment): Value {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return expression.value;
    case 'selector':
      return selectPresent(expression, moment).map(({ series, value }) => ({ labels: series.labels, value }));
    case 'range':
      return selectRange(expression, moment);
    case 'call':
      return call(expression, moment);
    case 'aggregation':
      return aggregated(expression, moment);
    case 'negation':
      return negated(sideOf(expression.operand, moment));
    case 'operation':
      return operate(expression, sideOf(expression.left, moment), sideOf(expression.right, moment));
    default:
      return expression satisfies never;
  }
}

function call(expression: Call, moment: Moment): number | Element[] {
  const [first] = expression.args;
  if (first !== undefined) {
    if (expression.name === 'absent') return absent(first, vectorOf(valueOf(first, moment)).length);
    if (expression.name === 'absent_over_time')
      return absent(first, rangeOf(valueOf(first, moment)).windows.length);
    if (expression.name === 'timestamp') return timestamps(first, moment);
  }
  const spec = FUNCTIONS[expression.name];
  if (spec === undefined) throw new EvaluationError(`There is no function ${expression.name}`);
  const result = spec.run(argumentsOf(expression, moment), moment);
  if (typeof result !== 'number') refuseEqualLabels(result);
  return result;
}

function argumentsOf({ args }: Call, moment: Moment): Arguments {
  const values = args.map((arg) => valueOf(arg, moment));
  return {
    count: values.length,
    scalar: (index) => Number(values[index]),
    text: (index) => String(values[index]),
    vector: (index) => vectorOf(values[index]),
    range: (index) => rangeOf(values[index]),
  };
}

function aggregated(expression: Aggregation, moment: Moment): Element[] {
  const { parameter, operand } = expression;
  const given = parameter === null ? 0 : valueOf(parameter, moment);
  const elements = vectorOf(valueOf(operand, moment));
  const { generation } = moment;
  return aggregate(expression, elements, {
    parameter: typeof given === 'string' ? given : Number(given),
    generation,
  });
}

function negated(side: number | Vector): number | Element[] {
  if (typeof side === 'number') return -side;
  return side.map(({ labels, value }) => ({ labels: withoutName(labels), value: -value }));
}

/** When nothing is there: 1, with what its matchers say it would be called. */
function absent(expression: Expression, found: number): Element[] {
  if (found > 0) return [];
  const selector = expression.kind === 'range' ? expression.selector : expression;
  const matchers = selector.kind === 'selector' ? selector.matchers : [];
  return [{ labels: impliedLabels(matchers), value: 1 }];
}

function impliedLabels(matchers: readonly Matcher[]): Labels {
  const labels: Record<string, string> = {};
  const seen = new Set<string>();
  for (const { label, operator, value } of matchers) {
    if (label === NAME) continue;
    if (operator === '=' && !seen.has(label)) labels[label] = value;
    // Two matchers of one label imply no single value.
    else delete labels[label];
    seen.add(label);
  }
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

/** Of a selector the time of its sample, of anything computed the present one; seconds. */
function timestamps(expression: Expression, moment: Moment): Element[] {
  if (expression.kind === 'selector')
    return selectPresent(expression, moment).map(({ series, time }) => ({
      labels: withoutName(series.labels),
      value: time / 1000,
    }));
  return vectorOf(valueOf(expression, moment)).map(({ labels }) => ({
    labels: withoutName(labels),
    value: moment.at / 1000,
  }));
}

function sideOf(expression: Expression, moment: Moment): number | Vector {
  const value = valueOf(expression, moment);
  return typeof value === 'number' ? value : vectorOf(value);
}

function refuseEqualLabels(elements: Vector): void {
  const seen = new Set<string>();
  for (const { labels } of elements) {
    const key = keyOf(labels);
    if (seen.has(key)) throw new EvaluationError(`Two results have the same labels: ${formatLabels(labels)}`);
    seen.add(key);
  }
}

function vectorOf(value: Value | undefined): Vector {
  return isVector(value) ? value : [];
}

function rangeOf(value: Value | undefined): RangeValue {
  return isRange(value) ? value : { windows: [], start: 0, end: 0 };
}

function isVector(value: Value | undefined): value is Vector {
  return Array.isArray(value);
}

function isRange(value: Value | undefined): value is RangeValue {
  return typeof value === 'object' && 'windows' in value;
}

/** Every selector in an expression, with how far back, ms, it looks. */
export function selectorsOf(
  expression: Expression,
): { selector: RangeSelector['selector']; reach: number }[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return [];
    case 'selector':
      return [{ selector: expression, reach: LOOKBACK + Math.max(0, expression.offset) }];
    case 'range': {
      const { selector, range } = expression;
      return [{ selector, reach: range + Math.max(0, selector.offset) }];
    }
    case 'call':
      return expression.args.flatMap(selectorsOf);
    case 'aggregation':
      return [expression.parameter, expression.operand].flatMap((part) =>
        part === null ? [] : selectorsOf(part),
      );
    case 'negation':
      return selectorsOf(expression.operand);
    case 'operation':
      return [...selectorsOf(expression.left), ...selectorsOf(expression.right)];
    default:
      return expression satisfies never;
  }
}
