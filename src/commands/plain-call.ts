// Reader of the command lines that leave no question: a command, its arguments, options without a value. It spares them
// the parser, a sixth of the time of `status`; the parser is its judge in the tests.
import type { ArgumentSpec, CommandSpec, Flags } from './shared/command.ts';
import { COMMANDS } from './registry.ts';

export interface Call {
  readonly spec: CommandSpec;
  readonly arguments: readonly string[];
  readonly flags: Flags;
  /** As given by `--home`; undefined when it was not given. */
  readonly home: string | undefined;
  /** False with `--no-color`. */
  readonly color: boolean;
}

/** Reads a command line. @returns null for what the parser must read, help, mistakes and options with a value included */
export function plainCall(argv: readonly string[]): Call | null {
  let spec: CommandSpec | undefined;
  let home: string | undefined;
  let color = true;
  const given: string[] = [];
  const flags: Record<string, true> = {};
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--no-color') color = false;
    else if (word === '--home') home = argv[(index += 1)] ?? '';
    else if (word.startsWith('--home=')) home = word.slice('--home='.length);
    else if (spec === undefined) {
      spec = COMMANDS.find(({ name }) => name === word);
      if (spec === undefined) return null;
    } else if (word.startsWith('-')) {
      const key = switchOf(spec, word);
      if (key === null) return null;
      flags[key] = true;
    } else given.push(word);
  }
  if (spec === undefined || hasDefaults(spec) || !fit(given, spec.arguments)) return null;
  if (home === '' || home?.startsWith('-') === true) return null;
  return { spec, arguments: given, flags, home, color };
}

/** True for a command with a switch that is on until its `--no-…` is given. */
function hasDefaults({ options }: CommandSpec): boolean {
  return options.some(({ flags }) => flags.startsWith('--no-'));
}

/** Key in `Flags` of an option without a value; null for any other. */
function switchOf({ options }: CommandSpec, word: string): string | null {
  const option = options.find(({ flags }) => flags.split(', ').includes(word));
  const long = option?.flags.split(', ').at(-1) ?? '';
  if (!/^--[a-z-]+$/u.test(long)) return null;
  return long.slice(2).replaceAll(/-(.)/gu, (_, letter: string) => letter.toUpperCase());
}

function fit(given: readonly string[], wanted: readonly ArgumentSpec[]): boolean {
  const isOpen = wanted.some(({ syntax }) => syntax.includes('...'));
  const needed = wanted.filter(({ syntax }) => syntax.startsWith('<')).length;
  if (given.length < needed || (given.length > wanted.length && !isOpen)) return false;
  return given.every((word) => word !== '') && wanted.every(({ choices }) => choices === undefined);
}
