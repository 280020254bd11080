// Programs that send notifications: run without a shell and with a timeout, their exit turned into a result.
import { access, constants } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import type { SendResult } from '../../core/model/notification.ts';
import { type CommandResult, runCommand } from '../../system/process/run-command.ts';
import type { Clock } from '../../system/time/clock.ts';
import { failed } from './channel.ts';
import { toPlainLine } from '../message/message.ts';

export type Argv = readonly [string, ...string[]];

export interface ProgramOptions {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string>>;
  /** ms until it is killed */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly input?: string;
}

/** Runs a program and interprets its exit; a caller that knows the program better may inspect `stderr`. */
export async function runProgram(
  argv: Argv,
  { environment, ...options }: ProgramOptions,
): Promise<{ readonly outcome: SendResult; readonly stderr: string }> {
  const result = await runCommand(argv, { env: environment, ...options });
  return { outcome: toOutcome(argv, result, options.timeout), stderr: result.stderr };
}

function toOutcome([program]: Argv, ended: CommandResult, timeout: number): SendResult {
  const name = programName(program);
  const { spawnError, timedOut, aborted, code, signal } = ended;
  if (spawnError !== null) return failed('missing_program', `${name} cannot be started (${spawnError})`);
  if (timedOut) return failed('timeout', `${name} did not end within ${timeout / 1000} s`);
  if (aborted) return failed('closed', `${name} was aborted`);
  if (code === 0) return { result: 'sent', detail: `handed over to ${name}` };
  const how = signal === null ? `ended with exit code ${code ?? '?'}` : `was killed by ${signal}`;
  const said = lastLine(ended.stderr);
  return failed('exit_code', `${name} ${how}${said === '' ? '' : `: ${said}`}`);
}

/** Returns the name of a program for people. */
export function programName(program: string): string {
  return toPlainLine(basename(program), 80);
}

/** True when `program` is found on the PATH of `environment` and is executable. */
export async function isExecutable(
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<boolean> {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = program.includes('/') ? [program] : folders.map((folder) => join(folder, program));
  const found = await Promise.all(places.map((place) => mayExecute(place)));
  return found.includes(true);
}

function mayExecute(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function lastLine(text: string): string {
  return toPlainLine(text.trimEnd().split('\n').at(-1) ?? '', 200);
}
