// Errors of the command-line parser as usage errors, with the nearest word that it knows.
import type { Argument, Command } from 'commander';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';

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
      return missingArgument(word, program);
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

function missingArgument(name: string, program: Command): WatchdogError {
  const choices = choicesOf(name, program);
  const { description = '' } = argumentOf(name, program) ?? {};
  const meaning = choices.length > 0 || description === '' ? '' : `, ${description},`;
  return usage(`the argument "${name}"${meaning} is missing`, null, choices);
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
  return argumentOf(argument, program)?.argChoices ?? [];
}

function argumentOf(argument: string, program: Command): Argument | undefined {
  return program.commands
    .find((command) => command.name() === program.args[0])
    ?.registeredArguments.find((each) => each.name() === argument);
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
