// Watchdog thread that kills the daemon when its event loop is stuck, for service managers without such a check.
import { Worker } from 'node:worker_threads';
import type { Clock } from './clock.ts';
import type { WatchdogWorkerData } from './event-loop-watchdog-worker.ts';

const WORKER = new URL('event-loop-watchdog-worker.js', import.meta.url);

/** How often it looks while the limit runs: one look missed is nothing, all of them are a stuck loop. */
const MISSED_CHECKS = 12;

/** A bound, not a need: it uses about five, and 10 MB of memory in all. With four it does not start. */
const LARGEST_HEAP_MB = 32;

export interface EventLoopWatchdogOptions {
  readonly clock: Clock;
  /** Ms for which the event loop may be stuck. */
  readonly limit?: number;
  /** Told when the watcher itself failed: nobody watches any more. */
  readonly onFault: (error: unknown) => void;
}

/**
 * A second thread that sees the first one count, and kills the process with SIGKILL when it no longer does: the service
 * manager then starts it again. Time in which nobody ran (sleep, SIGSTOP) does not count.
 *
 * @returns what ends it
 */
export function startEventLoopWatchdog({
  clock,
  limit = 60_000,
  onFault,
}: EventLoopWatchdogOptions): () => Promise<void> {
  const interval = limit / MISSED_CHECKS;
  const counter = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const signs = new Int32Array(counter);
  const orders: WatchdogWorkerData = { counter, interval, missedChecks: MISSED_CHECKS };
  const worker = new Worker(WORKER, {
    workerData: orders,
    env: {},
    // Options of the main thread, such as --inspect or an --import, are not for this one.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: LARGEST_HEAP_MB, maxYoungGenerationSizeMb: 1 },
  });
  worker.on('error', onFault);
  worker.unref();
  let cancel = (): void => {};

  function beat(): void {
    Atomics.add(signs, 0, 1);
    cancel = clock.after(interval / 2, beat);
  }

  beat();
  return async () => {
    cancel();
    await worker.terminate();
  };
}
