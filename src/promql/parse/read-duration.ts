// Reader of durations, and of what Prometheus 3 computes from them: `[5m * 2]`, `offset (1h + 1m)`, `[step()]`.
import type { SyntaxNode } from '@lezer/common';
import { formatDuration, parseDuration, parseNumber } from '../model/literals.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import { decimal } from '../template/go-numbers.ts';
import { childrenOf, errorAtNode, syntaxError, textOf } from './grammar-node.ts';

/** The text of a query, and what is known of its evaluation. */
export interface DurationContext {
  readonly text: string;
  readonly generation: PrometheusMajor;
  /** Ms: what `step()` and `range()` are. */
  readonly step: number;
  readonly range: number;
}

export interface ReadDuration {
  readonly milliseconds: number;
  /** The arithmetic as Prometheus prints it; absent for a duration that is written out. */
  readonly written?: string;
}

/** Reads a duration of any sign. @throws PromqlError */
export function durationAt(node: SyntaxNode, context: DurationContext): ReadDuration {
  const term = termAt(node, context);
  if (term.isNumber) return { milliseconds: Math.round(term.seconds * 1000) };
  const { text, generation } = context;
  if (generation === 2)
    throw errorAtNode('Arithmetic with durations is there from Prometheus 3 on, found', node, text);
  if (!Number.isFinite(term.seconds) || Math.abs(term.seconds) > LONGEST)
    throw errorAtNode('The duration is too long, or no number', node, text);
  return { milliseconds: Math.trunc(term.seconds * 1000), written: term.text };
}

/** Reads the range or the step of a subquery. @throws PromqlError unless it is longer than 0 */
export function stepAt(node: SyntaxNode, context: DurationContext): ReadDuration {
  const duration = durationAt(node, context);
  if (duration.milliseconds <= 0)
    throw errorAtNode('Range and step of a subquery must be longer than 0', node, context.text);
  return duration;
}

/** What Go can count in nanoseconds, seconds. */
const LONGEST = 2 ** 63 / 1e9;

interface Term {
  readonly seconds: number;
  /** As Prometheus prints it. */
  readonly text: string;
  /** It is written out, perhaps with a sign. */
  readonly isNumber: boolean;
}

const OPERATORS: Readonly<Record<string, readonly [sign: string, (a: number, b: number) => number]>> = {
  Add: ['+', (a, b) => a + b],
  Sub: ['-', (a, b) => a - b],
  Mul: ['*', (a, b) => a * b],
  Div: ['/', (a, b) => a / b],
  Mod: ['%', (a, b) => a % b],
  Pow: ['^', (a, b) => a ** b],
};

function termAt(node: SyntaxNode, context: DurationContext): Term {
  const [first, second, third] = childrenOf(node);
  if (first === undefined) return numberAt(node, context);
  switch (first.name) {
    case 'NumberDurationLiteralInDurationContext':
      return numberAt(first, context);
    case 'DurationStep':
      return computed(context.step / 1000, 'step()');
    case 'DurationRange':
      return computed(context.range / 1000, 'range()');
    case 'UnaryOp':
      return signed(textOf(first, context.text), termAt(required(second, node, context), context));
    default:
  }
  if (second === undefined) return bracketed(termAt(first, context));
  const last = required(third, node, context);
  return /^Duration(?:Min|Max)Of$/u.test(first.name)
    ? extreme(first.name, [termAt(second, context), termAt(last, context)])
    : combined(node, [termAt(first, context), second.name, termAt(last, context)], context.text);
}

function required(node: SyntaxNode | undefined, parent: SyntaxNode, { text }: DurationContext): SyntaxNode {
  if (node === undefined) throw syntaxError(text, parent);
  return node;
}

function computed(seconds: number, text: string): Term {
  return { seconds, text, isNumber: false };
}

function numberAt(node: SyntaxNode, { text }: DurationContext): Term {
  const written = textOf(node, text);
  const duration = parseDuration(written);
  const seconds = duration === null ? parseNumber(written) : duration / 1000;
  if (seconds === null || !Number.isFinite(seconds))
    throw errorAtNode('Cannot read the duration', node, text);
  const isDuration = duration !== null && written !== '0';
  return { seconds, text: isDuration ? formatDuration(duration) : decimal(seconds), isNumber: true };
}

/** A sign before a number is part of it. */
function signed(sign: string, { seconds, text, isNumber }: Term): Term {
  if (sign === '+') return { seconds, text, isNumber };
  const negated = isNumber && text.startsWith('-') ? text.slice(1) : `-${text}`;
  return { seconds: -seconds, text: negated, isNumber };
}

function bracketed(term: Term): Term {
  return term.isNumber ? term : { ...term, text: `(${term.text})` };
}

function extreme(name: string, [a, b]: readonly [Term, Term]): Term {
  return name === 'DurationMinOf'
    ? computed(Math.min(a.seconds, b.seconds), `min_of(${a.text}, ${b.text})`)
    : computed(Math.max(a.seconds, b.seconds), `max_of(${a.text}, ${b.text})`);
}

function combined(node: SyntaxNode, [a, name, b]: readonly [Term, string, Term], text: string): Term {
  const [sign, compute] = OPERATORS[name] ?? [];
  if (sign === undefined || compute === undefined) throw syntaxError(text, node);
  if (b.seconds === 0 && (name === 'Div' || name === 'Mod'))
    throw errorAtNode('A duration is divided by 0', node, text);
  return computed(compute(a.seconds, b.seconds), `${a.text} ${sign} ${b.text}`);
}
