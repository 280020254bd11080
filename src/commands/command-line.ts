// Command line: argv to command to exit code; the only file that prints errors.
import type { Command } from 'commander';
import { WatchdogError } from '../core/base/errors.ts';
import { createProgram } from './program.ts';
import { EXIT_CODES } from './shared/command.ts';
import type { CommandIo, CommandSpec } from './shared/command.ts';
import { asksForJson, failure, toJson } from './shared/json-output.ts';
import { describeError, errorLines, stackOf, usageError } from './views/error.ts';
import { wantsColour } from './views/style.ts';

/**
 * Runs one command line, without the first two words of `process.argv`.
 *
 * @returns the exit code; errors have been printed
 */
export async function runCommandLine(argv: readonly string[], io: CommandIo): Promise<number> {
  let exitCode = 0;
  let spec: CommandSpec | null = null;
  const program = createProgram(io, (chosen, work) => {
    spec = chosen;
    return work().then((code) => void (exitCode = code));
  });
  if (argv.length === 0) return withoutCommand(program, io);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(usageError(error, program), { io, spec, argv });
  }
}

function withoutCommand(program: Command, io: CommandIo): number {
  io.err.write(program.helpInformation());
  return EXIT_CODES.USAGE;
}

function explain(
  error: unknown,
  { io, spec, argv }: { io: CommandIo; spec: CommandSpec | null; argv: readonly string[] },
): number {
  // Help or version, which have been printed.
  if (error === null) return 0;
  print(error, { io, argv });
  if (!(error instanceof WatchdogError)) return 1;
  return spec?.exitCodes?.[error.code] ?? EXIT_CODES[error.code];
}

/** Prints an error: for people on standard error, with `--json` in one line on standard output, where the data would be. */
function print(error: unknown, { io, argv }: { io: CommandIo; argv: readonly string[] }): void {
  const isDebug = io.env['MCP_LOG_LEVEL'] === 'debug';
  if (asksForJson(argv)) {
    io.out.write(`${toJson(failure(error, describeError(error)))}\n`);
    if (isDebug) for (const line of stackOf(error)) io.err.write(`${line}\n`);
    return;
  }
  const colour = wantsColour(io.err, io.env, argv.includes('--no-color'));
  for (const line of errorLines(error, { colour, isDebug })) io.err.write(`${line}\n`);
}
