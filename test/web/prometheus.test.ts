import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetricDefinition } from '../../src/core/metrics/metric-definition.ts';
import { fullMetricName, METRIC_NAMES, METRICS } from '../../src/core/metrics/metric-catalogue.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { createStage, USAGE } from '../fakes/stage.ts';
import { COMMITTED, memoryOf, outlookOf } from '../fakes/updates.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { startWeb, type Web } from '../fakes/web.ts';
import { freePort } from '../fixtures/start.ts';

interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const PACKAGE = {
  kind: 'package',
  manager: 'npm',
  package: '@upstash/context7-mcp',
  version: 'latest',
  bin: null,
} as const;

describe.skipIf(!requireProgram('prometheus'))('a real Prometheus', () => {
  const stage = createStage();
  let web: Web;
  let home: string;
  let prometheus: ChildProcess;
  let base: string;

  beforeAll(async () => {
    stage.add({ name: 'files' });
    stage.bringUp('files');
    // Only macOS tells the one, only Linux the other.
    stage.bus.publish({
      kind: 'sampled',
      server: 'files',
      usage: { ...USAGE, footprintBytes: 200_000_000, proportionalBytes: 90_000_000 },
    });
    stage.bus.publish({ kind: 'exited', server: 'files', run: 1, code: 0, signal: null, lastLines: [] });
    stage.bus.publish({ kind: 'collected', collector: 'process_table', took: 2, error: null });
    stage.add({ name: 'context7', source: PACKAGE });
    stage.bus.publish({ kind: 'update-checked', server: 'context7', outlook: outlookOf() });
    const memory = memoryOf({ previous: '4.0.7', last: COMMITTED });
    stage.bus.publish({ kind: 'update-settled', server: 'context7', memory, isNews: true });
    const alerts = [{ name: 'McpServerDown', pending: 0, firing: 1 }];
    stage.bus.publish({ kind: 'evaluated', took: 3, failed: 0, alerts });
    stage.bus.publish({ kind: 'recorded', size: { seconds: 60, bytes: 5000, series: 7 } });
    stage.bus.publish({
      kind: 'exchanged',
      server: 'files',
      operations: [{ method: 'tools/call', tool: 'read', error: '', channel: 'tcp', took: [12] }],
      retried: 0,
      waited: 0,
      cutOff: 0,
      load: { sessions: 1, instances: 1, streams: 0, inFlight: 0, queued: 0 },
    });
    web = await startWeb({ metrics: () => stage.recorder.render(), status: () => stage.status() });
    home = await mkdtemp(join(tmpdir(), 'prometheus-'));
    await writeFile(join(home, 'prometheus.yml'), configFor(web.port));
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    prometheus = spawn(
      'prometheus',
      [
        `--config.file=${join(home, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(home, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    await waitFor(async () => (await query('up{job="watchdog"} == 1')).length, {
      timeout: 90_000,
      what: 'a first scrape',
    });
  }, 120_000);

  afterAll(async () => {
    const ended = new Promise((resolve) => prometheus.once('exit', resolve));
    if (prometheus.kill('SIGKILL')) await ended;
    await web.close();
    await rm(home, { recursive: true, force: true });
  });

  async function ask<T>(path: string): Promise<T | null> {
    const response = await fetch(base + path).catch(() => null);
    if (response === null || !response.ok) return null;
    const { data }: { data: T } = JSON.parse(await response.text());
    return data;
  }

  async function query(expression: string): Promise<readonly Result[]> {
    const data = await ask<{ result: Result[] }>(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    return data?.result ?? [];
  }

  /** Waits for an answer: a scrape that a busy machine misses ends all series for a while. */
  async function found(expression: string): Promise<readonly Result[]> {
    return waitFor(
      async () => {
        const results = await query(expression);
        return results.length > 0 && results;
      },
      { what: expression },
    );
  }

  test('knows every metric that is exported, with its type and help', async () => {
    const known = await waitFor(() =>
      ask<Record<string, { type: string; help: string }[]>>('/api/v1/metadata'),
    );
    for (const name of METRIC_NAMES) {
      const { type, help }: MetricDefinition = METRICS[name];
      const [found] = known[fullMetricName(name)] ?? [];
      expect([name, found?.type, found?.help]).toEqual([name, type, help]);
    }
  });

  test('has a value for each of them', async () => {
    for (const name of METRIC_NAMES) {
      const { type }: MetricDefinition = METRICS[name];
      await found(fullMetricName(name) + (type === 'histogram' ? '_count' : ''));
    }
  });

  test('takes label sets for our own, not for exported ones', async () => {
    const [{ metric } = { metric: {} }] = await found('mcp_watchdog_server_up{server="files"}');
    expect(metric).toMatchObject({ server: 'files', job: 'watchdog' });
    expect(Object.keys(metric).filter((label) => label.startsWith('exported_'))).toEqual([]);
  });

  test('sees the first restart as an increase, because the series was there with 0', async () => {
    const series = 'mcp_watchdog_server_restarts_total{server="files",reason="signal"}';
    expect((await found(series))[0]?.value[1]).toBe('0');
    stage.bus.publish({ kind: 'restarted', server: 'files', reason: 'signal', detail: null });
    await waitFor(async () => (await query(`increase(${series}[1m]) > 0`)).length, { what: 'the increase' });
  });

  test('loses the series of a removed server at once, not after five minutes', async () => {
    expect(await found('mcp_watchdog_server_up{server="files"}')).toHaveLength(1);
    stage.bus.publish({ kind: 'server-removed', server: 'files' });
    await waitFor(async () => (await query('{server="files"}')).length === 0, { what: 'the stale marker' });
    expect(await found('mcp_watchdog_build_info')).toHaveLength(1);
  });
});

function configFor(port: number): string {
  return JSON.stringify({
    global: { scrape_interval: '2s', scrape_timeout: '2s' },
    scrape_configs: [{ job_name: 'watchdog', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
  });
}
