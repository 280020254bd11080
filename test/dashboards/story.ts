// A minute and a half in which everything happens that a dashboard can show: a real daemon, watched by a real Prometheus.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { connect } from '../../src/control/client.ts';
import { TICK } from '../../src/system/time/tick.ts';
import {
  fixture,
  freePort,
  httpFixture,
  type RunningDaemon,
  type Settings,
  startDaemon,
} from '../e2e/daemon.ts';
import { type Prometheus, type Sample, startPrometheus } from '../fakes/prometheus.ts';
import { type FixturePackage, startRegistry, type StaticRegistry } from '../fakes/static-registry.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';

/** Of the scrapes, seconds. */
export const SCRAPE = 1;
/** Beyond the heartbeat and the threshold from which on a gap is a sleep, ms. */
const SLEEP = TICK + 10_000 + 500;
const ALERTING = fileURLToPath(new URL('../../alerting', import.meta.url));
const FIXTURES = new URL('../fixtures/servers/', import.meta.url);
const TOOLS = fileURLToPath(new URL('tools.mjs', FIXTURES));
const PARTS = [
  'mcp.mjs',
  ...['answerer', 'fates', 'flags', 'http', 'stdio'].map((name) => `lib/${name}.mjs`),
];
const PACKAGE = '@fixtures/notes';

export interface Story {
  readonly prometheus: Prometheus;
  /** Seconds since the epoch. */
  readonly start: number;
  readonly end: number;
  /** Seconds between two scrapes that came to something, at the most: they are late on a busy machine, and nobody answers in the sleep. */
  readonly longestGap: number;
}

/** Tells the story; the daemon ends with the test, Prometheus stays until it is stopped. */
export async function tellStory(): Promise<Story> {
  const start = Date.now() / 1000;
  const port = await freePort();
  // Before there is anything to see, so that nothing is missed on a busy machine.
  const prometheus = await watch(port);
  try {
    await live(await startMachine(port, prometheus));
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
  const end = Date.now() / 1000;
  return { prometheus, start, end, longestGap: await longestGapOf(prometheus, start, end) };
}

async function longestGapOf(prometheus: Prometheus, start: number, end: number): Promise<number> {
  const { data } = await prometheus.ask<{ result: { values: [number, string][] }[] }>('query', {
    query: `up[${Math.ceil(end - start)}s]`,
    time: String(end),
  });
  const gaps = (data?.result ?? []).flatMap(({ values }) => {
    const scraped = values.filter(([, value]) => value === '1').map(([time]) => time);
    return scraped.slice(1).map((time, index) => time - (scraped[index] ?? time));
  });
  return Math.ceil(Math.max(SCRAPE, ...gaps));
}

async function live(machine: Machine): Promise<void> {
  const { daemon, prometheus, scraped } = machine;
  await Promise.all([
    crash(daemon),
    daemon.until('hung', 'restarted for its probes', hasRestarted, 90_000),
    daemon.until('leaks', 'restarted for its memory', hasRestarted, 90_000),
    daemon.until('broken', 'given up', ({ state }) => state === 'crash_looping', 90_000),
    daemon.up('page'),
    daemon.up('job'),
    // An installation is npm's work, which takes its time on a busy machine.
    daemon.until('notes', 'up', ({ state, health }) => state === 'running' && health.up === true, 90_000),
  ]);
  await use(machine);
  await update(machine);
  await reload(machine);
  // What is told together is gathered first, what fails is tried again, and nobody is told in a sleep.
  const told = [
    'suppressed_total{channel="command",reason="grouped"}',
    'failed_total{channel="webhook",reason="refused"}',
  ];
  for (const sample of told)
    await waitFor(async () => ((await daemon.metric(`mcp_watchdog_notifications_${sample}`)) ?? 0) > 0, {
      timeout: 60_000,
      what: sample,
    });
  await scraped();
  await sleep(daemon);
  // The rules look back, and the last of it all has to be scraped and evaluated.
  await settle(prometheus);
}

interface Machine {
  readonly daemon: RunningDaemon;
  readonly prometheus: Prometheus;
  /** Waits until Prometheus has seen what is there now, more than once. */
  readonly scraped: () => Promise<void>;
  readonly registry: StaticRegistry;
  readonly servers: Readonly<Record<string, Settings>>;
  readonly more: Settings;
}

async function startMachine(port: number, prometheus: Prometheus): Promise<Machine> {
  const registry = await startRegistry([versionOf('1.0.0')]);
  onTestFinished(() => registry.close());
  const { home } = tempHome();
  const servers = serversOn(await freePort(), await freePort());
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const rules = [...allAtOnce(), comesAndGoes()];
  writeFileSync(`${home}/own.yml`, JSON.stringify({ groups: [{ name: 'own', rules }] }));
  const more = {
    metrics: { listen: `127.0.0.1:${port}` },
    alerts: {
      rules: ['own.yml'],
      evaluateEvery: '1s',
      notify: [
        { kind: 'command', command: ['true'] },
        { kind: 'webhook', url: `${nobody}/hook` },
      ],
      alertmanager: { url: nobody },
    },
  };
  const daemon = await startDaemon(servers, {
    home,
    more,
    env: {
      npm_config_registry: registry.url,
      npm_config_cache: `${home}/npm-cache`,
      npm_config_fetch_retries: '0',
    },
  });
  return { daemon, prometheus, scraped: () => scrapesOf(prometheus), registry, servers, more };
}

/** So many that they are told in one digest. */
function allAtOnce(): object[] {
  return ['A', 'B', 'C', 'D', 'E', 'F'].map((letter) => ({
    alert: `Own${letter}`,
    // At the first evaluation, before other notifications have used up what may be sent in a while.
    expr: 'mcp_watchdog_servers_configured > 0',
    labels: { severity: 'warning' },
    annotations: { summary: 'There are servers.' },
  }));
}

/** Over before anybody is told, again and again: one increase alone falls between two scrapes of a busy machine. */
function comesAndGoes(): object {
  return {
    alert: 'OwnFlaps',
    expr: 'vector(time() % 4) < 2',
    labels: { severity: 'info' },
    annotations: { summary: 'It comes and goes.' },
  };
}

function versionOf(version: string): FixturePackage {
  const files = Object.fromEntries(
    PARTS.map((path) => {
      const text = readFileSync(new URL(path, FIXTURES), 'utf8');
      return [path, path === 'mcp.mjs' ? `#!/usr/bin/env node\n${text}` : text];
    }),
  );
  const manifest = { bin: { notes: 'mcp.mjs' }, type: 'module' };
  return { name: PACKAGE, version, files, manifest };
}

function serversOn(port: number, otherPort: number): Record<string, Settings> {
  const probe = { interval: '500ms', timeout: '1s', failures: 2 };
  const { command: _, ...quick } = fixture();
  return {
    crashes: fixture(),
    hung: fixture(['--behaviour', 'hang-after', '--answered', '8'], { probe: { ...probe, deepEvery: 2 } }),
    leaks: fixture(['--behaviour', 'leak'], { limits: { memory: { soft: '60MiB', hard: '90MiB' } } }),
    broken: fixture(['--behaviour', 'crash', '--after', '100'], {
      restart: { initialDelay: '50ms', maxDelay: '100ms', budget: [{ restarts: 4, within: '5m' }] },
    }),
    page: httpFixture(port, [], {
      probe: { kind: 'http', url: `http://127.0.0.1:${port}/health`, interval: '500ms' },
    }),
    locked: httpFixture(otherPort, ['--behaviour', 'unauthorized'], { probe }),
    job: fixture([], { probe: { kind: 'exec', command: ['true'], interval: '500ms' } }),
    called: { ...quick, command: [process.execPath, TOOLS] },
    private: { ...quick, command: [process.execPath, TOOLS], gateway: { mode: 'per-session' } },
    doomed: fixture(['--behaviour', 'exit-at-once', '--code', '1'], {
      restart: { initialDelay: '3s', maxDelay: '3s' },
    }),
    notes: { package: PACKAGE, ...quick, update: { minimumAge: '0s' } },
    idle: fixture([], { enabled: false }),
  };
}

const hasRestarted = ({ run }: { run: number }): boolean => run > 1;

async function crash(daemon: RunningDaemon): Promise<void> {
  const { pid } = await daemon.up('crashes');
  process.kill(pid ?? 0, 'SIGKILL');
  await daemon.until('crashes', 'restarted', ({ run, health }) => run > 1 && health.up === true);
}

/** A client calls a tool, and one of a server that has given up; a web page is refused. Twice, so that there is a rate. */
async function use({ daemon, scraped }: Machine): Promise<void> {
  const base = (await daemon.status()).daemon.gateway?.url ?? '';
  await Promise.all([daemon.up('called'), daemon.up('private')]);
  for (let round = 0; round < 2; round += 1) {
    for (const server of ['called', 'private', 'broken']) {
      const initialize = {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'c', version: '1' },
      };
      const greeting = await post(`${base}/${server}/mcp`, {
        id: 1,
        method: 'initialize',
        params: initialize,
      });
      const session = { 'mcp-session-id': greeting.headers.get('mcp-session-id') ?? '' };
      const call = { id: 2, method: 'tools/call', params: { name: 'read', arguments: {} } };
      expect((await post(`${base}/${server}/mcp`, call, session)).status).toBe(200);
    }
    expect((await post(`${base}/called/mcp`, {}, { origin: 'http://evil.example' })).status).toBe(403);
    await scraped();
  }
}

async function post(url: string, message: object, headers: Record<string, string> = {}): Promise<Response> {
  const accept = 'application/json, text/event-stream';
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  });
  await response.text();
  return response;
}

/** A newer version is published, found and taken. */
async function update({ daemon, registry, scraped }: Machine): Promise<void> {
  await registry.publish(versionOf('1.1.0'));
  const client = await connect(`${daemon.home}/run/control.sock`);
  const names = ['notes'];
  await client.request('updateCheck', { names }, { timeout: 90_000 });
  await scraped();
  // Who does not run has no probation to wait for.
  await client.request('stop', { names }, { timeout: 90_000 });
  await daemon.until('notes', 'stopped', ({ state }) => state === 'stopped');
  await client.request('update', { names }, { timeout: 120_000 });
  await daemon.until('notes', 'updated', (now) => now.update?.memory.previous === '1.0.0', 90_000);
  await client.request('start', { names }, { timeout: 90_000 });
  client.close();
  await daemon.until('notes', '1.1.0', ({ version, health }) => version === '1.1.0' && health.up === true);
}

/** A config that is refused, then one that asks for another server. */
async function reload({ daemon, servers, more, scraped }: Machine): Promise<void> {
  const isGood = 'mcp_watchdog_config_last_reload_successful';
  writeFileSync(`${daemon.home}/config.yaml`, 'servers: {', { mode: 0o600 });
  daemon.child.kill('SIGHUP');
  await waitFor(async () => (await daemon.metric(isGood)) === 0, { what: 'the config to be refused' });
  await scraped();
  daemon.rewriteConfig({ ...servers, crashes: fixture(['--tools', '3']) }, more);
  daemon.child.kill('SIGHUP');
  await waitFor(async () => (await daemon.metric(isGood)) === 1, { what: 'the config to be taken' });
  await daemon.until('crashes', 'restarted', ({ tools, health }) => tools === 3 && health.up === true);
}

async function sleep(daemon: RunningDaemon): Promise<void> {
  daemon.child.kill('SIGSTOP');
  await passes(SLEEP);
  daemon.child.kill('SIGCONT');
  await waitFor(async () => ((await daemon.metric('mcp_watchdog_system_wakeups_total')) ?? 0) >= 1, {
    what: 'the sleep to be counted',
  });
}

/** Three scrapes that came to something, as a rate needs two. */
async function scrapesOf(prometheus: Prometheus): Promise<void> {
  const since = Date.now();
  await passes(3 * SCRAPE * 1000);
  await waitFor(
    async () => {
      const now = Date.now();
      const reach = Math.ceil((now - since) / 1000);
      const answer = await prometheus.query(`min(sum_over_time(up[${reach}s])) >= 3`, now);
      return 'elements' in answer && answer.elements.length > 0;
    },
    { timeout: 120_000, what: 'three scrapes' },
  );
}

/** Samples are what is waited for here, and they come by the clock. */
async function passes(duration: number): Promise<void> {
  const begin = performance.now();
  await waitFor(() => performance.now() - begin > duration, { timeout: 2 * duration });
}

async function settle(prometheus: Prometheus): Promise<void> {
  await waitFor(
    async () => {
      const answer = await prometheus.query('mcp_watchdog_system_wakeups_total > 0', Date.now());
      return 'elements' in answer && answer.elements.length > 0;
    },
    { timeout: 60_000, what: 'the wake-up to be scraped' },
  );
  await passes(5000);
}

/** Every rule of ours, those for fleets too; two machines, so that what is summed is seen to be. */
async function watch(port: number): Promise<Prometheus> {
  const targets = ['laptop-1', 'laptop-2'].map((instance) => ({
    targets: [`127.0.0.1:${port}`],
    labels: { instance, fleet: 'laptops' },
  }));
  const prometheus = await startPrometheus({
    config: JSON.stringify({
      global: { scrape_interval: `${SCRAPE}s`, scrape_timeout: `${SCRAPE}s`, evaluation_interval: '1s' },
      rule_files: [`${ALERTING}/rules/*.yml`, `${ALERTING}/prometheus/fleet.rules.yml`],
      scrape_configs: [{ job_name: 'mcp-watchdog', static_configs: targets }],
    }),
  });
  await prometheus.write(earlierVersion());
  return prometheus;
}

/** What annotations look back for: ten minutes in which `notes` was an older one, up to now. */
function earlierVersion(): Sample[] {
  const now = Date.now();
  const labels = {
    __name__: 'mcp_watchdog_server_info',
    job: 'mcp-watchdog',
    instance: 'laptop-1',
    fleet: 'laptops',
    server: 'notes',
    version: '0.9.0',
  };
  const samples = Array.from({ length: 40 }, (_, index) => ({
    labels,
    time: now - (40 - index) * 15_000,
    value: 1,
  }));
  return [...samples, { labels, time: now, value: 0, isStale: true }];
}
