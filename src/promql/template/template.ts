// Templates of alert texts: the part of Go's template language that rules use; the rest is refused when compiled.
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
} from './humanize.ts';
import { labelIn, type Labels } from '../model/labels.ts';
import { parseString } from '../model/literals.ts';
import { general } from './go-numbers.ts';
import { fillFormat, readFormat, type ValueType } from './go-printf.ts';

export interface TemplateData {
  readonly labels: Labels;
  readonly value: number;
}

export interface Template {
  /** Source text. */
  readonly text: string;
  readonly render: (data: TemplateData) => string;
}

/** A template that this engine cannot render; `position` in characters. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly position: number;

  constructor(message: string, position: number) {
    super(`${message} at character ${position + 1}`);
    this.position = position;
  }
}

/** Compiled term of an action, with its type. */
interface Term {
  readonly type: ValueType;
  readonly of: (data: TemplateData) => string | number;
  /** Value of a string literal. */
  readonly literal?: string;
}

/** Compiles a template. @throws TemplateError */
export function compileTemplate(text: string): Template {
  const parts: Template['render'][] = [];
  let from = 0;
  // A dash trims the white space beside the action when a space separates it from the content.
  for (const found of text.matchAll(/(\s*\{\{-(?=\s)|\{\{)([\s\S]*?)((?<=\s)-\}\}\s*|\}\})/gu)) {
    const [whole, , action = ''] = found;
    const literal = text.slice(from, found.index);
    const term = compilePipeline(action, text.indexOf('{{', found.index));
    parts.push(
      () => literal,
      (data) => print(term.of(data)),
    );
    from = found.index + whole.length;
  }
  const rest = text.slice(from);
  if (rest.includes('{{')) throw new TemplateError('A {{ is not closed', from + rest.indexOf('{{'));
  return { text, render: (data) => parts.map((part) => part(data)).join('') + rest };
}

/** Compiles `a | f x | g`: each result is the last argument of the next command. */
function compilePipeline(text: string, position: number): Term {
  let result: Term | null = null;
  for (const command of commandsIn(text, position)) result = compileCommand(command, result, position);
  if (result === null) throw new TemplateError('There is nothing between {{ and }}', position);
  return result;
}

function commandsIn(text: string, position: number): string[][] {
  const commands: string[][] = [[]];
  const words = text.matchAll(/\||"(?:[^"\\]|\\.)*"|`[^`]*`|[^\s|]+/gu);
  for (const [word] of words) {
    if (word === '|') commands.push([]);
    else commands.at(-1)?.push(word);
  }
  if (commands.some((command) => command.length === 0))
    throw new TemplateError('There is nothing between {{, | and }}', position);
  return commands;
}

function compileCommand(words: readonly string[], piped: Term | null, position: number): Term {
  const [first = '', ...others] = words;
  const isFunction = first === 'printf' || Object.hasOwn(FUNCTIONS, first);
  if (!isFunction) {
    if (others.length === 0 && piped === null) return compileTerm(first, position);
    throw lacking(first, position);
  }
  const terms = others.map((word) => compileTerm(word, position));
  if (piped !== null) terms.push(piped);
  return first === 'printf' ? compilePrintf(terms, position) : compileCall(first, terms, position);
}

function compileCall(name: string, terms: readonly Term[], position: number): Term {
  const [term] = terms;
  const spec = FUNCTIONS[name];
  if (spec === undefined) throw lacking(name, position);
  if (term === undefined || terms.length !== 1)
    throw new TemplateError(`${name} takes one value, got ${terms.length}`, position);
  if (spec.takes === 'text' ? term.type !== 'text' : term.type === 'text')
    throw new TemplateError(`${name} takes a ${spec.takes}, not a ${term.type}`, position);
  return { type: 'text', of: (data) => spec.run(term.of(data)) };
}

function compilePrintf(terms: readonly Term[], position: number): Term {
  const [format, ...values] = terms;
  if (format?.literal === undefined)
    throw new TemplateError('printf needs a format that stands in the template', position);
  const read = readFormat(
    format.literal,
    values.map(({ type }) => type),
  );
  if ('fault' in read) throw new TemplateError(`The format "${format.literal}" ${read.fault}`, position);
  return {
    type: 'text',
    of: (data) =>
      fillFormat(
        read,
        values.map(({ of }) => of(data)),
      ),
  };
}

function compileTerm(word: string, position: number): Term {
  const label = /^(?:\$labels|\.Labels)\.(\w+)$/u.exec(word)?.[1];
  if (label !== undefined) return { type: 'text', of: ({ labels }) => labelIn(labels, label) };
  if (word === '$value' || word === '.Value') return { type: 'number', of: ({ value }) => value };
  if (/^[+-]?(?:0|[1-9]\d*)$/u.test(word)) return { type: 'integer', of: () => Number(word) };
  if (/^[+-]?\d+\.\d+$/u.test(word)) return { type: 'number', of: () => Number(word) };
  const literal = /^["`]/u.test(word) ? parseString(word) : null;
  if (literal === null) throw lacking(word, position);
  return { type: 'text', of: () => literal, literal };
}

function lacking(what: string, position: number): TemplateError {
  return new TemplateError(`This engine's templates have no ${what}`, position);
}

interface FunctionSpec {
  readonly takes: 'text' | 'number';
  readonly run: (value: string | number) => string;
}

function ofNumber(write: (value: number) => string): FunctionSpec {
  return { takes: 'number', run: (value) => write(Number(value)) };
}

function ofText(change: (text: string) => string): FunctionSpec {
  return { takes: 'text', run: (value) => change(String(value)) };
}

const FUNCTIONS: Readonly<Record<string, FunctionSpec>> = {
  humanize: ofNumber(humanize),
  humanize1024: ofNumber(humanize1024),
  humanizeDuration: ofNumber(humanizeDuration),
  humanizePercentage: ofNumber(humanizePercentage),
  humanizeTimestamp: ofNumber(humanizeTimestamp),
  toUpper: ofText((text) => text.toUpperCase()),
  toLower: ofText((text) => text.toLowerCase()),
  // Of what is no letter, only ASCII and white space part words.
  title: ofText((text) =>
    text.replaceAll(/(?<=^|\s|[^\w\u{80}-\u{10ffff}])\p{Ll}/gu, (letter) => letter.toUpperCase()),
  ),
};

function print(value: string | number): string {
  return typeof value === 'number' ? general(value) : value;
}
