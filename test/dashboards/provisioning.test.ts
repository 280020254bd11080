// What makes Grafana find all of it: the provisioning files and the compose file agree with each other and with the tree.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { parseDuration } from '../../src/core/base/units.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { GRAFANA, readDashboards } from './story-queries.ts';

interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly jsonData: Readonly<Record<string, unknown>>;
}

interface Provider {
  readonly type: string;
  readonly allowUiUpdates: boolean;
  readonly folder?: string;
  readonly options: { readonly path: string; readonly foldersFromFilesStructure: boolean };
}

interface Service {
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly network_mode?: string;
  readonly command?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<'grafana' | 'prometheus' | 'alertmanager', Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

// yaml's type is any: what it is, these tests look at.
const SOURCES: { apiVersion: number; datasources: DataSource[] } = parse(
  read('provisioning/datasources/mcp-watchdog.yml'),
);
const PROVIDERS: { apiVersion: number; providers: Provider[] } = parse(
  read('provisioning/dashboards/mcp-watchdog.yml'),
);
const COMPOSE: Compose = parse(read('docker-compose.yml'));
const LOCAL: { global: { scrape_interval: string } } = parse(read('../alerting/prometheus/local.yml'));

function read(path: string): string {
  return readFileSync(join(GRAFANA, path), 'utf8');
}

function sourceOf(type: string): DataSource {
  const found = SOURCES.datasources.find((one) => one.type === type);
  if (found === undefined) throw new Error(`There is no data source of type ${type}`);
  return found;
}

/** What is mounted, from a path of ours to one in the container. */
function mountsOf(service: Service): { from: string; to: string }[] {
  return service.volumes
    .map((text) => text.split(':'))
    .map(([from = '', to = '']) => ({ from, to }))
    .filter(({ from }) => from.startsWith('.'));
}

describe('the data source', () => {
  test('has a uid that stays, and the Alertmanager beside it', () => {
    expect(SOURCES.apiVersion).toBe(1);
    expect(sourceOf('prometheus')).toMatchObject({ uid: 'mcp-watchdog-prometheus' });
    expect(sourceOf('prometheus').jsonData).toMatchObject({
      prometheusType: 'Prometheus',
      manageAlerts: true,
      alertmanagerUid: sourceOf('alertmanager').uid,
    });
  });

  test('knows how often Prometheus scrapes, which $__rate_interval follows from', () => {
    const interval = sourceOf('prometheus').jsonData['timeInterval'];
    expect(parseDuration(String(interval))).toEqual(parseDuration(LOCAL.global.scrape_interval));
  });

  test('is what a dashboard takes by default: all of them ask through their variable', () => {
    for (const { uid, templating } of readDashboards())
      expect({
        uid,
        variables: templating?.list?.filter(({ type }) => type === 'datasource').map(({ query }) => query),
      }).toEqual({ uid, variables: ['prometheus'] });
  });
});

describe('the dashboard provider', () => {
  test('reads files, lets nobody edit them in the browser, and takes folders from the file system', () => {
    expect(PROVIDERS).toMatchObject({
      apiVersion: 1,
      providers: [{ type: 'file', allowUiUpdates: false, options: { foldersFromFilesStructure: true } }],
    });
    // Grafana refuses both at once.
    expect(PROVIDERS.providers[0]?.folder).toBeUndefined();
  });
});

describe('the compose file', () => {
  test('mounts only what is there', () => {
    const missing = Object.values(COMPOSE.services)
      .flatMap(mountsOf)
      .filter(({ from }) => !existsSync(resolve(GRAFANA, from)));
    expect(missing).toEqual([]);
  });

  test('mounts the dashboards in a folder of what the provider reads', () => {
    const mount = mountsOf(COMPOSE.services.grafana).find(({ from }) => from === './dashboards');
    const path = PROVIDERS.providers[0]?.options.path ?? '?';
    expect(mount?.to.startsWith(`${path}/`)).toBe(true);
    expect(
      readdirSync(resolve(GRAFANA, './dashboards')).filter((name) => name.endsWith('.json')),
    ).toHaveLength(readDashboards().length);
  });

  test('opens ports on the loopback only, and those that the data sources name', () => {
    const ports = COMPOSE.services.grafana.ports ?? [];
    expect(ports.filter((text) => !text.startsWith('127.0.0.1:'))).toEqual([]);
    for (const type of ['prometheus', 'alertmanager'] as const) {
      const { hostname, port } = new URL(sourceOf(type).url);
      expect({ type, hostname, mode: COMPOSE.services[type].network_mode }).toEqual({
        type,
        hostname: '127.0.0.1',
        mode: 'service:grafana',
      });
      expect(ports).toContain(`127.0.0.1:${port}:${port}`);
    }
  });

  test('names every volume that it uses', () => {
    const used = Object.values(COMPOSE.services)
      .flatMap(({ volumes }) => volumes.map((text) => text.split(':')[0] ?? ''))
      .filter((name) => !name.startsWith('.'));
    expect(used.sort()).toEqual(Object.keys(COMPOSE.volumes).sort());
  });

  test.skipIf(!requireProgram('promtool'))(
    'makes a config that Prometheus accepts, in which only the watchdog is elsewhere',
    () => {
      const made = runSed('prometheus', 'prometheus/local.yml');
      expect(made.text).toContain('"host.docker.internal:9638"');
      expect(made.text).toContain('"127.0.0.1:9093"');
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'config', made.path], {
        encoding: 'utf8',
      });
      expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
      // As many rule files as there are: promtool also likes a pattern that matches none.
      const files = readdirSync(resolve(GRAFANA, '../alerting/rules')).length;
      expect(stdout).toContain(`${files} rule files found`);
    },
  );

  test('sends alerts and the heartbeat to the watchdog on the host', () => {
    const { text } = runSed('alertmanager', 'alertmanager.yml');
    const urls = [...text.matchAll(/url: http:\/\/(\S+?)\/api\/v1\/alertmanager/gu)].map(([, host]) => host);
    expect(urls.length).toBeGreaterThan(2);
    expect(new Set(urls)).toEqual(new Set(['host.docker.internal:9638']));
  });
});

/** Runs the line that makes a config in a container, on the files of this tree. */
function runSed(name: 'prometheus' | 'alertmanager', source: string): { path: string; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'compose-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const alerting = resolve(GRAFANA, '../alerting');
  const [line = ''] = (COMPOSE.services[name].command?.[0] ?? '').split('exec ');
  const script = line
    .replaceAll(/\$\{\w+:-([^}]*)\}/gu, '$1')
    .replaceAll('/alerting/', `${alerting}/`)
    .replace(/> \S+/u, '');
  expect(script).toContain(source);
  const { stdout, status } = spawnSync('/bin/sh', ['-ec', script], { encoding: 'utf8' });
  expect(status).toBe(0);
  const path = join(folder, 'config.yml');
  writeFileSync(path, stdout);
  return { path, text: stdout };
}
