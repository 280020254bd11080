// Texts for people about the end of a process. Apart from the machine, which a command that shows them need not load.
import type { LifecycleInput } from '../model/lifecycle-state.ts';

/** Describes how a process ended, in a sentence: `exited with code 1`, `ended by SIGKILL`. */
export function describeEnd({
  code,
  signal,
  launcher,
}: Pick<Extract<LifecycleInput, { kind: 'exited' }>, 'code' | 'signal' | 'launcher'>): string {
  if (signal !== null) return `ended by ${signal}`;
  return `exited with code ${code ?? '?'}${launcher === undefined ? '' : ` ${launcher.what}`}`;
}

/** Describes how a process ended: `exit code 1`, `signal SIGKILL`. */
export function describeExit({
  code,
  signal,
}: {
  readonly code: number | null;
  readonly signal: string | null;
}): string {
  if (signal !== null) return `signal ${signal}`;
  return code === null ? 'unknown exit' : `exit code ${code}`;
}
