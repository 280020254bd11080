import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { requireProgram, requireThat } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { freePort } from '../fixtures/start.ts';
import { ALERTING, alertsOf, FLEET_FILE, read, RULE_FILES } from './read-catalogue.ts';

const CONFIG = join(ALERTING, 'alertmanager.yml');
const PLACE = { path: '/home/ada/config.yaml', environment: {} };
const alerts = alertsOf(...RULE_FILES, FLEET_FILE);

describe.skipIf(!requireProgram('amtool'))('amtool', () => {
  test('takes the config', () => {
    const { status, stdout } = spawnSync('amtool', ['check-config', CONFIG], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  test('has a token at each url of the watchdog, which no config can have set', () => {
    const text = read('alertmanager.yml');
    const urls = text.match(/url: http:\S+\/api\/v1\/alertmanager\S*\n.+/gu) ?? [];
    expect(urls).toHaveLength(3);
    for (const url of urls) expect(url).toContain('authorization: { credentials: "<alerts.webhookToken>" }');
    expect(() => readConfig('servers: {}\nalerts: {webhookToken: "<alerts.webhookToken>"}', PLACE)).toThrow(
      'alerts.webhookToken',
    );
  });

  test.each(alerts.map(({ alert, labels }) => [alert, labels['severity'] ?? '']))(
    'sends %s (%s) where its severity belongs',
    (name, severity) => {
      const to: Readonly<Record<string, string>> = {
        critical: 'you',
        warning: 'you',
        info: 'quietly',
        none: 'heartbeat',
      };
      const args = [
        'config',
        'routes',
        'test',
        `--config.file=${CONFIG}`,
        `alertname=${name}`,
        `severity=${severity}`,
      ];
      expect(spawnSync('amtool', args, { encoding: 'utf8' }).stdout.trim()).toBe(to[severity]);
    },
  );
});

// Debian gives it another name.
const program = ['alertmanager', 'prometheus-alertmanager'].find(
  (name) => spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0,
);

describe.skipIf(!requireThat('alertmanager', program !== undefined))(
  'a real Alertmanager',
  { timeout: 180_000 },
  () => {
    const received: { readonly path: string; readonly token: string; readonly body: WebhookBody }[] = [];
    let watchdog: Server;
    let alertmanager: ChildProcess;
    let home: string;
    let base: string;
    let barriers = 0;

    beforeAll(async () => {
      watchdog = createServer((request, response) => {
        let text = '';
        request.on('data', (chunk: Buffer) => (text += chunk.toString()));
        request.on('end', () => {
          received.push({
            path: `${request.method} ${request.url}`,
            token: request.headers.authorization ?? '',
            body: JSON.parse(text),
          });
          response.end();
        });
      });
      await new Promise<void>((resolve) => void watchdog.listen(0, '127.0.0.1', resolve));
      home = await mkdtemp(join(tmpdir(), 'alertmanager-'));
      await writeFile(
        join(home, 'alertmanager.yml'),
        read('alertmanager.yml')
          .replaceAll('127.0.0.1:9638', `127.0.0.1:${portOf(watchdog)}`)
          .replaceAll('<alerts.webhookToken>', 'a-token-of-the-test')
          .replaceAll('group_wait: 5s', 'group_wait: 1s'),
      );
      const port = await freePort();
      base = `http://127.0.0.1:${port}`;
      alertmanager = spawn(
        program ?? '',
        [
          `--config.file=${join(home, 'alertmanager.yml')}`,
          `--storage.path=${join(home, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--cluster.listen-address=',
        ],
        { stdio: 'ignore' },
      );
      await waitFor(
        () =>
          fetch(`${base}/-/ready`).then(
            ({ ok }) => ok,
            () => false,
          ),
        {
          timeout: 90_000,
          what: 'Alertmanager',
        },
      );
    }, 120_000);

    afterAll(async () => {
      const ended = new Promise((resolve) => alertmanager.once('exit', resolve));
      if (alertmanager.kill('SIGKILL')) await ended;
      await new Promise((resolve) => watchdog.close(resolve));
      await rm(home, { recursive: true, force: true });
    });

    async function post(alerts: readonly Labels[]): Promise<void> {
      const response = await fetch(`${base}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(alerts.map((labels) => ({ labels }))),
      });
      expect(response.status).toBe(200);
    }

    /** What is known of `given`, once all of them are. */
    async function knownOf(given: readonly Labels[], isEnough = (_found: readonly Known[]) => true) {
      return waitFor(
        async () => {
          const answer = await fetch(`${base}/api/v2/alerts`);
          const all: Known[] = JSON.parse(await answer.text());
          const found = all.filter(({ labels }) =>
            given.some(
              ({ alertname, instance }) =>
                labels['alertname'] === alertname && (labels['instance'] ?? '') === (instance ?? ''),
            ),
          );
          return found.length === given.length && isEnough(found) && found;
        },
        { timeout: 60_000, what: 'the alerts' },
      );
    }

    /** The names of those that are silenced by others, once that is decided. */
    async function inhibitedAmong(...given: readonly Labels[]): Promise<string[]> {
      await post(given);
      // What silences others is learnt later than the alerts are known, by one reader and in the order of their coming: once a
      // pair that came last has its effect, all before it have theirs.
      const instance = `barrier-${(barriers += 1)}`;
      const pair = [
        of('McpServerGaveUp', 'critical', { instance }),
        of('McpServerDown', 'critical', { instance }),
      ];
      await post(pair);
      await knownOf(pair, (found) => found.some(isInhibited));
      const known = await knownOf(given);
      return known
        .filter(isInhibited)
        .map(({ labels }) => labels['alertname'] ?? '')
        .sort();
    }

    test('sends the heartbeat to the watchdog at once', async () => {
      await inhibitedAmong({ alertname: 'Watchdog', severity: 'none' });
      const heartbeat = await waitFor(
        () =>
          received.find(({ body }) => body.alerts.some(({ labels }) => labels['alertname'] === 'Watchdog')),
        { what: 'the heartbeat' },
      );
      expect(heartbeat).toMatchObject({
        path: 'POST /api/v1/alertmanager',
        token: 'Bearer a-token-of-the-test',
        body: { version: '4', status: 'firing', receiver: 'heartbeat' },
      });
    });

    test('sends no more at once than the watchdog takes, which is a mebibyte', async () => {
      // As long as those of the shipped rules.
      const annotations = {
        summary: 's'.repeat(120),
        description: 'd'.repeat(300),
        runbook_url: 'r'.repeat(90),
      };
      const alerts = Array.from({ length: 400 }, (_, index) => ({
        labels: of('McpServerDown', 'critical', { instance: 'storm', server: `server-${index}` }),
        annotations,
        generatorURL: `http://127.0.0.1:9090/graph?g0.expr=${'e'.repeat(1400)}`,
      }));
      const response = await fetch(`${base}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(alerts),
      });
      expect(response.status).toBe(200);
      const storms = () =>
        received.filter(({ body }) => body.alerts.some(({ labels }) => labels['instance'] === 'storm'));
      // On a busy machine it may not have taken in all of them within its first wait; with the next message it has.
      const message = await waitFor(() => storms().find(({ body }) => body.truncatedAlerts === 100), {
        timeout: 120_000,
        what: 'the whole storm',
      });
      expect(message).toMatchObject({
        path: 'POST /api/v1/alertmanager?tell=yes',
        token: 'Bearer a-token-of-the-test',
      });
      expect(message.body.alerts).toHaveLength(300);
      for (const { body } of storms()) {
        expect(body.alerts.length).toBeLessThanOrEqual(300);
        expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(1024 * 1024);
      }
    });

    test.each<readonly [string, readonly Labels[], readonly string[]]>([
      [
        'only the gravest about one server',
        [
          of('McpServerGaveUp', 'critical'),
          of('McpServerDown', 'critical'),
          of('McpServerCrashLooping', 'warning'),
          of('McpServerUpdateAvailable', 'info'),
        ],
        ['McpServerCrashLooping', 'McpServerDown', 'McpServerUpdateAvailable'],
      ],
      [
        'that it is down rather than that it does not answer',
        [of('McpServerDown', 'critical'), of('McpServerUnresponsive', 'critical')],
        ['McpServerUnresponsive'],
      ],
      [
        'of two servers both',
        [of('McpServerDown', 'critical'), of('McpServerMemoryHigh', 'warning', { server: 'git' })],
        [],
      ],
      [
        'a stalled watchdog, and not its servers',
        [of('McpWatchdogStalled', 'critical', { server: '' }), of('McpServerDown', 'critical')],
        ['McpServerDown'],
      ],
      [
        'a server that is down on many machines once',
        [
          of('McpFleetServerDown', 'critical', { instance: '', fleet: 'laptops' }),
          of('McpServerDown', 'critical', { fleet: 'laptops' }),
          of('McpServerGaveUp', 'critical', { fleet: 'laptops', server: 'git' }),
        ],
        ['McpServerDown'],
      ],
      ['what belongs to somebody else', [of('McpServerDown', 'critical'), of('DiskFull', 'warning')], []],
    ])('tells %s', async (title, given, inhibited) => {
      // An instance of its own, so that the rows do not silence each other.
      const instance = title.replaceAll(' ', '-');
      const placed = given.map((labels) => (labels['instance'] === '' ? labels : { ...labels, instance }));
      expect(await inhibitedAmong(...placed)).toEqual(inhibited);
    });
  },
);

type Labels = Readonly<Record<string, string>> & { readonly alertname: string };

interface Known {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly inhibitedBy: readonly string[] };
}

function isInhibited({ status }: Known): boolean {
  return status.inhibitedBy.length > 0;
}

interface WebhookBody {
  /** Of the group those that the message has no room for. */
  readonly truncatedAlerts?: number;
  readonly alerts: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

function of(alertname: string, severity: string, more: Readonly<Record<string, string>> = {}): Labels {
  return { alertname, severity, job: 'mcp-watchdog', instance: 'mac', server: 'files', ...more };
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
