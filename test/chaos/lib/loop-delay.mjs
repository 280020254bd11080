// Preload of a daemon under test: writes the delay of its event loop, ms since its start, into a file each second.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Ms between two samples. */
const RESOLUTION = 10;

const file = process.env.MCP_WATCHDOG_CHAOS_LOOP_DELAY;

// Its children inherit the preload, and are not looked at.
if (file !== undefined && process.argv[2] === 'run') {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  setInterval(() => {
    // What is measured is the time between two timers, which is the resolution where nothing is late.
    const [p99, max] = [delay.percentile(99), delay.max].map((ns) => Math.max(0, ns / 1e6 - RESOLUTION));
    writeFileSync(file, JSON.stringify({ p99, max }));
  }, 1000).unref();
}
