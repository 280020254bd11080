// The parts between an event and a scrape, as the daemon joins them, fed with servers that do not exist.
// Says its url; each line on stdin measures all of them anew, and is answered with a line.
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadConfig } from '../../dist/config/load.js';
import { INITIAL } from '../../dist/core/lifecycle-state.js';
import { foldStatus } from '../../dist/core/fold-status.js';
import { NOTHING_REMEMBERED } from '../../dist/core/status.js';
import { createRecorder } from '../../dist/metrics/recorder.js';
import { createBus } from '../../dist/system/bus.js';
import { systemClock } from '../../dist/system/clock.js';
import { createWebApp } from '../../dist/web/app.js';

const [count, folder] = [Number(process.argv[2]), process.argv[3]];
const version = '0.0.0';
let ahead = 0;
/** Time that can be moved on, so that a text is old without waiting. */
const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };

let status = {
  daemon: {
    version,
    nodeVersion: process.version,
    pid: process.pid,
    home: '',
    startedAt: clock.now(),
    listen: null,
    config: { path: '', ok: true, error: null, loadedAt: clock.now() },
    lastTickAt: null,
    gaps: { count: 0, sleptMs: 0, lastWakeAt: null },
    braked: false,
  },
  servers: [],
};
const bus = createBus(clock, (error) => {
  throw error;
});
bus.subscribe((event) => {
  status = foldStatus(status, event, () => NOTHING_REMEMBERED);
});
const recorder = createRecorder({
  bus,
  clock,
  status: () => status,
  build: { version, nodeVersion: process.version },
});

for (const spec of await specs()) begin(spec);
measureAll();
await listen();
for await (const _line of createInterface({ input: process.stdin })) {
  ahead += 15_000;
  measureAll();
  console.log('stirred');
}

async function specs() {
  const path = join(folder, 'config.yaml');
  const names = Array.from({ length: count }, (_, index) => `synthetic-${index}`);
  const servers = Object.fromEntries(names.map((name) => [name, { package: '@upstash/context7-mcp' }]));
  await writeFile(path, JSON.stringify({ servers }), { mode: 0o600 });
  return loadConfig(path, {}).servers;
}

function begin(spec) {
  const server = spec.name;
  const starting = { ...INITIAL, phase: 'starting', wanted: 'up', run: 1, deadline: 0 };
  const running = { ...starting, phase: 'running', since: 0, stable: true, deadline: null };
  const moved = { kind: 'transition', server, cause: 'start', nextAttemptAt: null, budgetRemaining: 5 };
  bus.publish({ kind: 'server-added', server, spec });
  bus.publish({ ...moved, from: INITIAL, to: starting });
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

/** One tick: a sample and both probes of every server. */
function measureAll() {
  for (const { name: server } of status.servers) {
    const took = 1 + Math.random() * 20;
    bus.publish({ kind: 'probed', server, probe: 'ping', result: { outcome: 'passed', took } });
    bus.publish({
      kind: 'probed',
      server,
      probe: 'list_tools',
      result: { outcome: 'passed', took, tools: 2 },
    });
    bus.publish({ kind: 'sampled', server, usage: usage() });
  }
  bus.publish({ kind: 'collected', collector: 'sampler', took: 5, error: null });
  bus.publish({ kind: 'ticked' });
}

function usage() {
  const used = Math.random();
  return {
    cpuSeconds: clock.monotonic() / 1000 + used,
    cpuCores: used,
    residentBytes: Math.round(1e8 * (1 + used)),
    processes: 1,
    threads: 11,
    openFds: 24,
  };
}

async function listen() {
  const app = await createWebApp({
    status: () => status,
    metrics: () => recorder.render(),
    now: () => clock.now(),
    allowedHosts: [],
    isReady: () => true,
    isHealthy: () => true,
    onFault: (error) => {
      throw error;
    },
  });
  const server = createServer(app);
  await new Promise((resolve) => void server.listen(0, '127.0.0.1', resolve));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
