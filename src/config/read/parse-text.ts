// Parser from YAML or JSON text to a syntax tree that never throws, whatever the text is.
import { createScanner } from 'jsonc-parser';
import { Composer, Lexer, LineCounter, Parser } from 'yaml';
import type { Document } from 'yaml';
import type { KeyPath } from '../schema/document.ts';

/** A mistake in the text itself; `path` says where in the document, as far as that is known. */
export interface SyntaxProblem {
  readonly path: KeyPath;
  /** From 1; null when it is about the text as a whole. */
  readonly line: number | null;
  readonly reason: string;
}

export type ParsedText =
  | { readonly document: Document.Parsed; readonly lineAt: (offset: number) => number }
  | { readonly faults: readonly SyntaxProblem[] };

/** Levels of nesting that are read; a config needs seven. */
export const DEEPEST = 50;

/** Nobody fixes more at once. */
export const MOST_FAULTS = 100;

export function parseText(text: string): ParsedText {
  const lines = new LineCounter();
  const tokens = tokenize(withoutJsonComments(text.replace(/^\uFEFF/, '')), lines);
  if (typeof tokens === 'string') return { faults: [{ path: [], line: null, reason: tokens }] };
  // prettyErrors would quote the text in its messages, secrets included; uniqueKeys takes quadratic time.
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
  const [document, another] = composer.compose(tokens, true, text.length);
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const faults: SyntaxProblem[] = [...(document?.errors ?? []), ...(document?.warnings ?? [])]
    .slice(0, MOST_FAULTS)
    .map(({ pos: [offset], message }) => ({ path: [], line: lineAt(offset), reason: notYaml(message) }));
  if (another !== undefined) {
    faults.push({
      path: [],
      line: lineAt(another.range[0]),
      reason: 'starts a second YAML document; one is meant',
    });
  }
  return document === undefined || faults.length > 0 ? { faults } : { document, lineAt };
}

/**
 * Blanks the `//` and `/*` comments of a JSON file, as VS Code and Zed write them; lines and columns stay. YAML has other
 * comments, and words like `http://x` that are none: a text with anything but words and signs of JSON is left alone.
 */
function withoutJsonComments(text: string): string {
  if (!/\/[/*]/.test(text)) return text;
  const scanner = createScanner(text);
  const pieces: string[] = [];
  let isFirst = true;
  for (let kind: number = scanner.scan(); kind !== KIND.end; kind = scanner.scan()) {
    const error: number = scanner.getTokenError();
    const isTrivia = kind >= KIND.lineComment && kind <= KIND.lastTrivia;
    if (error !== 0 || kind === KIND.unknown) return text;
    if (isFirst && !isTrivia && kind !== KIND.openBrace) return text;
    isFirst &&= isTrivia;
    const isComment = kind === KIND.lineComment || kind === KIND.blockComment;
    const at = scanner.getTokenOffset();
    const token = text.slice(at, at + scanner.getTokenLength());
    pieces.push(isComment ? token.replaceAll(/[^\r\n]/g, ' ') : token);
  }
  return pieces.join('');
}

/** Of `SyntaxKind` in jsonc-parser, whose const enum cannot be imported. */
const KIND = { openBrace: 1, lineComment: 12, blockComment: 13, lastTrivia: 15, unknown: 16, end: 17 };

/** Twice what a config of a thousand servers needs; beyond it the text is an accident or an attack. */
const MOST_LEXEMES = 400_000;

/** Tokens that may be open at once: one a level, document and scalar beside them. */
const MOST_OPEN = 2 * DEEPEST;
const TOO_DEEP = `is nested deeper than ${DEEPEST} levels`;

type Token = Parameters<Composer['next']>[0];

/** @returns the syntax tokens, or why there are none */
function tokenize(text: string, lines: LineCounter): Token[] | string {
  const parser = new Parser(lines.addNewLine);
  const tokens: Token[] = [];
  let count = 0;
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > MOST_LEXEMES) return `holds more than ${MOST_LEXEMES} words and signs, too many for a config`;
    tokens.push(...parser.next(lexeme));
    // Before the end: closing what is open recurses.
    if (parser.stack.length > MOST_OPEN) return TOO_DEEP;
  }
  tokens.push(...parser.end());
  return isTooDeep(tokens) ? TOO_DEEP : tokens;
}

/**
 * Composing recurses, and a stack that runs out inside a regular expression ends the whole process.
 * So depth is measured before, and without recursion.
 */
function isTooDeep(tokens: readonly Token[]): boolean {
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    if (entry.depth > DEEPEST) return true;
    for (const token of childrenOf(entry.token)) open.push({ token, depth: entry.depth + 1 });
  }
  return false;
}

function childrenOf(token: Token): Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) =>
    [key, value].filter((part) => part !== null && part !== undefined),
  );
}

function notYaml(message: string): string {
  const [first = ''] = message.split('\n');
  return `is not valid YAML or JSON: ${first.charAt(0).toLowerCase()}${first.slice(1, 120)}`;
}
