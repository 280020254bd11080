#!/usr/bin/env node
// Entry point of the command line: argv to command to exit code; the only file that prints errors and ends the process.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { EXIT_CODES } from './commands/shared/command.ts';
import type { CommandSpec, CommandIo } from './commands/shared/command.ts';
import { asksForJson, failure, toJson } from './commands/shared/json-output.ts';
import { processIo } from './commands/shared/process-io.ts';
import { createProgram } from './commands/program.ts';
import { describeError, errorLines, stackOf, usageError } from './commands/views/error.ts';
import { wantsColour } from './commands/views/style.ts';
import { WatchdogError } from './core/base/errors.ts';

/**
 * Runs one command line, without the first two words of `process.argv`.
 *
 * @returns the exit code; errors have been printed
 */
export async function runCli(argv: readonly string[], io: CommandIo): Promise<number> {
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

async function main(): Promise<void> {
  // The reader of a pipe may close it early: `mcp-watchdog status | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Another listener is a command that keeps running without its output.
    if (process.stdout.listenerCount('error') > 1) return;
    if (error.code !== 'EPIPE') throw error;
    // eslint-disable-next-line unicorn/no-process-exit -- nothing is left to write to
    process.exit(0);
  });
  const exitCode = await runCli(process.argv.slice(2), processIo);
  // Output is flushed first. Anything that still holds the process, such as a server that does not exit, is not awaited.
  // eslint-disable-next-line unicorn/no-process-exit -- this is the one place
  process.stdout.write('', () => process.exit(exitCode));
}

// npm starts a command through a symbolic link.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main();
