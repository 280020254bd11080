// Interrupt signals of commands that run until Ctrl-C.
import type { CommandIo } from './command.ts';

/** Creates an AbortSignal that the first SIGINT or SIGTERM aborts; `release` removes the listeners. */
export function interruptSignal(io: CommandIo): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const releases = [io.onSignal('SIGINT', abort), io.onSignal('SIGTERM', abort)];
  return { signal: controller.signal, release: () => releases.forEach((release) => release()) };
}
