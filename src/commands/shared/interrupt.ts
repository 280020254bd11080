// Interrupt signals of commands that run until Ctrl-C.
import type { CommandIo } from './command.ts';

interface Interruption {
  readonly signal: AbortSignal;
  readonly release: () => void;
}

/** Creates an AbortSignal that the first SIGINT or SIGTERM aborts; `release` removes the listeners. */
export function interruptSignal(io: CommandIo): Interruption {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const releases = [io.onSignal('SIGINT', abort), io.onSignal('SIGTERM', abort)];
  return { signal: controller.signal, release: () => releases.forEach((release) => release()) };
}

/** The same for a command that only prints: it also ends when nobody reads that any more, `mcp-watchdog logs -f | head -1`. */
export function outputSignal(io: CommandIo): Interruption {
  const { signal, release } = interruptSignal(io);
  const controller = new AbortController();
  const stopWatching = io.onReaderGone(() => controller.abort());
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    release() {
      stopWatching();
      release();
    },
  };
}
