// Lexer of templates: texts and actions, and the words of an action.
import { TemplateError } from './template-error.ts';

export interface Piece {
  readonly kind: 'text' | 'action';
  readonly text: string;
  /** Characters from the start of the template; of an action that of its braces. */
  readonly position: number;
}

/** Splits a template; comments are left out, and a dash trims the white space beside its action. @throws TemplateError */
export function piecesOf(template: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  let isTrimmed = false;
  for (;;) {
    const start = template.indexOf('{{', from);
    const end = start < 0 ? template.length : start;
    const opensTrimmed = start >= 0 && /^\{\{-\s/u.test(template.slice(start, start + 4));
    let text = template.slice(from, end);
    if (isTrimmed) text = text.trimStart();
    if (opensTrimmed) text = text.trimEnd();
    if (text !== '') pieces.push({ kind: 'text', text, position: from });
    if (start < 0) return pieces;
    const inside = start + (opensTrimmed ? 3 : 2);
    const closed = closeOf(template, inside, start);
    isTrimmed = /\s-$/u.test(template.slice(inside, closed));
    const action = template.slice(inside, isTrimmed ? closed - 1 : closed);
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/u.test(action))
      pieces.push({ kind: 'action', text: action, position: start });
    from = closed + 2;
  }
}

/** Index of the braces that close an action: not those within a text. */
function closeOf(template: string, from: number, position: number): number {
  const comment = /^\s*\/\*[\s\S]*?\*\//u.exec(template.slice(from));
  const skipped = from + (comment?.[0].length ?? 0);
  const texts = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|\}\}/gu;
  texts.lastIndex = skipped;
  for (let found = texts.exec(template); found !== null; found = texts.exec(template))
    if (found[0] === '}}') return found.index;
  throw new TemplateError('A {{ is not closed', position);
}

export interface Token {
  readonly kind: 'field' | 'dot' | 'variable' | 'word' | 'text' | 'number' | 'sign';
  readonly text: string;
  /** White space stands before it: `.a.b` is one chain, `.a .b` two arguments. */
  readonly isApart: boolean;
}

const TOKENS =
  /(?<space>\s+)|(?<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<number>[-+]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?))|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<dot>\.)|(?<variable>\$[\p{L}\p{N}_]*)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<sign>:=|[=|(),])/uy;

/** The words of an action. @throws TemplateError for a character that begins none */
export function tokensOf(action: string, position: number): Token[] {
  const tokens: Token[] = [];
  let isApart = true;
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < action.length) {
    const from = TOKENS.lastIndex;
    const groups = TOKENS.exec(action)?.groups;
    if (groups === undefined)
      throw new TemplateError(`Cannot read ${action.slice(from, from + 20).trim()}`, position);
    const [kind, text = ''] = Object.entries(groups).find(([, found]) => found !== undefined) ?? ['space'];
    if (isKind(kind)) tokens.push({ kind, text, isApart });
    isApart = kind === 'space';
  }
  return tokens;
}

function isKind(kind: string): kind is Token['kind'] {
  return kind !== 'space';
}
