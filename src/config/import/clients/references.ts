// References such as `${NAME}` in the files of clients, and their translation to `${env:NAME}` of our config.
import { basename } from 'node:path';
import { escapeReferences } from '../../read/env-expansion.ts';
import type { Environment } from '../../read/env-expansion.ts';

/** A variable of the environment that must be set before a server can be started. */
export interface RequiredVariable {
  readonly name: string;
  /** The question with which the client would ask for it; null when it reads the environment itself. */
  readonly question: string | null;
}

/** The meaning of a reference: a known text, a variable, or something that only the client knows. */
type Meaning = string | RequiredVariable | { readonly unknown: string };

export interface ReferenceContext {
  readonly home: string;
  readonly project: string | null;
  readonly environment: Environment;
  readonly questions: ReadonlyMap<string, string>;
}

export interface Dialect {
  /** Global; its first group that matched is what stands inside. Null: nothing is expanded. */
  readonly pattern: RegExp | null;
  readonly meaningOf: (inside: string, around: ReferenceContext) => Meaning;
}

export interface Rewritten {
  readonly text: string;
  readonly needs: readonly RequiredVariable[];
  /** References that cannot be translated. */
  readonly unknown: readonly string[];
}

/** Translates a text: what the client takes literally is literal here too. */
export function rewriteReferences(text: string, dialect: Dialect, around: ReferenceContext): Rewritten {
  const needs: RequiredVariable[] = [];
  const unknown: string[] = [];
  let result = '';
  let end = 0;
  for (const match of dialect.pattern === null ? [] : text.matchAll(dialect.pattern)) {
    result += escapeReferences(text.slice(end, match.index));
    end = match.index + match[0].length;
    const meaning = dialect.meaningOf(match.slice(1).find((group) => group !== undefined) ?? '', around);
    if (typeof meaning === 'string') result += escapeReferences(meaning);
    else if ('unknown' in meaning) {
      unknown.push(`${match[0]}, ${meaning.unknown}`);
      result += match[0];
    } else {
      // Here `$${env:X}` is the literal text, so a dollar before a reference cannot be written.
      if (result.endsWith('$')) unknown.push(`a $ before ${match[0]}, which has no form here`);
      needs.push(meaning);
      result += `\${env:${meaning.name}}`;
    }
  }
  return { text: result + escapeReferences(text.slice(end)), needs, unknown };
}

/** Claude Desktop and Codex expand nothing. */
export const LITERAL: Dialect = { pattern: null, meaningOf: (inside) => inside };

/** `${env:NAME}`, `${input:id}`, `${workspaceFolder}` and their like. */
export const VSCODE: Dialect = { pattern: /\$\{([^}]*)\}/g, meaningOf: editorVariable };

/** `${NAME}` and `${NAME:-default}`; anything else is literal. */
export const CLAUDE_CODE: Dialect = {
  pattern: /\$\{([A-Za-z_]\w*(?::-[^}]*)?)\}/g,
  meaningOf: shellVariable,
};

/** `$NAME` and `${NAME}`. */
export const DOLLAR: Dialect = {
  pattern: /\$\{([A-Za-z_]\w*(?::-[^}]*)?)\}|\$([A-Za-z_]\w*)/g,
  meaningOf: shellVariable,
};

/** For a file of an unknown client: each form is read as what it looks like. */
export const EITHER: Dialect = {
  pattern: /\$\{([^}]*)\}/g,
  meaningOf: (inside, around) =>
    /^[A-Za-z_]\w*(?::-.*)?$/s.test(inside) && !EDITOR_WORDS.has(inside)
      ? shellVariable(inside, around)
      : editorVariable(inside, around),
};

const EDITOR_WORDS: ReadonlySet<string> = new Set([
  'userHome',
  'workspaceFolder',
  'workspaceRoot',
  'workspaceFolderBasename',
  'pathSeparator',
  'cwd',
]);

function editorVariable(inside: string, { home, project, questions }: ReferenceContext): Meaning {
  const [kind = '', name = ''] = inside.split(/:(.*)/s);
  if (kind === 'env' && isVariable(name)) return { name, question: null };
  if (kind === 'input') return { name: variableFrom(name), question: questions.get(name) ?? name };
  const fixed = new Map([
    ['userHome', home],
    ['pathSeparator', '/'],
    ['/', '/'],
  ]).get(inside);
  if (fixed !== undefined) return fixed;
  if (!EDITOR_WORDS.has(inside)) return { unknown: 'which only the client can fill in' };
  if (project === null) return { unknown: 'which depends on the folder that is open in the client' };
  return inside === 'workspaceFolderBasename' ? basename(project) : project;
}

function shellVariable(inside: string, { environment }: ReferenceContext): Meaning {
  const [name = '', fallback] = inside.split(/:-(.*)/s);
  const isSet = (environment[name] ?? '') !== '';
  return fallback !== undefined && !isSet ? fallback : { name, question: null };
}

function isVariable(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name);
}

/** `perplexity-key` -> `PERPLEXITY_KEY` */
function variableFrom(id: string): string {
  const name = id.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');
  return /^[A-Z_]/.test(name) ? name : `INPUT_${name}`;
}
