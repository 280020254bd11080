#!/usr/bin/env node
// Entry point of the command line; the only file that ends the process.
import { realpathSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { shimCall, type ShimCall } from './commands/connect/shim-call.ts';
import type { CommandIo } from './commands/shared/command.ts';
import { isForWantOfFiles, TOO_FEW_FILES, wantOfFilesText } from './system/open-files.ts';
import { loadNow } from './system/load-now.ts';

/**
 * Runs one command line, without the first two words of `process.argv`.
 *
 * @returns the exit code; errors have been printed
 */
export async function runCli(argv: readonly string[], io: CommandIo): Promise<number> {
  if (await answerQuickly(argv, io.out)) return 0;
  const { runCommandLine } = await import('./commands/command-line.ts');
  return await runCommandLine(argv, io);
}

/** Prints help or version, for which hardly anything is loaded. @returns false for any other command line */
async function answerQuickly(argv: readonly string[], out: CommandIo['out']): Promise<boolean> {
  if (argv.length !== 1 || !/^(?:-|help$)/u.test(argv[0] ?? '')) return false;
  loadNow(import.meta.url, './commands/quick-answer.js');
  const { quickAnswer } = await import('./commands/quick-answer.ts');
  const answer = quickAnswer(argv, out.columns);
  if (answer !== null) out.write(answer);
  return answer !== null;
}

/** Runs `connect NAME` with nothing loaded that it does not need: a client waits for it, and starts one for each server. */
async function connect(call: ShimCall): Promise<number> {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  const setCompilers = (flags: readonly string[]): void => flags.forEach((flag) => setFlagsFromString(flag));
  // Loading a program optimises the loader itself: 5 MB for code that never runs again. Most clients say little after that.
  setCompilers(['--no-opt', '--no-sparkplug', '--regexp-interpret-all']);
  loadNow(import.meta.url, './commands/connect/run-shim.js');
  const { processShimIo, runShim } = await import('./commands/connect/run-shim.ts');
  const onBusy = (): void => setCompilers(['--opt', '--sparkplug', '--no-regexp-interpret-all']);
  return await runShim(call, processShimIo(), { onBusy });
}

/** Loaded for every command, and for the one that people and prompts ask most often. */
const FIRST = './commands/command-line.js';
const FOR_STATUS = './commands/inspect/status.js';

async function runCommand(argv: readonly string[]): Promise<number> {
  // What a command writes is for this user, whatever the umask: one such as 777 would even keep the user out.
  process.umask(0o077);
  if (argv[0] === 'run') (await import('./commands/daemon/prefer-memory.ts')).preferMemory(process.env);
  // The reader of a pipe may close it early: `mcp-watchdog status | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Another listener is a command that keeps running without its output.
    if (process.stdout.listenerCount('error') > 1) return;
    // eslint-disable-next-line unicorn/no-process-exit -- nothing is left to write to
    if (error.code === 'EPIPE') process.exit(0);
    lostOutput ??= endLost(error);
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => {});
  if (await answerQuickly(argv, process.stdout)) return 0;
  if ('enableCompileCache' in nodeModule) {
    const { keepCompiled } = await import('./commands/compile-cache.ts');
    keepCompiled(argv, process.env);
  }
  loadNow(import.meta.url, FIRST, ...(argv.includes('status') ? [FOR_STATUS] : []));
  const { processIo, runCommandLine } = await import('./commands/command-line.ts');
  return await runCommandLine(argv, processIo);
}

/** End of a command whose output could not be written, as on a full disk; null while it can. */
let lostOutput: Promise<never> | null = null;

async function main(argv: readonly string[]): Promise<void> {
  const call = shimCall(argv);
  const exitCode = await (call === null ? runCommand(argv) : connect(call));
  // Output is flushed first. Anything that still holds the process, such as a server that does not exit, is not awaited.
  if (process.stdout.writableLength > 0) await new Promise((resolve) => process.stdout.write('', resolve));
  // An error of what was written comes a turn later.
  await new Promise((resolve) => setImmediate(resolve));
  if (lostOutput !== null) await lostOutput;
  // eslint-disable-next-line unicorn/no-process-exit -- this is the one place
  process.exit(exitCode);
}

/** Output that is cut off must not pass for a whole one: what reads the file goes by the exit code. */
async function endLost(error: Error): Promise<never> {
  const { describeError } = await import('./commands/views/error.ts');
  const { hint } = describeError(error);
  const cure = hint === null ? '' : `hint: ${hint}\n`;
  process.stderr.write(`error: Cannot write the output: ${error.message}\n${cure}`);
  // eslint-disable-next-line unicorn/no-process-exit -- nothing is left to write to
  process.exit(1);
}

/** Says why the program could not even be loaded, with nothing more to load: the limit of open files may be below what that takes. */
function endUnloaded(error: NodeJS.ErrnoException): never {
  if (!isForWantOfFiles(error)) throw error;
  process.stderr.write(`error: ${wantOfFilesText(error)}\nhint: ${TOO_FEW_FILES}\n`);
  // eslint-disable-next-line unicorn/no-process-exit -- nothing works from here on
  process.exit(1);
}

// npm starts a command through a symbolic link.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  main(process.argv.slice(2)).catch(endUnloaded);
