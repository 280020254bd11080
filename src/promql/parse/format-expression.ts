// Printer of expressions in Prometheus' own format: as short as it can be, and over several lines where one is too long.
import { isLabelName, NAME } from '../model/labels.ts';
import { formatDuration } from '../model/literals.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import type {
  Aggregation,
  DurationTerm,
  Expression,
  Matcher,
  Operation,
  Selector,
  Timing,
} from '../model/syntax-tree.ts';
import { decimal, general } from '../template/go-numbers.ts';
import { quoted } from '../template/go-printf.ts';

/** Bytes that fit in a line. */
const LONGEST_LINE = 100;

/** Formats an expression like `promtool promql format`. @param generation how numbers are written: 3 without an exponent */
export function formatExpression(expression: Expression, generation: PrometheusMajor): string {
  return new Printer(generation).lines(expression, 0);
}

class Printer {
  readonly #generation: PrometheusMajor;

  constructor(generation: PrometheusMajor) {
    this.#generation = generation;
  }

  /** Writes an expression that begins a line, `level` steps from the left. */
  lines(expression: Expression, level: number, brackets = expression.brackets ?? 0): string {
    const start = '  '.repeat(level);
    if (brackets > 0) {
      const short = this.short(expression, brackets);
      if (!isLong(short)) return start + short;
      return `${start}(\n${this.lines(expression, level + 1, brackets - 1)}\n${start})`;
    }
    switch (expression.kind) {
      case 'number':
      case 'string':
      case 'selector':
      case 'range':
        return start + this.short(expression, 0);
      case 'signed':
        return this.#signedLines(expression, level);
      case 'subquery': {
        // Without an indent where it fits in a line: so does Prometheus.
        const short = this.short(expression, 0);
        return isLong(short) ? this.lines(expression.operand, level) + this.#suffix(expression) : short;
      }
      case 'call':
      case 'aggregation':
      case 'operation': {
        const short = this.short(expression, 0);
        return isLong(short) ? this.#split(expression, level) : start + short;
      }
      default:
        return expression satisfies never;
    }
  }

  /** In one line. */
  short(expression: Expression, brackets = expression.brackets ?? 0): string {
    if (brackets > 0) return `(${this.short(expression, brackets - 1)})`;
    switch (expression.kind) {
      case 'number':
        return this.#number(expression.value, expression.isDuration === true);
      case 'string':
        return quoted(expression.value);
      case 'selector':
        return selectorText(expression) + timingText(expression);
      case 'range': {
        const { selector, range, rangeTerm } = expression;
        return `${selectorText(selector)}[${durationText(range, rangeTerm)}]${timingText(selector)}`;
      }
      case 'subquery':
        return this.short(expression.operand) + this.#suffix(expression);
      case 'call':
        return `${expression.name}(${expression.args.map((arg) => this.short(arg)).join(', ')})`;
      case 'aggregation': {
        const { parameter, operand } = expression;
        const first = parameter === null ? '' : `${this.short(parameter)}, `;
        return `${this.#head(expression)}(${first}${this.short(operand)})`;
      }
      case 'signed': {
        const number = this.#signedNumber(expression);
        return number ?? (expression.isNegative ? '-' : '+') + this.short(expression.operand);
      }
      case 'operation':
        return `${this.short(expression.left)} ${this.#operator(expression)} ${this.short(expression.right)}`;
      default:
        return expression satisfies never;
    }
  }

  #split(
    expression: Extract<Expression, { kind: 'call' | 'aggregation' | 'operation' }>,
    level: number,
  ): string {
    const start = '  '.repeat(level);
    switch (expression.kind) {
      case 'operation': {
        const [left, right] = [expression.left, expression.right].map((side) => this.lines(side, level + 1));
        return `${left}\n${start}${this.#operator(expression)}\n${right}`;
      }
      case 'call': {
        const args = expression.args.map((arg) => this.lines(arg, level + 1)).join(',\n');
        return `${start}${expression.name}(\n${args}\n${start})`;
      }
      case 'aggregation': {
        const { parameter, operand } = expression;
        const first = parameter === null ? '' : `${this.lines(parameter, level + 1)},\n`;
        return `${start}${this.#head(expression)}(\n${first}${this.lines(operand, level + 1)}\n${start})`;
      }
      default:
        return expression satisfies never;
    }
  }

  #signedLines(expression: Extract<Expression, { kind: 'signed' }>, level: number): string {
    const start = '  '.repeat(level);
    const number = this.#signedNumber(expression);
    if (number !== null) return start + number;
    return start + (expression.isNegative ? '-' : '+') + this.lines(expression.operand, level).trim();
  }

  /** A sign before a number is part of it; null before anything else. */
  #signedNumber(expression: Expression): string | null {
    let [one, sign] = [expression, 1];
    for (; one.kind === 'signed'; one = one.operand) {
      if (one.isNegative) sign = -sign;
      if ((one.operand.brackets ?? 0) > 0) return null;
    }
    return one.kind === 'number' ? this.#number(sign * one.value, one.isDuration === true) : null;
  }

  #number(value: number, isDuration: boolean): string {
    if (isDuration) return `${value < 0 ? '-' : ''}${formatDuration(Math.abs(value) * 1000)}`;
    if (Object.is(value, -0)) return '-0';
    return this.#generation === 3 ? decimal(value) : general(value);
  }

  #head({ operator, grouping }: Aggregation): string {
    if (grouping.mode === 'only' && grouping.names.length === 0) return operator;
    const word = grouping.mode === 'only' ? 'by' : 'without';
    return `${operator} ${word} ${list(grouping.names)} `;
  }

  #operator({ operator, isBool, matching: { choice, many, include } }: Operation): string {
    const words = [isBool ? `${operator} bool` : operator];
    const isChosen = choice.mode === 'only' || choice.names.length > 0;
    // Prometheus 2 forgets a group without labels before it.
    if (!isChosen && (many === null || this.#generation === 2)) return words.join(' ');
    words.push(choice.mode === 'only' ? 'on' : 'ignoring', list(choice.names));
    if (many !== null) words.push(`group_${many}`, list(include));
    return words.join(' ');
  }

  #suffix(subquery: Extract<Expression, { kind: 'subquery' }>): string {
    const { range, rangeTerm, step, stepTerm } = subquery;
    const every = step === null ? '' : durationText(step, stepTerm);
    return `[${durationText(range, rangeTerm)}:${every}]${timingText(subquery)}`;
  }
}

function isLong(text: string): boolean {
  return new TextEncoder().encode(text).length > LONGEST_LINE;
}

function list(names: readonly string[]): string {
  return `(${names.map((name) => (isLabelName(name) ? name : quoted(name))).join(', ')})`;
}

function selectorText({ name, matchers }: Selector): string {
  const isInBraces = matchers.some(({ label, operator }) => label === NAME && operator === '=');
  const written = matchers.map(matcherText).sort();
  return `${isInBraces ? '' : (name ?? '')}${written.length === 0 ? '' : `{${written.join(',')}}`}`;
}

function matcherText({ label, operator, value }: Matcher): string {
  return `${isLabelName(label) ? label : quoted(label)}${operator}${quoted(value)}`;
}

function timingText({ offset, offsetTerm, fixedAt }: Timing): string {
  const at =
    fixedAt === null
      ? ''
      : ` @ ${typeof fixedAt === 'number' ? (fixedAt / 1000).toFixed(3) : `${fixedAt}()`}`;
  return offset === 0 && offsetTerm === undefined ? at : `${at} offset ${durationText(offset, offsetTerm)}`;
}

/** Writes a duration of any sign, ms, or the arithmetic by which it was written. */
function durationText(milliseconds: number, term?: DurationTerm): string {
  if (term !== undefined) return termText(term);
  return (milliseconds < 0 ? '-' : '') + formatDuration(Math.abs(milliseconds));
}

function termText(term: DurationTerm): string {
  if (term.kind === 'number')
    return term.isDuration ? durationText(term.seconds * 1000) : decimal(term.seconds);
  const { operator, left, right, isBracketed } = term;
  const [a, b] = [left, right].map((side) => (side === null ? '' : termText(side)));
  const text = operator.endsWith('_of')
    ? `${operator}(${a}, ${b})`
    : right === null
      ? `${operator}()`
      : left === null
        ? `${operator}${b}`
        : `${a} ${operator} ${b}`;
  return isBracketed ? `(${text})` : text;
}
