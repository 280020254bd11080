// A watchdog in virtual time: news are put on its bus, and its own exporter says what a scrape would have read.
import { createRandom } from './random.mjs';

const load = (module) => import(new URL(`../../dist/${module}`, import.meta.url));
const { reduceStatus } = await load('core/status/reduce-status.js');
const { noEngines, NO_HISTORY } = await load('core/model/status.js');
const { createRecorder } = await load('metrics/recorder.js');
const { createBus } = await load('system/bus.js');

const MIB = 1024 ** 2;
const HEALTHY = { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };

/**
 * @param settings `at`: ms since the epoch; `tick`: ms between two samples; `instance` and `labels`: what Prometheus adds
 */
export function createMachine({ at, tick, seed, instance, labels = {}, version = '0.1.0' }) {
  const random = createRandom(seed);
  const clock = {
    wall: at,
    now: () => clock.wall,
    monotonic: () => clock.wall,
    after: () => () => undefined,
  };
  const bus = createBus(clock, (error) => {
    throw error;
  });
  let status = emptyStatus(version, at);
  bus.subscribe((event) => {
    status = reduceStatus(status, event, () => NO_HISTORY);
  });
  const build = { version, nodeVersion: '24.4.0' };
  const recorder = createRecorder({ bus, clock, status: () => status, build });
  const servers = new Map();
  const process = { cpu: 0, startedAt: at, random };
  const suffix = Object.entries({ instance, job: 'mcp-watchdog', ...labels })
    .map(([name, value]) => `${name}="${value}"`)
    .join(',');

  const machine = {
    random,
    get at() {
      return clock.wall;
    },
    say: (news) => bus.publish(news),
    add(settings) {
      const server = createServer(settings, machine);
      servers.set(server.name, server);
      bus.publish({ kind: 'server-added', server: server.name, spec: server.spec });
      return server;
    },
    server: (name) => servers.get(name),
    /** One round of probes and samples, at the end of which Prometheus comes by. */
    tick() {
      clock.wall += tick;
      for (const server of servers.values()) server.tick(tick);
      process.cpu += random.around(0.055, 0.3) * (tick / 15_000);
      bus.publish({
        kind: 'collected',
        collector: 'process_table',
        took: random.around(9, 0.3),
        error: null,
      });
      bus.publish({ kind: 'ticked' });
      bus.publish({ kind: 'evaluated', took: random.around(4, 0.3), failed: 0, alerts: [] });
      bus.publish({ kind: 'orphans', found: 0 });
      bus.publish({ kind: 'engine', engine: 'prometheus', isReachable: true, isHeardNow: true });
    },
    sleep(duration) {
      clock.wall += duration;
      bus.publish({ kind: 'gap', cause: 'sleep', duration });
    },
    /** The samples of this moment in OpenMetrics; `wants` picks metrics by name. */
    async scrape(wants = () => true) {
      const text = (await recorder.render()).text.toString();
      const own = text
        .split('\n')
        .filter((line) => line !== '' && !/^#|^process_|^mcp_watchdog_alerts\{/u.test(line));
      const took = `scrape_duration_seconds ${random.around(0.006, 0.2).toFixed(5)}`;
      return [
        ...own,
        ...processLines(process, clock.wall),
        'up 1',
        took,
        `scrape_samples_scraped ${own.length}`,
      ]
        .filter((line) => wants(/^\w+/u.exec(line)?.[0] ?? ''))
        .map((line) => stamped(line, suffix, clock.wall))
        .join('\n');
    },
  };
  return machine;
}

function stamped(line, suffix, at) {
  const space = line.lastIndexOf(' ');
  const series = line.slice(0, space);
  const whole = series.endsWith('}') ? `${series.slice(0, -1)},${suffix}}` : `${series}{${suffix}}`;
  return `${whole} ${line.slice(space + 1)} ${at / 1000}`;
}

function processLines({ cpu, startedAt, random }, now) {
  const hours = (now - startedAt) / 3_600_000;
  return [
    `process_cpu_user_seconds_total ${(cpu * 0.8).toFixed(4)}`,
    `process_cpu_system_seconds_total ${(cpu * 0.2).toFixed(4)}`,
    `process_cpu_seconds_total ${cpu.toFixed(4)}`,
    `process_start_time_seconds ${startedAt / 1000}`,
    `process_resident_memory_bytes ${Math.round((62 + 3 * Math.sin(hours) + random.next()) * MIB)}`,
    `process_virtual_memory_bytes ${Math.round(11_800 * MIB)}`,
    `process_heap_bytes ${Math.round((71 + random.next()) * MIB)}`,
    `process_open_fds ${38 + Math.round(3 * random.next())}`,
    'process_max_fds 10240',
  ];
}

/** One server whose life is told by its methods; what it uses and how it answers are functions that may be replaced. */
function createServer(settings, machine) {
  const { random } = machine;
  const { name } = settings.spec;
  const say = (news) => machine.say({ server: name, ...news });
  let state = {
    phase: 'stopped',
    because: 'asked',
    wanted: 'up',
    run: 0,
    failures: [],
    attempt: 0,
    halfOpen: false,
    cause: null,
  };
  let cpuSeconds = 0;
  let looks = 0;

  function move(change, budgetRemaining = 5) {
    const from = state;
    state = {
      wanted: 'up',
      run: from.run,
      failures: [],
      attempt: 0,
      halfOpen: false,
      cause: null,
      ...change,
    };
    say({ kind: 'transition', from, to: state, cause: 'told', nextAttemptAt: null, budgetRemaining });
  }

  function look(probe) {
    const took = random.around(server.latency() * (probe === 'list_tools' ? 2.2 : 1), 0.45);
    const result =
      server.isMute || took >= server.spec.probe.timeout
        ? {
            outcome: 'failed',
            took: server.spec.probe.timeout,
            reason: 'timeout',
            detail: 'no answer within 5 s',
          }
        : { outcome: 'passed', took, ...(probe === 'list_tools' && { tools: server.tools }) };
    say({ kind: 'probed', probe, result });
    return result.outcome === 'passed';
  }

  const server = {
    name,
    isMute: false,
    latency: () => 4,
    memory: () => 90 * MIB,
    cores: () => 0.01,
    processes: 1,
    tools: 5,
    ...settings,
    startedAt: machine.at,
    start(version = server.version) {
      server.version = version;
      server.startedAt = machine.at;
      server.isMute = false;
      move(
        { phase: 'running', since: 0, stable: true, deadline: null, run: state.run + 1 },
        server.budget ?? 5,
      );
      say({ kind: 'spawned', run: state.run, pid: 4000 + state.run, version });
      const handshake = {
        era: 'legacy',
        protocolVersion: server.protocol ?? '2025-11-25',
        serverName: name,
        serverVersion: version,
      };
      say({ kind: 'handshake', run: state.run, handshake });
      look('ping');
      look('list_tools');
      say({ kind: 'health', health: HEALTHY });
    },
    end(code, signal = null) {
      say({ kind: 'exited', run: state.run, code, signal, lastLines: [] });
    },
    restart(reason, { code = 0, signal = null, version = server.version } = {}) {
      server.end(code, signal);
      say({ kind: 'restarted', reason, detail: null });
      server.start(version);
    },
    wait(phase, delay, budget) {
      server.budget = budget;
      move({ phase, deadline: null, delay }, budget);
    },
    stop: () => move({ phase: 'stopped', because: 'asked', wanted: 'down' }),
    tick(elapsed) {
      if (state.phase !== 'running') return;
      const probes = server.spec.probe.kind === 'mcp' ? ['ping'] : [server.spec.probe.kind];
      if (server.spec.probe.kind === 'mcp' && (looks += 1) % 4 === 0) probes.push('list_tools');
      if (!probes.map(look).every(Boolean)) server.missed = (server.missed ?? 0) + 1;
      else server.missed = 0;
      say({ kind: 'health', health: { ...HEALTHY, up: server.missed < 3, suspect: server.missed > 0 } });
      const cpuCores = random.around(server.cores(), 0.35);
      cpuSeconds += (cpuCores * elapsed) / 1000;
      const usage = {
        cpuSeconds,
        cpuCores,
        residentBytes: Math.round(server.memory(machine.at - server.startedAt) * (1 + 0.01 * random.next())),
        footprintBytes: null,
        proportionalBytes: null,
        processes: server.processes,
        threads: server.processes * 11,
        openFds: server.processes * 24 + Math.round(4 * random.next()),
      };
      say({ kind: 'sampled', usage });
    },
  };
  return server;
}

function emptyStatus(version, at) {
  return {
    daemon: {
      version,
      pid: 4000,
      home: '~/.mcp-watchdog',
      startedAt: at,
      listen: null,
      config: { path: 'config.yaml', ok: true, error: null, loadedAt: at },
      lastTickAt: at,
      gaps: { count: 0, sleptMs: 0, lastWakeAt: null },
      braked: false,
      lastScrapeAt: null,
      orphans: null,
      alerts: [],
      delivery: noEngines(at),
      deafChannels: {},
      lastPersistFailureAt: null,
    },
    servers: [],
  };
}

/** What the config would give for a server; `change` replaces whole sections. */
export function specOf(name, change = {}) {
  return {
    name,
    source: { kind: 'command', command: ['true'] },
    transport: 'stdio',
    url: null,
    enabled: true,
    args: [],
    env: {},
    headers: {},
    cwd: null,
    dependsOn: [],
    restart: {
      policy: 'always',
      initialDelay: 500,
      maxDelay: 60_000,
      jitter: 0.2,
      stableAfter: 60_000,
      budget: [{ restarts: 5, within: 300_000 }],
      retryAfter: 300_000,
      successExitCodes: [0],
      preventExitCodes: [],
    },
    start: { timeout: 30_000 },
    gateway: { mode: 'shared' },
    stop: { grace: 5000 },
    limits: { memory: { soft: null, hard: null }, cpu: { soft: null, hard: null, for: 300_000 }, nice: 0 },
    update: {
      policy: 'notify',
      range: '*',
      minimumAge: 259_200_000,
      allowScripts: false,
      strictTools: false,
      probation: 600_000,
    },
    logs: { maxSize: 10_485_760, keep: 5 },
    ...change,
    probe: {
      kind: 'mcp',
      interval: 15_000,
      timeout: 5000,
      failures: 3,
      successes: 1,
      deepEvery: 4,
      initialDelay: 0,
      onFailure: 'restart',
      url: null,
      expectStatus: [200],
      command: [],
      ...change.probe,
    },
  };
}

export const packageOf = (name) => ({ kind: 'package', package: name, version: 'latest' });
