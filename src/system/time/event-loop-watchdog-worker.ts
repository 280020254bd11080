// Worker thread of event-loop-watchdog.ts: checks that the main thread's heartbeat still advances.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

export interface WatchdogWorkerData {
  /** One 32-bit number that the main thread raises. */
  readonly counter: SharedArrayBuffer;
  /** Ms between two looks. */
  readonly interval: number;
  /** Looks in a row without a sign of life after which it is dead. */
  readonly missedChecks: number;
}

/** `process.stderr` of a worker has no descriptor. */
const STDERR = 2;

const orders: WatchdogWorkerData = workerData;
const signs = new Int32Array(orders.counter);
let seen = Atomics.load(signs, 0);
let missed = 0;
let lookedAt = performance.now();

setInterval(look, orders.interval);

function look(): void {
  const now = performance.now();
  const passed = now - lookedAt;
  lookedAt = now;
  const sign = Atomics.load(signs, 0);
  // Late ourselves: the machine slept or the process was stopped, and the main thread was given no time either.
  const wasAway = passed > 2 * orders.interval;
  missed = sign !== seen || wasAway ? 0 : missed + 1;
  seen = sign;
  if (missed >= orders.missedChecks) end();
}

function end(): void {
  const seconds = Math.round((missed * orders.interval) / 1000);
  // By itself, because what a worker prints goes through the thread that is stuck.
  tell(`mcp-watchdog: the event loop is stuck for ${seconds} s; ending, to be started again\n`);
  process.kill(process.pid, 'SIGKILL');
}

function tell(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch {
    // Nobody reads it, or it would block: that is no reason to live on.
  }
}
