// Command-line parser with help, built from the list of commands.
import { Argument, Command, Option } from 'commander';
import { WatchdogError } from '../core/base/errors.ts';
import { readVersion } from './shared/own-package.ts';
import type { ArgumentSpec, CommandSpec, Flags, CommandIo, OptionSpec } from './shared/command.ts';
import type { Call } from './plain-call.ts';
import { COMMANDS } from './registry.ts';
import { capitalised } from '../core/base/text.ts';

type Run = (call: Call) => Promise<void>;

/** Builds the parser. @param run called with the command that was chosen, and what it was given */
export function createProgram(io: CommandIo, run: Run): Command {
  const program = new Command('mcp-watchdog')
    .description('Keeps local MCP servers running and reports their real state.')
    .option(
      '--home <dir>',
      'folder of config, logs and state (default: $MCP_WATCHDOG_HOME or ~/.mcp-watchdog)',
      needFolder,
    )
    .option('--no-color', 'no colours; NO_COLOR and FORCE_COLOR are honoured too')
    .version(readVersion(), '-V, --version', 'print the version')
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(io.out.columns ?? 100, 100) })
    .configureOutput({
      writeOut: (text) => void io.out.write(text),
      writeErr: () => {},
      outputError: () => {},
    })
    .showSuggestionAfterError(false)
    .exitOverride();
  for (const spec of COMMANDS) addCommand(program, spec, run);
  return program;
}

function addCommand(program: Command, spec: CommandSpec, run: Run): void {
  const command = program
    .command(spec.name)
    .summary(spec.summary)
    .description(`${capitalised(spec.summary)}.`);
  command.configureHelp(program.configureHelp());
  for (const argument of spec.arguments) command.addArgument(toArgument(argument));
  for (const option of spec.options) command.addOption(toOption(option));
  if (spec.notes.length > 0) command.addHelpText('after', `\n${spec.notes.join('\n')}`);
  command.action(async () => {
    const { home, color } = program.opts<{ home?: string; color: boolean }>();
    await run({ spec, arguments: command.args, flags: command.opts<Flags>(), home, color });
  });
}

function toArgument({ syntax, summary, choices }: ArgumentSpec): Argument {
  const argument = new Argument(syntax, summary);
  return choices === undefined ? argument : argument.choices(choices);
}

function toOption({ flags, summary, isCount = false, isRepeatable = false }: OptionSpec): Option {
  const option = new Option(flags, summary);
  if (isRepeatable)
    return option.argParser((value: string, before?: readonly string[]) => [...(before ?? []), value]);
  return isCount ? option.argParser((value: string) => readCount(flags, value)) : option;
}

/** Refuses an empty `--home`, which an unset variable gives: falling back to another home would be a surprise. */
function needFolder(value: string): string {
  if (value !== '') return value;
  throw new WatchdogError('USAGE', 'Cannot read --home <dir>: it is empty', {
    hint: 'For example --home ~/.mcp-watchdog',
  });
}

function readCount(flags: string, value: string): number {
  if (/^\d{1,9}$/u.test(value)) return Number(value);
  const limit = /^\d+$/u.test(value) ? 'at most 999999999' : 'a whole number';
  throw new WatchdogError('USAGE', `Cannot read ${flags}: it must be ${limit}, got "${value}"`, {
    hint: 'For example -n 100',
  });
}
