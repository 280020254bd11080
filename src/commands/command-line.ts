// Command line: argv to command to exit code; the only file that prints errors.
import { WatchdogError } from '../core/base/errors.ts';
import { resolvePaths } from '../system/files/paths.ts';
import { type Call, plainCall } from './plain-call.ts';
import { EXIT_CODES } from './shared/command.ts';
import type { CommandIo, CommandSpec } from './shared/command.ts';
import { asksForJson, failure, toJson } from './shared/json-output.ts';
import { describeError, errorLines, stackOf } from './views/error.ts';
import { wantsColour } from './views/style.ts';

// Needed for each command line: one module less to ask for.
export { processIo } from './shared/process-io.ts';

/**
 * Runs one command line, without the first two words of `process.argv`.
 *
 * @returns the exit code; errors have been printed
 */
export async function runCommandLine(argv: readonly string[], io: CommandIo): Promise<number> {
  const call = plainCall(argv);
  if (call === null) return await parseAndRun(argv, io);
  try {
    return await runCall(call, io);
  } catch (error) {
    return explain(error, { io, spec: call.spec, argv });
  }
}

async function parseAndRun(argv: readonly string[], io: CommandIo): Promise<number> {
  const { createProgram } = await import('./program.ts');
  const { usageError } = await import('./views/usage-error.ts');
  let exitCode = 0;
  let spec: CommandSpec | null = null;
  const program = createProgram(io, async (call) => {
    spec = call.spec;
    exitCode = await runCall(call, io);
  });
  if (argv.length === 0) {
    io.err.write(program.helpInformation());
    return EXIT_CODES.USAGE;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(usageError(error, program), { io, spec, argv });
  }
}

async function runCall({ spec, arguments: given, flags, home, color }: Call, io: CommandIo): Promise<number> {
  const { run } = await spec.load();
  return await run({
    paths: resolvePaths(home ?? io.env['MCP_WATCHDOG_HOME']),
    arguments: given,
    flags,
    colour: wantsColour(io.out, io.env, !color),
    io,
  });
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
