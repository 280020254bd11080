// Metrics of a live daemon, read by the real Prometheus; counters never decrease.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  fullMetricName,
  METRIC_NAMES,
  METRICS,
  PROCESS_METRICS,
} from '../../src/core/metrics/metric-catalogue.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CONTEXT7, EVERYTHING } from '../fixtures/start.ts';
import { fixture, freePort, httpFixture, QUICK, type RunningDaemon, startDaemon } from './daemon.ts';

const NOW = METRIC_NAMES.map((name) => ({ name, ...METRICS[name] }));

/** They have a value when a package was updated: updates-seen.test.ts looks at them. */
const OF_PACKAGES = METRIC_NAMES.filter((name) => /_update|_version_info|_bad_versions/u.test(name)).map(
  (name) => fullMetricName(name),
);

/** One daemon with a server of every kind, each of which has been looked at. */
async function startEveryKind(): Promise<RunningDaemon> {
  const [web, page] = [await freePort(), await freePort()];
  const daemon = await startDaemon({
    context7: {
      command: [process.execPath, CONTEXT7, '--transport', 'http', '--port', String(web)],
      url: `http://127.0.0.1:${web}/mcp`,
      env: { OTEL_SDK_DISABLED: 'true' },
      ...QUICK,
    },
    everything: { command: [process.execPath, EVERYTHING, 'stdio'], ...QUICK },
    far: { url: `http://127.0.0.1:${web}/mcp`, probe: { interval: '500ms' } },
    page: httpFixture(page, [], {
      probe: { kind: 'http', url: `http://127.0.0.1:${page}/health`, interval: '500ms' },
    }),
    job: fixture([], { probe: { kind: 'exec', command: ['true'], interval: '500ms' } }),
    each: fixture([], { gateway: { mode: 'per-session' } }),
  });
  for (const name of ['context7', 'everything', 'page', 'job', 'each']) await daemon.up(name);
  await daemon.until('far', 'up', ({ health }) => health.up === true);
  await daemon.until(
    'everything',
    'its tools and its use',
    ({ tools, usage }) => tools !== null && usage !== null,
  );
  // A first end, so that there is something to say about ends.
  process.kill((await daemon.server('job')).pid ?? 0, 'SIGKILL');
  await daemon.until('job', 'restarted', ({ run, health }) => run === 2 && health.up === true);
  return daemon;
}

/** A client that greets a server, so that there is something to say about clients. */
async function useGateway(daemon: RunningDaemon, name: string): Promise<void> {
  const { gateway } = (await daemon.status()).daemon;
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
  const response = await fetch(`${gateway?.url}/${name}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  });
  expect(response.status).toBe(200);
  await daemon.until(name, 'its clients', ({ clients }) => clients !== null);
}

function startPrometheus(daemon: RunningDaemon, port: number): void {
  const { home } = tempHome();
  const targets = [new URL(daemon.url).host];
  const scrape = { job_name: 'watchdog', static_configs: [{ targets }] };
  writeFileSync(
    `${home}/prometheus.yml`,
    JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [scrape] }),
  );
  const child = spawn(
    'prometheus',
    [
      `--config.file=${home}/prometheus.yml`,
      `--storage.tsdb.path=${home}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
}

async function ask<T>(url: string): Promise<T | null> {
  const response = await fetch(url).catch(() => null);
  if (response === null || !response.ok) return null;
  const { data }: { data: T } = JSON.parse(await response.text());
  return data;
}

describe.skipIf(!requireProgram('prometheus') || !requireProgram('promtool'))(
  'a live daemon',
  { timeout: 240_000 },
  () => {
    test('exports every metric of this release, with its type and a value, to a real Prometheus', async () => {
      const port = await freePort();
      const base = `http://127.0.0.1:${port}/api/v1`;
      const daemon = await startEveryKind();
      for (const name of ['everything', 'each']) await useGateway(daemon, name);
      startPrometheus(daemon, port);
      const up = await waitFor(
        async () => (await ask<{ result: unknown[] }>(`${base}/query?query=up==1`))?.result.length,
        { timeout: 60_000, what: 'a first scrape' },
      );
      expect(up).toBe(1);
      const types = [
        ...NOW.map(({ name, type }) => [fullMetricName(name), type] as const),
        ...PROCESS_METRICS.filter(({ everywhere }) => everywhere || process.platform === 'linux').map(
          ({ name, type }) => [name, type] as const,
        ),
      ];
      const text = await daemon.metrics();
      const typed = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gmu)].map(([, name, type]) => `${name} ${type}`);
      // All of them, and nothing that was not promised.
      expect(new Set(typed)).toEqual(new Set(types.map(([name, type]) => `${name} ${type}`)));
      expect(typed).toHaveLength(types.length);

      const series = NOW.map(
        ({ name, type }) => fullMetricName(name) + (type === 'histogram' ? '_count' : ''),
      );
      const memory =
        process.platform === 'linux' ? 'server_memory_footprint_bytes' : 'server_proportional_memory_bytes';
      const elsewhere = [fullMetricName(memory), ...OF_PACKAGES];
      let missing: readonly string[] = series;
      await waitFor(
        async () => {
          const names = (await ask<string[]>(`${base}/label/__name__/values`)) ?? [];
          missing = series.filter((name) => !names.includes(name) && !elsewhere.includes(name));
          return missing.length === 0;
        },
        { timeout: 150_000, what: 'a sample of each' },
      ).catch(() => expect(missing).toEqual([]));
      // Prometheus asks for OpenMetrics, which names families of counters without their suffix.
      const known = (await ask<Record<string, { type: string }[]>>(`${base}/metadata`)) ?? {};
      const families = new Map(types.map(([name, type]) => [name.replace(/_total$/u, ''), type]));
      expect(Object.entries(known).map(([name, [first]]) => [name, first?.type])).toEqual(
        Object.keys(known).map((name) => [name, families.get(name)]),
      );
      expect(Object.keys(known).length).toBeGreaterThan(50);

      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: text,
        encoding: 'utf8',
      });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
      for (const probe of ['ping', 'list_tools', 'http', 'exec'])
        expect(text).toMatch(new RegExp(`probe_success\\{server="\\w+",probe="${probe}"\\} 1`));
      expect(text).toMatch(
        /server_info\{server="context7",transport="http",[^}]*protocol_version="2026-07-28"\} 1/,
      );
      expect(text).not.toMatch(/server_restarts_total\{server="far"/);
    });
  },
);

test('no counter that is kept goes back over kill -9 of the daemon', { timeout: 180_000 }, async () => {
  const servers = {
    a: fixture([], { probe: { interval: '100ms' } }),
    dies: fixture(['--behaviour', 'exit-at-once']),
  };
  // No tick that happens to save them.
  const more = { sampling: { interval: '60s' } };
  let daemon = await startDaemon(servers, { more });
  let before = new Map<string, number>();
  for (let round = 0; round < 2; round += 1) {
    const { pid } = await daemon.up('a');
    await daemon.until('dies', 'given up', ({ state }) => state === 'crash_looping');
    process.kill(pid ?? 0, 'SIGKILL');
    await daemon.until('a', 'restarted', ({ pid: other, health }) => other !== pid && health.up === true);
    const pings = 'mcp_watchdog_probes_total{server="a",probe="ping"}';
    const last = (await daemon.metric(pings)) ?? 0;
    await waitFor(async () => ((await daemon.metric(pings)) ?? 0) > last + 5, { what: 'quiet probes' });
    before = keptCounters(await daemon.metrics());
    await daemon.stop('SIGKILL');
    daemon = await startDaemon(servers, { home: daemon.home, more });
    const after = keptCounters(await daemon.metrics());
    const fallen = [...before].filter(([series, value]) => (after.get(series) ?? 0) < value);
    expect(fallen).toEqual([]);
  }
  expect(before.get('mcp_watchdog_server_restarts_total{server="a",reason="signal"}')).toBe(2);
  expect(before.get('mcp_watchdog_server_restarts_total{server="a",reason="unobserved"}')).toBe(1);
});

function keptCounters(text: string): Map<string, number> {
  const kept = new Set(
    NOW.filter(({ survives }) => survives === true).map(({ name }) => fullMetricName(name)),
  );
  const samples = text.split('\n').flatMap((line): [string, number][] => {
    const [, name = '', labels = '', value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? [];
    return kept.has(name) ? [[name + labels, Number(value)]] : [];
  });
  return new Map(samples);
}
