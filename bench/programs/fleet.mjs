// Servers that do not exist: the parts between an event and a scrape, as the daemon joins them, fed with made-up news.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../dist/config/load.js';
import { reduceStatus } from '../../dist/core/status/reduce-status.js';
import { INITIAL_LIFECYCLE } from '../../dist/core/model/lifecycle-state.js';
import { NO_HISTORY } from '../../dist/core/model/status.js';
import { emptyStatus } from '../../dist/daemon/home/projections.js';
import { createRecorder } from '../../dist/metrics/recorder.js';
import { createBus } from '../../dist/system/bus.js';

const VERSION = '0.0.0';

/** @param options `count` servers; `folder` for a config; `random` between 0 and 1, for what is measured */
export async function createFleet({ count, folder, clock, random = Math.random }) {
  const bus = createBus(clock, (error) => {
    throw error;
  });
  let status = wellConfigured(emptyStatus({ version: VERSION, paths: { home: folder, config: '' } }));
  bus.subscribe((event) => {
    status = reduceStatus(status, event, () => NO_HISTORY);
  });
  const build = { version: VERSION, nodeVersion: process.version };
  const recorder = createRecorder({ bus, clock, status: () => status, build });
  for (const spec of await specs(count, folder)) begin(bus, spec);
  return {
    bus,
    recorder,
    status: () => status,
    /** One tick: a sample and both probes of every server; with `isDeep` false only the ping. */
    measureAll: ({ isDeep = true } = {}) =>
      measureAll(bus, { clock, random, isDeep, servers: status.servers }),
  };
}

function wellConfigured({ daemon, ...rest }) {
  return { ...rest, daemon: { ...daemon, config: { ...daemon.config, ok: true } } };
}

async function specs(count, folder) {
  const path = join(folder, 'config.yaml');
  const names = Array.from({ length: count }, (_, index) => `synthetic-${index}`);
  const servers = Object.fromEntries(names.map((name) => [name, { package: '@upstash/context7-mcp' }]));
  await writeFile(path, JSON.stringify({ servers }), { mode: 0o600 });
  return loadConfig(path, {}).servers;
}

function begin(bus, spec) {
  const server = spec.name;
  const starting = { ...INITIAL_LIFECYCLE, phase: 'starting', wanted: 'up', run: 1, deadline: 0 };
  const running = { ...starting, phase: 'running', since: 0, stable: true, deadline: null };
  const moved = { kind: 'transition', server, cause: 'start', nextAttemptAt: null, budgetRemaining: 5 };
  bus.publish({ kind: 'server-added', server, spec });
  bus.publish({ ...moved, from: INITIAL_LIFECYCLE, to: starting });
  bus.publish({ kind: 'spawned', server, run: 1, pid: 1, version: '1.2.3' });
  bus.publish({ ...moved, from: starting, to: running });
  const handshake = {
    era: 'legacy',
    protocolVersion: '2025-06-18',
    serverName: server,
    serverVersion: '1.2.3',
  };
  bus.publish({ kind: 'handshake', server, run: 1, handshake });
  const health = { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };
  bus.publish({ kind: 'health', server, health });
}

function measureAll(bus, { clock, random, isDeep, servers }) {
  for (const { name: server } of servers) {
    const took = 1 + random() * 20;
    bus.publish({ kind: 'probed', server, probe: 'ping', result: { outcome: 'passed', took } });
    if (isDeep)
      bus.publish({
        kind: 'probed',
        server,
        probe: 'list_tools',
        result: { outcome: 'passed', took, tools: 2 },
      });
    bus.publish({ kind: 'sampled', server, usage: usage(clock, random()) });
  }
  bus.publish({ kind: 'collected', collector: 'sampler', took: 5, error: null });
  bus.publish({ kind: 'ticked' });
}

function usage(clock, used) {
  return {
    cpuSeconds: clock.monotonic() / 30_000 + used,
    cpuCores: 0.03,
    residentBytes: Math.round(1e8 * (1 + used)),
    processes: 1,
    threads: 11,
    openFds: 24,
  };
}
