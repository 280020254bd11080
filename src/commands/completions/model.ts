// Model of everything that can be completed, derived from the list of commands, so that no shell knows more than the help does.
import type { ArgumentSpec, CommandSpec, OptionSpec } from '../shared/command.ts';

/** Values that a place on the command line takes: fixed words, or something that only this machine knows. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'servers' | 'folder' | 'file' | 'anything' }
  /** One of these words, or the path of a file. */
  | { readonly kind: 'words-or-file'; readonly words: readonly string[] };

export interface OptionModel {
  /** `-n`; null when there is no short form. */
  readonly short: string | null;
  /** `--lines`. */
  readonly long: string;
  readonly summary: string;
  /** Null for an option that takes no value. */
  readonly values: Values | null;
  readonly isRepeatable: boolean;
}

export interface ArgumentModel {
  /** From 0. */
  readonly position: number;
  /** Takes this position and all that follow. */
  readonly isVariadic: boolean;
  readonly summary: string;
  readonly values: Values;
}

export interface CommandModel {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionModel[];
  readonly arguments: readonly ArgumentModel[];
}

/** Options of every command. */
export const GLOBAL_OPTIONS: readonly OptionModel[] = [
  readOption({ flags: '--home <dir>', summary: 'folder of config, logs and state' }),
  readOption({ flags: '--no-color', summary: 'no colours' }),
  readOption({ flags: '-h, --help', summary: 'show help' }),
  readOption({ flags: '-V, --version', summary: 'print the version' }),
];

/** Derives the model from the commands. @param clients names that `--from <client>` knows */
export function modelOf(commands: readonly CommandSpec[], clients: readonly string[]): CommandModel[] {
  return commands.map(({ name, summary, options, arguments: args }) => ({
    name,
    summary,
    options: options.map((option) => readOption(option, clients)),
    arguments: args.map(readArgument),
  }));
}

/** Lists every spelling of the options that take a value: the word after one of them is not an argument. */
export function flagsWithValue(commands: readonly CommandModel[]): string[] {
  const options = [...GLOBAL_OPTIONS, ...commands.flatMap((command) => command.options)];
  const flags = options.filter(({ values }) => values !== null).flatMap(flagsOf);
  return [...new Set(flags)];
}

export function flagsOf({ short, long }: OptionModel): string[] {
  return short === null ? [long] : [short, long];
}

function readOption(
  { flags, summary, isRepeatable = false }: OptionSpec,
  clients: readonly string[] = [],
): OptionModel {
  const short = /(?:^|\s)(-\w)\b/u.exec(flags)?.[1] ?? null;
  const long = /--[\w-]+/u.exec(flags)?.[0] ?? short ?? '';
  const placeholder = /<([\w-]+)>/u.exec(flags)?.[1];
  const values = placeholder === undefined ? null : valuesOf(placeholder, clients);
  return { short, long, summary, values, isRepeatable };
}

function valuesOf(placeholder: string, clients: readonly string[]): Values {
  switch (placeholder) {
    case 'dir':
      return { kind: 'folder' };
    case 'file':
    case 'path':
      return { kind: 'file' };
    case 'client':
      return { kind: 'words-or-file', words: clients };
    default:
      return { kind: 'anything' };
  }
}

function readArgument({ syntax, summary, choices }: ArgumentSpec, position: number): ArgumentModel {
  const [, name = '', dots = ''] = /^[[<]([\w-]+?)(\.\.\.)?[\]>]$/u.exec(syntax) ?? [];
  const isServer = name === 'name' || name === 'names';
  const values: Values =
    choices === undefined ? { kind: isServer ? 'servers' : 'anything' } : { kind: 'words', words: choices };
  return { position, isVariadic: dots !== '', summary, values };
}
