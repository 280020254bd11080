// Reader of durations, and of what Prometheus 3 computes from them: `[5m * 2]`, `offset (1h + 1m)`, `[step()]`.
import type { SyntaxNode } from '@lezer/common';
import { parseDuration, parseNumber } from '../model/literals.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import type { DurationTerm } from '../model/syntax-tree.ts';
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
  /** The arithmetic; absent for a duration that is written out. */
  readonly term?: DurationTerm;
}

/** Reads a duration of any sign. @throws PromqlError */
export function durationAt(node: SyntaxNode, context: DurationContext): ReadDuration {
  const { seconds, term } = termAt(node, context);
  if (term.kind === 'number') return { milliseconds: Math.round(seconds * 1000) };
  const { text, generation } = context;
  if (generation === 2)
    throw errorAtNode('Arithmetic with durations is there from Prometheus 3 on, found', node, text);
  if (!Number.isFinite(seconds) || Math.abs(seconds) > LONGEST)
    throw errorAtNode('The duration is too long, or no number', node, text);
  return { milliseconds: Math.trunc(seconds * 1000), term };
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
  readonly term: DurationTerm;
}

type Operator = Extract<DurationTerm, { kind: 'operation' }>['operator'];

const OPERATORS: Readonly<Record<string, readonly [sign: Operator, (a: number, b: number) => number]>> = {
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
      return computed(context.step / 1000, 'step');
    case 'DurationRange':
      return computed(context.range / 1000, 'range');
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

function computed(
  seconds: number,
  operator: Operator,
  left: DurationTerm | null = null,
  right: DurationTerm | null = null,
): Term {
  return { seconds, term: { kind: 'operation', operator, left, right, isBracketed: false } };
}

function numberAt(node: SyntaxNode, { text }: DurationContext): Term {
  const written = textOf(node, text);
  const duration = parseDuration(written);
  const seconds = duration === null ? parseNumber(written) : duration / 1000;
  if (seconds === null || !Number.isFinite(seconds))
    throw errorAtNode('Cannot read the duration', node, text);
  const isDuration = duration !== null && written !== '0';
  return { seconds, term: { kind: 'number', seconds, isDuration } };
}

/** A sign before a number is part of it. */
function signed(sign: string, value: Term): Term {
  if (sign === '+') return value;
  const [{ term }, seconds] = [value, -value.seconds];
  return term.kind === 'number'
    ? { seconds, term: { ...term, seconds } }
    : computed(seconds, '-', null, term);
}

function bracketed({ seconds, term }: Term): Term {
  return { seconds, term: term.kind === 'number' ? term : { ...term, isBracketed: true } };
}

function extreme(name: string, [a, b]: readonly [Term, Term]): Term {
  return name === 'DurationMinOf'
    ? computed(Math.min(a.seconds, b.seconds), 'min_of', a.term, b.term)
    : computed(Math.max(a.seconds, b.seconds), 'max_of', a.term, b.term);
}

function combined(node: SyntaxNode, [a, name, b]: readonly [Term, string, Term], text: string): Term {
  const [sign, compute] = OPERATORS[name] ?? [];
  if (sign === undefined || compute === undefined) throw syntaxError(text, node);
  if (b.seconds === 0 && (name === 'Div' || name === 'Mod'))
    throw errorAtNode('A duration is divided by 0', node, text);
  return computed(compute(a.seconds, b.seconds), sign, a.term, b.term);
}
