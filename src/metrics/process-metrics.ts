// Process metrics of the watchdog itself: the client library's `process_*` set. The `nodejs_*` set is left out: it
// measures the event loop at the event loop's expense.
import type { Registry } from 'prom-client';
import Counter from 'prom-client/lib/counter.js';
import registerMemory from 'prom-client/lib/metrics/osMemoryHeap.js';
import registerMaxFds from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import registerOpenFds from 'prom-client/lib/metrics/processOpenFileDescriptors.js';
import registerStartTime from 'prom-client/lib/metrics/processStartTime.js';

/** Registers the watchdog's own process under the names that all client libraries share. */
export function registerProcessMetrics(registry: Registry): void {
  registerCpu(registry, 'process_cpu_user_seconds_total', 'user', ({ user }) => user);
  registerCpu(registry, 'process_cpu_system_seconds_total', 'system', ({ system }) => system);
  registerCpu(registry, 'process_cpu_seconds_total', 'user and system', ({ user, system }) => user + system);
  registerStartTime(registry);
  registerMemory(registry);
  registerOpenFds(registry);
  registerMaxFds(registry);
}

// The library's own CPU counters start at 0 when it is loaded and so leave our start-up out.
function registerCpu(
  registry: Registry,
  name: string,
  share: string,
  microsecondsOf: (usage: NodeJS.CpuUsage) => number,
): void {
  const counter: Counter = new Counter({
    name,
    help: `Total ${share} CPU time spent in seconds.`,
    registers: [registry],
    collect() {
      counter.reset();
      counter.inc(microsecondsOf(process.cpuUsage()) / 1e6);
    },
  });
}
