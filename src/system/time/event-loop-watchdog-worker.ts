// Worker thread of event-loop-watchdog.ts: checks that the main thread's heartbeat still advances.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

export interface WatchdogWorkerData {
  /** One 32-bit counter that the main thread increments. */
  readonly counter: SharedArrayBuffer;
  /** Ms between two checks. */
  readonly interval: number;
  /** Checks in a row without a heartbeat after which the loop counts as stuck. */
  readonly missedChecks: number;
}

/** `process.stderr` of a worker has no descriptor. */
const STDERR = 2;

const data: WatchdogWorkerData = workerData;
const heartbeats = new Int32Array(data.counter);
let seen = Atomics.load(heartbeats, 0);
let missed = 0;
let checkedAt = performance.now();

setInterval(check, data.interval);

function check(): void {
  const now = performance.now();
  const passed = now - checkedAt;
  checkedAt = now;
  const current = Atomics.load(heartbeats, 0);
  // This thread is late itself: the machine slept or the process was stopped, so the main thread did not run either.
  const wasAway = passed > 2 * data.interval;
  missed = current !== seen || wasAway ? 0 : missed + 1;
  seen = current;
  if (missed >= data.missedChecks) end();
}

function end(): void {
  const seconds = Math.round((missed * data.interval) / 1000);
  // Written directly: output of a worker passes through the thread that is stuck.
  print(
    `mcp-watchdog: the event loop has been stuck for ${seconds} s; killing the process so that it is restarted\n`,
  );
  process.kill(process.pid, 'SIGKILL');
}

function print(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch {
    // Nobody reads it, or it would block: the process is killed all the same.
  }
}
