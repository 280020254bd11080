// Error output: one line with action, reason and value, then the cure.
import type { Command } from 'commander';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import { neutralise } from '../../core/base/text.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import { paint } from './style.ts';

/** Writes an error. @param isDebug adds the stack and the causes */
export function errorLines(
  error: unknown,
  { colour, isDebug }: { colour: boolean; isDebug: boolean },
): string[] {
  const { message, hint } = describeError(error);
  return [
    `${paint('error:', 'red', colour)} ${message}`,
    ...(hint === null ? [] : [`${paint('hint:', 'yellow', colour)} ${hint}`]),
    ...(isDebug ? stackOf(error) : []),
  ];
}

/** Returns what can be shown of an error: the message, whose first line is the summary, and the cure, null where none is known. */
export function describeError(error: unknown): { readonly message: string; readonly hint: string | null } {
  const lines = messageOf(error).split('\n').map(neutralise);
  const hint = cureOf(error, lines[0] ?? '');
  return { message: lines.join('\n'), hint: hint === null ? null : neutralise(hint) };
}

function cureOf(error: unknown, line: string): string | null {
  // The limit is at fault, not the file that could not be opened.
  if (/\bE[MN]FILE\b/u.test(line)) return TOO_FEW_FILES;
  if (error instanceof WatchdogError) return error.hint;
  return CURES[codeOf(error) ?? ''] ?? 'This should not happen: MCP_LOG_LEVEL=debug shows where it came from';
}

const TOO_FEW_FILES = 'The limit of open files is too low: raise it, for example with ulimit -n 1024';

/** Cures of system errors, by code. */
const CURES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: make room, then try again',
  EROFS: 'The file system takes no writes now',
};

export function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const cause = error.cause === undefined ? [] : ['caused by:', ...stackOf(error.cause)];
  return [...(error.stack ?? '').split('\n').map(neutralise), ...cause];
}

/** Translates an error of the parser; null when it only printed help or version; other errors are returned as they are. */
export function usageError(error: unknown, program: Command): unknown {
  if (!isParserError(error)) return error;
  if (error.exitCode === 0) return null;
  const [word = '', argument = ''] = [...error.message.matchAll(/'([^']*)'/gu)].map(
    ([, quoted = '']) => quoted,
  );
  switch (error.code) {
    case 'commander.unknownCommand':
      return usage(`there is no command "${word}"`, suggest(word, commandNames(program)));
    case 'commander.unknownOption':
      return usage(`there is no option "${word}" here`, suggest(word, optionsHere(program)));
    case 'commander.help': {
      const asked = program.args.at(-1) ?? '';
      return usage(`there is no command "${asked}"`, suggest(asked, commandNames(program)));
    }
    case 'commander.missingArgument':
      return usage(`the argument "${word}" is missing`, null, choicesOf(word, program));
    case 'commander.invalidArgument':
      return usage(
        `the argument "${argument}" must be one of ${choicesOf(argument, program).join(', ')}, got "${word}"`,
        suggest(word, choicesOf(argument, program)),
      );
    default:
      return usage(error.message.replace(/^error: /u, '').replaceAll("'", '"'), null);
  }
}

interface ParserError {
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
}

function isParserError(error: unknown): error is ParserError {
  return (
    error instanceof Error &&
    'code' in error &&
    'exitCode' in error &&
    String(error.code).startsWith('commander.')
  );
}

function usage(reason: string, guess: string | null, choices: readonly string[] = []): WatchdogError {
  const help =
    choices.length > 0
      ? `It is one of: ${choices.join(', ')}`
      : 'mcp-watchdog --help lists the commands, mcp-watchdog <command> -h their options';
  return new WatchdogError('USAGE', `Cannot read the command line: ${reason}`, {
    hint: guess === null ? help : `Did you mean ${guess}?`,
  });
}

function commandNames(program: Command): string[] {
  return program.commands.map((each) => each.name());
}

function choicesOf(argument: string, program: Command): readonly string[] {
  return (
    program.commands
      .find((command) => command.name() === program.args[0])
      ?.registeredArguments.find((each) => each.name() === argument)?.argChoices ?? []
  );
}

/** Suggests the nearest word, never the typed one: that may be known to another command. */
function suggest(word: string, known: readonly string[]): string | null {
  return suggestSpelling(
    word,
    known.filter((each) => each !== word),
  );
}

/** Lists the options of the named command; of all commands when none was named. */
function optionsHere(program: Command): string[] {
  const named = program.commands.filter((command) => command.name() === program.args[0]);
  return [program, ...(named.length === 0 ? program.commands : named)]
    .flatMap(({ options }) => options.map(({ long }) => long ?? ''))
    .concat('--help');
}
