// Watchdog thread that kills the daemon when its event loop is stuck, for service managers without such a check.
import { Worker } from 'node:worker_threads';
import type { Clock } from './clock.ts';
import { untilTick } from './tick.ts';
import type { WatchdogWorkerData } from './event-loop-watchdog-worker.ts';

const WORKER = new URL('event-loop-watchdog-worker.js', import.meta.url);

/** Checks per limit: one missed heartbeat is nothing, this many in a row are a stuck loop. */
const MISSED_CHECKS = 12;

/** An upper bound: the worker uses about 5 MB of heap and 10 MB of memory in all. With 4 it does not start. */
const LARGEST_HEAP_MB = 32;

export interface EventLoopWatchdogOptions {
  readonly clock: Clock;
  /** Ms for which the event loop may be stuck. */
  readonly limit?: number;
  /** Called when the worker itself failed; the event loop is then no longer watched. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Starts a thread that kills the process with SIGKILL when the event loop has sent no heartbeat for `limit`; the service
 * manager then restarts it. Time in which no thread ran (sleep, SIGSTOP) does not count.
 *
 * @returns a function that stops the watchdog
 */
export function startEventLoopWatchdog({
  clock,
  limit = 60_000,
  onFault,
}: EventLoopWatchdogOptions): () => Promise<void> {
  const interval = limit / MISSED_CHECKS;
  const counter = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const heartbeats = new Int32Array(counter);
  const data: WatchdogWorkerData = { counter, interval, missedChecks: MISSED_CHECKS };
  const worker = new Worker(WORKER, {
    workerData: data,
    env: {},
    // Options of the main thread, such as --inspect or an --import, are not for this one.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: LARGEST_HEAP_MB, maxYoungGenerationSizeMb: 1 },
  });
  worker.on('error', onFault);
  worker.unref();
  let cancel = (): void => {};

  function beat(): void {
    Atomics.add(heartbeats, 0, 1);
    cancel = clock.after(untilTick(clock, interval), beat);
  }

  beat();
  return async () => {
    cancel();
    await worker.terminate();
  };
}
