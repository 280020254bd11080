// How a command that goes on until Ctrl-C hears of it.
import type { CommandIo } from './command.ts';

/** Aborted by the first Ctrl-C or SIGTERM; `release` gives the signals back. */
export function interruptSignal(io: CommandIo): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const releases = [io.onSignal('SIGINT', abort), io.onSignal('SIGTERM', abort)];
  return { signal: controller.signal, release: () => releases.forEach((release) => release()) };
}
