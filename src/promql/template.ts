// The texts of alerts: the part of Go's templates that rules use, refused when read where it is more than that.
import {
  general,
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
} from './humanize.ts';
import type { Labels } from './labels.ts';
import { formatVerb } from './printf.ts';

export interface TemplateData {
  readonly labels: Labels;
  readonly value: number;
}

export type Template = (data: TemplateData) => string;

/** A template that this engine cannot fill in; `position` in characters. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly position: number;

  constructor(message: string, position: number) {
    super(`${message} at character ${position + 1}`);
    this.position = position;
  }
}

type Value = string | number;
type Term = (data: TemplateData) => Value;

/** @throws TemplateError */
export function compileTemplate(text: string): Template {
  const parts: ((data: TemplateData) => string)[] = [];
  let from = 0;
  for (const found of text.matchAll(/\{\{(-?)([\s\S]*?)(-?)\}\}/gu)) {
    const before = text.slice(from, found.index);
    const literal = found[1] === '-' ? before.trimEnd() : before;
    const action = compilePipeline(found[2] ?? '', found.index);
    parts.push(
      () => literal,
      (data) => print(action(data)),
    );
    from = found.index + found[0].length;
    if (found[3] === '-') from += text.slice(from).length - text.slice(from).trimStart().length;
  }
  const rest = text.slice(from);
  if (rest.includes('{{')) throw new TemplateError('A {{ is not closed', from + rest.indexOf('{{'));
  return (data) => parts.map((part) => part(data)).join('') + rest;
}

/** `a | f x | g`: what comes before is the last argument of what follows. */
function compilePipeline(text: string, position: number): Term {
  let result: Term | null = null;
  for (const command of splitOutsideStrings(text, position))
    result = compileCommand(command, result, position);
  if (result === null) throw new TemplateError('There is nothing between {{ and }}', position);
  return result;
}

function splitOutsideStrings(text: string, position: number): string[][] {
  const commands: string[][] = [[]];
  const words = text.matchAll(/\s+|\||"(?:[^"\\]|\\.)*"|`[^`]*`|[^\s|"`]+/gu);
  for (const [word] of words) {
    if (word.trim() === '') continue;
    if (word === '|') commands.push([]);
    else commands.at(-1)?.push(word);
  }
  if (commands.some((command) => command.length === 0))
    throw new TemplateError('There is nothing between {{, | and }}', position);
  return commands;
}

function compileCommand(words: readonly string[], piped: Term | null, position: number): Term {
  const [first = '', ...others] = words;
  const run = Object.hasOwn(FUNCTIONS, first) ? FUNCTIONS[first] : undefined;
  if (run === undefined) {
    if (others.length > 0 || piped !== null)
      throw new TemplateError(`This engine's templates have no "${first}"`, position);
    return compileTerm(first, position);
  }
  const terms = others.map((word) => compileTerm(word, position));
  if (piped !== null) terms.push(piped);
  if (first !== 'printf' && terms.length !== 1)
    throw new TemplateError(`${first} takes one value, got ${terms.length}`, position);
  if (terms.length === 0) throw new TemplateError('printf needs a format', position);
  return (data) => run(terms.map((term) => term(data)));
}

function compileTerm(word: string, position: number): Term {
  const label = /^(?:\$labels|\.Labels)\.(\w+)$/u.exec(word)?.[1];
  if (label !== undefined) return ({ labels }) => labels[label] ?? '';
  if (word === '$value' || word === '.Value') return ({ value }) => value;
  if (/^["`]/u.test(word)) {
    const literal = word.startsWith('`') ? word.slice(1, -1) : readString(word, position);
    return () => literal;
  }
  if (/^-?\d+(?:\.\d+)?$/u.test(word)) return () => Number(word);
  throw new TemplateError(`This engine's templates have no "${word}"`, position);
}

function readString(word: string, position: number): string {
  try {
    return String(JSON.parse(word));
  } catch {
    throw new TemplateError(`Cannot read the string ${word}`, position);
  }
}

type Run = (values: readonly Value[]) => Value;

function ofNumber(write: (value: number) => string): Run {
  return ([value]) => write(Number(value));
}

const FUNCTIONS: Readonly<Record<string, Run>> = {
  printf: ([format = '', ...values]) => formatVerb(String(format), values),
  humanize: ofNumber(humanize),
  humanize1024: ofNumber(humanize1024),
  humanizeDuration: ofNumber(humanizeDuration),
  humanizePercentage: ofNumber(humanizePercentage),
  humanizeTimestamp: ofNumber(humanizeTimestamp),
  toUpper: ([value]) => String(value).toUpperCase(),
  toLower: ([value]) => String(value).toLowerCase(),
  title: ([value]) =>
    String(value).replaceAll(/(?<![\p{L}\p{N}_'])\p{Ll}/gu, (letter) => letter.toUpperCase()),
};

function print(value: Value): string {
  return typeof value === 'number' ? general(value) : value;
}

/** The labels that a template reads. */
export function labelsIn(text: string): string[] {
  const actions = [...text.matchAll(/\{\{([\s\S]*?)\}\}/gu)].map(([, action = '']) => action).join(' ');
  return [...new Set([...actions.matchAll(/(?:\$labels|\.Labels)\.(\w+)/gu)].map(([, label = '']) => label))];
}
