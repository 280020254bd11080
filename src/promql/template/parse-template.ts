// Parser of templates: pieces to a tree; names of functions and variables are checked.
import { parseNumber, parseString } from '../model/literals.ts';
import { type Piece, piecesOf, type Token, tokensOf } from './lexer.ts';
import { TemplateError } from './template-error.ts';
import type { Operand, ParsedTemplate, Pipeline, TemplateNode } from './template-tree.ts';

/** Variables that every template has. */
const GIVEN_VARIABLES = ['$', '$labels', '$externalLabels', '$externalURL', '$value'] as const;

/** Levels of nesting: reading and filling in recurse. */
const MOST_LEVELS = 100;

/** @param hasFunction whether a function of this name exists. @throws TemplateError */
export function parseTemplate(text: string, hasFunction: (name: string) => boolean): ParsedTemplate {
  return new Parser(text, hasFunction).parse();
}

interface Block {
  readonly nodes: TemplateNode[];
  /** `end` or `else`, with what follows it; null at the end of the template. */
  readonly end: { readonly word: string; readonly rest: readonly Token[]; readonly position: number } | null;
}

class Parser {
  readonly #pieces: readonly Piece[];
  readonly #hasFunction: (name: string) => boolean;
  readonly #defined = new Map<string, readonly TemplateNode[]>();
  #next = 0;
  #level = 0;
  #loops = 0;
  #variables: string[] = [...GIVEN_VARIABLES];

  constructor(text: string, hasFunction: (name: string) => boolean) {
    this.#pieces = piecesOf(text);
    this.#hasFunction = hasFunction;
  }

  parse(): ParsedTemplate {
    const { nodes, end } = this.#block();
    if (end !== null) throw new TemplateError(`A {{ ${end.word} }} without its beginning`, end.position);
    return { body: nodes, defined: this.#defined };
  }

  #block(): Block {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const piece = this.#pieces[this.#next];
      if (piece === undefined) return { nodes, end: null };
      this.#next += 1;
      if (piece.kind === 'text') {
        nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      const tokens = tokensOf(piece.text, piece.position);
      const [first, ...rest] = tokens;
      const word = first?.kind === 'word' ? first.text : '';
      if (word === 'end' || word === 'else') return { nodes, end: { word, rest, position: piece.position } };
      const node = this.#node(word, { tokens, rest, position: piece.position });
      if (node !== null) nodes.push(node);
    }
  }

  #node(
    word: string,
    { tokens, rest, position }: { tokens: readonly Token[]; rest: readonly Token[]; position: number },
  ): TemplateNode | null {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(word, rest, position);
      case 'define':
        this.#define(rest, position);
        return null;
      case 'block':
      case 'template':
        return this.#include(word, rest, position);
      case 'break':
      case 'continue':
        if (this.#loops === 0 || rest.length > 0)
          throw new TemplateError(`{{ ${word} }} outside of a range`, position);
        return { kind: 'leave', how: word };
      default:
        return { kind: 'action', pipeline: this.#pipeline(tokens, position) };
    }
  }

  #branch(kind: 'if' | 'with' | 'range', tokens: readonly Token[], position: number): TemplateNode {
    this.#level += 1;
    if (this.#level > MOST_LEVELS) throw new TemplateError('Too many levels', position);
    const outside = this.#variables.length;
    const pipeline = this.#pipeline(tokens, position, kind === 'range');
    if (kind === 'range') this.#loops += 1;
    const inside = this.#variables.length;
    const { nodes: body, end } = this.#block();
    this.#variables.length = inside;
    if (kind === 'range') this.#loops -= 1;
    const otherwise = end?.word === 'else' ? this.#otherwise(kind, end.rest, position) : [];
    this.#variables.length = outside;
    this.#level -= 1;
    if (end === null || (end.word === 'end' && end.rest.length > 0))
      throw new TemplateError(`The {{ ${kind} }} has no end`, position);
    return { kind, pipeline, body, otherwise };
  }

  /** Behind an `else`: a block, or another branch, which takes the same end. */
  #otherwise(
    kind: 'if' | 'with' | 'range',
    [first, ...rest]: readonly Token[],
    position: number,
  ): TemplateNode[] {
    if (first !== undefined && (first.text !== kind || kind === 'range'))
      throw new TemplateError(`Cannot read else ${first.text}`, position);
    if (first !== undefined) return [this.#branch(kind, rest, position)];
    const { nodes, end } = this.#block();
    if (end?.word !== 'end') throw new TemplateError(`The {{ else }} has no end`, position);
    return nodes;
  }

  #define([named, ...rest]: readonly Token[], position: number): void {
    const name = this.#nameIn(named, position);
    if (rest.length > 0 || this.#level > 0) throw new TemplateError('Cannot read the define', position);
    this.#defined.set(name, this.#ownBlock(position));
  }

  /** A block with variables of its own. */
  #ownBlock(position: number): readonly TemplateNode[] {
    const variables = this.#variables;
    this.#variables = [...GIVEN_VARIABLES];
    const { nodes, end } = this.#block();
    this.#variables = variables;
    if (end?.word !== 'end') throw new TemplateError('A define has no end', position);
    return nodes;
  }

  #include(word: 'block' | 'template', [named, ...rest]: readonly Token[], position: number): TemplateNode {
    const name = this.#nameIn(named, position);
    const pipeline = rest.length === 0 ? null : this.#pipeline(rest, position);
    if (word === 'block') this.#defined.set(name, this.#ownBlock(position));
    return { kind: 'include', name, pipeline, position };
  }

  #nameIn(token: Token | undefined, position: number): string {
    const name = token?.kind === 'text' ? parseString(token.text) : null;
    if (name === null) throw new TemplateError('A template needs a name in quotation marks', position);
    return name;
  }

  #pipeline(tokens: readonly Token[], position: number, isRange = false): Pipeline {
    const reader = { tokens, next: 0 };
    const pipeline = this.#pipelineAt(reader, { position, isRange, isInner: false });
    if (reader.next < tokens.length)
      throw new TemplateError(`Cannot read ${tokens[reader.next]?.text ?? ''}`, position);
    return pipeline;
  }

  #pipelineAt(
    reader: TokenReader,
    { position, isRange, isInner }: { position: number; isRange: boolean; isInner: boolean },
  ): Pipeline {
    const { variables, sign } = declarationAt(reader, isRange);
    const commands: Operand[][] = [[]];
    for (;;) {
      const token = reader.tokens[reader.next];
      if (token === undefined || (isInner && token.text === ')' && token.kind === 'sign')) break;
      if (token.kind === 'sign' && token.text === '|') {
        reader.next += 1;
        commands.push([]);
      } else commands.at(-1)?.push(this.#operandAt(reader, position));
    }
    if (commands.some((command) => command.length === 0))
      throw new TemplateError('There is nothing between {{, | and }}', position);
    for (const name of variables)
      if (sign === ':=') this.#variables.push(name);
      else this.#demandVariable(name, position);
    return { variables, isDeclaration: sign === ':=', commands, position };
  }

  #demandVariable(name: string, position: number): void {
    if (!this.#variables.includes(name))
      throw new TemplateError(`This engine's templates have no ${name}`, position);
  }

  #operandAt(reader: TokenReader, position: number): Operand {
    const token = reader.tokens[reader.next];
    reader.next += 1;
    switch (token?.kind) {
      case 'text':
        return { kind: 'literal', value: this.#textOf(token, position), isInteger: false };
      case 'number':
        return {
          kind: 'literal',
          value: numberOf(token, position),
          isInteger: /^[-+]?(?:0[xb])?[\da-f_]+$/iu.test(token.text),
        };
      case 'dot':
        return { kind: 'chain', base: '.', fields: [] };
      case 'field':
        return { kind: 'chain', base: '.', fields: [token.text.slice(1), ...fieldsAt(reader)] };
      case 'variable':
        this.#demandVariable(token.text, position);
        return { kind: 'chain', base: { variable: token.text }, fields: fieldsAt(reader) };
      case 'word':
        return this.#wordOf(token, position);
      case 'sign':
        if (token.text === '(') return this.#bracketAt(reader, position);
        throw new TemplateError(`Cannot read ${token.text}`, position);
      default:
        throw new TemplateError('There is nothing between {{, | and }}', position);
    }
  }

  #textOf({ text }: Token, position: number): string {
    const value = parseString(text);
    if (value === null) throw new TemplateError(`This engine's templates have no ${text}`, position);
    return value;
  }

  #wordOf({ text }: Token, position: number): Operand {
    if (text === 'true' || text === 'false')
      return { kind: 'literal', value: text === 'true', isInteger: false };
    if (text === 'nil') return { kind: 'literal', value: null, isInteger: false };
    if (!this.#hasFunction(text))
      throw new TemplateError(`This engine's templates have no ${text}`, position);
    return { kind: 'function', name: text };
  }

  #bracketAt(reader: TokenReader, position: number): Operand {
    this.#level += 1;
    if (this.#level > MOST_LEVELS) throw new TemplateError('Too many levels', position);
    const pipeline = this.#pipelineAt(reader, { position, isRange: false, isInner: true });
    this.#level -= 1;
    if (reader.tokens[reader.next]?.text !== ')') throw new TemplateError('A ( is not closed', position);
    reader.next += 1;
    return { kind: 'chain', base: { pipeline }, fields: fieldsAt(reader) };
  }
}

interface TokenReader {
  readonly tokens: readonly Token[];
  next: number;
}

/** Fields that follow without white space. */
function fieldsAt(reader: TokenReader): string[] {
  const fields: string[] = [];
  for (;;) {
    const token = reader.tokens[reader.next];
    if (token?.kind !== 'field' || token.isApart) return fields;
    fields.push(token.text.slice(1));
    reader.next += 1;
  }
}

/** `$a :=`, `$a =`, and in a range `$index, $a :=`. */
function declarationAt(reader: TokenReader, isRange: boolean): { variables: string[]; sign: string } {
  const [first, second, third, fourth] = reader.tokens.slice(reader.next, reader.next + 4);
  if (first?.kind !== 'variable') return { variables: [], sign: '' };
  if (second?.text === ':=' || second?.text === '=') {
    reader.next += 2;
    return { variables: [first.text], sign: second.text };
  }
  const isPair = isRange && second?.text === ',' && third?.kind === 'variable';
  if (!isPair || (fourth?.text !== ':=' && fourth?.text !== '=')) return { variables: [], sign: '' };
  reader.next += 4;
  return { variables: [first.text, third.text], sign: fourth.text };
}

function numberOf({ text }: Token, position: number): number {
  const value = parseNumber(text);
  if (value === null) throw new TemplateError(`Cannot read ${text}`, position);
  return value;
}
