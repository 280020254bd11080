// Loaded into a daemon before its own code: writes how late its event loop is, ms at the 99th percentile of its life, to a file of its pid.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** Ms between two looks; the histogram counts it into every delay. */
const RESOLUTION = 10;

if (isMainThread) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  delays.enable();
  const file = `${process.cwd()}/loop-delay-${process.pid}`;
  const write = () => writeFileSync(file, String(Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION)));
  setInterval(write, 2000).unref();
}
