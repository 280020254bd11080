// Problems in a config, and their messages: one line each, with file, line, path, reason, value and cure.
import { basename } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import type { KeyPath } from '../schema/document.ts';

/** One mistake. `value` is already fit to be shown: shortened, and hidden where it may be secret. */
export interface Problem {
  /** As people write it: `servers.files.args[0]`; empty for the file as a whole. */
  readonly path: string;
  readonly reason: string;
  readonly value: string | null;
  readonly cure: string | null;
  readonly file: string;
  /** From 1; null when it has no place in the file. */
  readonly line: number | null;
}

/** A config that cannot be used; `message` holds one line per problem, below a heading when there are several. */
export class ConfigError extends WatchdogError {
  readonly problems: readonly Problem[];
  /** Other files it depends on: a change of one of them may fix the config. */
  readonly envFiles: readonly string[];

  constructor(path: string, problems: readonly Problem[], envFiles: readonly string[] = []) {
    super('CONFIG_INVALID', messageOf(path, problems), {
      hint: 'fix the file, then run `mcp-watchdog config validate`; docs/configuration.md lists every key',
    });
    this.problems = problems;
    this.envFiles = envFiles;
  }
}

/** Writes one line: `config.yaml:7: servers.files.enabled: must be true or false, got "yes"; write true`. */
export function formatProblem({ file, line, path, reason, value, cure }: Problem): string {
  const place = line === null ? basename(file) : `${basename(file)}:${line}`;
  const subject = path === '' ? '' : ` ${path}:`;
  const got = value === null ? '' : `, got ${value}`;
  return printable(`${place}:${subject} ${reason}${got}${cure === null ? '' : `; ${cure}`}`);
}

/** Writes a path as people do: `['servers', 'a.b', 'args', 0]` -> `servers["a.b"].args[0]`. */
export function formatPath(path: KeyPath): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[\w$@/-]+$/.test(key)) text += text === '' ? key : `.${key}`;
    else text += `[${JSON.stringify(shorten(key))}]`;
  }
  return text;
}

/** Writes a value as one short JSON text; maps and lists are only named, they may hold anything. */
export function formatValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  if (value === null || value === undefined) return 'nothing';
  return shorten(JSON.stringify(value) ?? typeof value);
}

function shorten(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}

const LONGEST_SHOWN = 80;

/** More than anyone fixes at once; a binary file taken for a config would print thousands. */
const MOST_SHOWN = 50;

function messageOf(path: string, problems: readonly Problem[]): string {
  const lines = problems.slice(0, MOST_SHOWN).map(formatProblem);
  if (problems.length > MOST_SHOWN) lines.push(`… and ${problems.length - MOST_SHOWN} more`);
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) return `Cannot use ${path}: ${only}`;
  return [`Cannot use ${path}: ${problems.length} problems`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** Replaces what moves the cursor or starts a new line in a terminal: a config may come from anywhere. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\uFFFD');
}
