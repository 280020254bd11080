import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INITIAL_LIFECYCLE } from '../../src/core/model/lifecycle-state.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { at, createStage, USAGE } from '../fakes/stage.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { freePort } from '../fixtures/start.ts';
import { startWeb, type Web } from '../fakes/web.ts';
import { ALERTING, FLEET_FILE, groupsOf, RULE_FILES } from './read-catalogue.ts';

const FILES = [...RULE_FILES, FLEET_FILE];

interface Evaluated {
  readonly name: string;
  readonly rules: readonly {
    readonly name: string;
    readonly health: string;
    readonly lastError?: string;
    readonly alerts?: readonly {
      readonly state: string;
      readonly labels: Readonly<Record<string, string>>;
    }[];
  }[];
}

describe.skipIf(!requireProgram('prometheus'))('a real Prometheus that scrapes the watchdog', () => {
  const stage = createStage();
  let web: Web;
  let home: string;
  let prometheus: ChildProcess;
  let base: string;

  beforeAll(async () => {
    for (const name of ['files', 'git', 'time']) {
      stage.add({ name });
      stage.bringUp(name);
    }
    stage.add({ name: 'far', source: { kind: 'url' }, transport: 'http', url: 'http://127.0.0.1:1/mcp' });
    const up = { ...INITIAL_LIFECYCLE, wanted: 'up' as const, run: 1 };
    stage.move('git', at('running', up), at('crash_looping', up), 0);
    // Only macOS tells, and not of every server at every time.
    stage.bus.publish({
      kind: 'sampled',
      server: 'files',
      usage: { ...USAGE, footprintBytes: 200_000_000, proportionalBytes: 90_000_000 },
    });
    stage.bus.publish({ kind: 'exited', server: 'git', run: 1, code: 1, signal: null, lastLines: [] });
    stage.bus.publish({ kind: 'orphans', found: 0 });
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
    await waitFor(async () => (await groups()).some(({ rules }) => rules.some(firesFor('git'))), {
      timeout: 45_000,
      what: 'an alert',
    });
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => prometheus.once('exit', resolve));
    if (prometheus.kill('SIGKILL')) await ended;
    await web.close();
    await rm(home, { recursive: true, force: true });
  });

  async function groups(): Promise<readonly Evaluated[]> {
    const response = await fetch(`${base}/api/v1/rules`).catch(() => null);
    if (response === null || !response.ok) return [];
    const { data }: { data: { groups: Evaluated[] } } = JSON.parse(await response.text());
    return data.groups;
  }

  /** By server. */
  async function query(expression: string): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`${base}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data }: { data: { result: { metric: { server: string }; value: [number, string] }[] } } =
      JSON.parse(await response.text());
    return new Map(data.result.map(({ metric, value }) => [metric.server, Number(value[1])]));
  }

  test('evaluates every rule on what the watchdog exports, without an error', async () => {
    const all = await waitFor(
      async () => {
        const found = await groups();
        return (
          found.length > 0 &&
          found.every(({ rules }) => rules.every(({ health }) => health !== 'unknown')) &&
          found
        );
      },
      { timeout: 20_000, what: 'a whole round' },
    );
    expect(all.map(({ name }) => name).sort()).toEqual(
      FILES.flatMap(groupsOf)
        .map(({ name }) => name)
        .sort(),
    );
    const failed = all.flatMap(({ rules }) => rules.filter(({ health }) => health !== 'ok'));
    expect(failed.map(({ name, lastError }) => `${name}: ${lastError}`)).toEqual([]);
  });

  test('fires for the server that gave up, for the heartbeat, and for nobody else', async () => {
    const firing = (await groups())
      .flatMap(({ rules }) => rules.flatMap(({ alerts }) => alerts ?? []))
      .filter(({ state }) => state === 'firing')
      .map(({ labels }) => `${labels['alertname']} ${labels['server'] ?? ''}`);
    expect(firing.sort()).toEqual(['McpServerGaveUp git', 'Watchdog ']);
  });

  test('records what the alerts and dashboards read', async () => {
    const used = await waitFor(
      async () => {
        const found = await query('server:mcp_watchdog_server_memory_bytes:used');
        return found.size === 3 && found;
      },
      { timeout: 20_000, what: 'three servers' },
    );
    expect([used.get('files'), used.get('time')]).toEqual([200_000_000, USAGE.residentBytes]);
  });
});

function firesFor(server: string) {
  return ({ alerts = [] }: Evaluated['rules'][number]): boolean =>
    alerts.some(({ state, labels }) => state === 'firing' && labels['server'] === server);
}

function configFor(port: number): string {
  return JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: FILES.map((file) => join(ALERTING, file)),
    scrape_configs: [{ job_name: 'mcp-watchdog', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
  });
}
