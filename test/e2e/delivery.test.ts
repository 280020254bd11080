// Hand-over of notifications between the watchdog and a real Prometheus with a real Alertmanager that come and go.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DeliveryOwner } from '../../src/core/model/vocabulary.ts';
import { ALERTMANAGER, startAlertmanager, startReceiver } from '../fakes/alertmanager.ts';
import { startPrometheus } from '../fakes/prometheus.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, freePort, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

const RULES = `
groups:
  - name: test
    rules:
      - alert: Stopped
        expr: mcp_watchdog_server_desired_running == 0
        labels: { severity: critical, component: server }
        annotations: { summary: "{{ $labels.server }} was stopped." }
      - alert: Watchdog
        expr: vector(1)
        labels: { severity: none }
`;

const TOKEN = 'a-token-of-the-test';
const AUTHORIZED = `http_config: { authorization: { credentials: "${TOKEN}" } }`;

const NAMES = ['s1', 's2', 's3', 's4'];

/** `proof`: whether Prometheus and Alertmanager are asked, or heartbeats carry a token. */
async function openScene({
  isTelling = false,
  proof = 'token',
}: { isTelling?: boolean; proof?: 'token' | 'asking' } = {}) {
  const { home } = tempHome();
  const [port, alertmanagerPort, prometheusPort] = [await freePort(), await freePort(), await freePort()];
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const rules = join(home, 'rules.yml');
  writeFileSync(rules, RULES, { mode: 0o600 });
  const own = `http://127.0.0.1:${port}/api/v1/alertmanager`;
  const config = `
route:
  receiver: you
  group_by: [alertname, server]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
  routes:
    - matchers: [alertname = Watchdog]
      receiver: heartbeat
      group_by: [alertname]
      group_interval: 1s
      repeat_interval: 900ms
receivers:
  - name: heartbeat
    ${proof === 'token' ? `webhook_configs: [{ url: "${own}", send_resolved: false, ${AUTHORIZED} }]` : ''}
  - name: you
    webhook_configs:
${proof === 'token' ? `      - { url: "${own}${isTelling ? '?tell=yes' : ''}", ${AUTHORIZED} }` : ''}
${isTelling ? '' : `      - url: "${receiver.url}"`}
`;
  const folder = join(home, 'alertmanager');
  mkdirSync(folder);
  const program = join(home, 'append');
  writeFileSync(program, '#!/bin/sh\ncat >> "$1"\n');
  chmodSync(program, 0o755);
  const file = join(home, 'told.jsonl');
  const alerts: Settings = {
    notify: [{ kind: 'command', command: [program, file] }],
    rules: [rules],
    evaluateEvery: '1s',
    alertmanager: { url: `http://127.0.0.1:${alertmanagerPort}` },
    ...(proof === 'token'
      ? { webhookToken: TOKEN }
      : { prometheus: { url: `http://127.0.0.1:${prometheusPort}` } }),
  };
  const more = { metrics: { listen: `127.0.0.1:${port}` }, alerts };
  const servers = Object.fromEntries(NAMES.map((name) => [name, fixture()]));
  return {
    receiver,
    startDaemon: () => startDaemon(servers, { home, more }),
    alertmanager: () => startAlertmanager(folder, { config, port: alertmanagerPort }),
    prometheus: () =>
      startPrometheus({
        port: prometheusPort,
        // What it posted lasts four times as long, which is longer than it takes to notice that it is gone.
        args: ['--rules.alert.resend-delay=15s'],
        config: `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ["${rules}"]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:${alertmanagerPort}"] }] }] }
scrape_configs: [{ job_name: mcp-watchdog, static_configs: [{ targets: ["127.0.0.1:${port}"] }] }]
`,
      }),
    /** What our own channel was given, as `name server status`. */
    told: () => (existsSync(file) ? toldIn(readFileSync(file, 'utf8')) : []),
  };
}

function toldIn(text: string): string[] {
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      const { alerts }: { alerts: { name: string; server: string; status: string }[] } = JSON.parse(line);
      return alerts.map(({ name, server, status }) => `${name} ${server} ${status}`);
    });
}

async function deliveredBy(daemon: RunningDaemon, owner: DeliveryOwner): Promise<void> {
  await waitFor(async () => (await daemon.status()).daemon.delivery.owner === owner, {
    timeout: 120_000,
    what: `${owner} to deliver`,
    longestPause: 150,
  });
}

async function has(list: () => readonly string[], line: string): Promise<void> {
  await waitFor(() => list().includes(line), { timeout: 60_000, what: line });
}

const count = (list: readonly string[], line: string): number => list.filter((one) => one === line).length;

describe.skipIf(![requireProgram('prometheus'), requireProgram(ALERTMANAGER)].every(Boolean))(
  'delivery, while Prometheus and Alertmanager come and go',
  () => {
    test(
      'is handed over and back, with nothing told twice and nothing lost',
      { timeout: 400_000 },
      async () => {
        const scene = await openScene();
        const { receiver, told } = scene;
        let [prometheus, alertmanager] = [await scene.prometheus(), await scene.alertmanager()];
        onTestFinished(async () => void (await Promise.all([prometheus.stop(), alertmanager.stop()])));
        const daemon = await scene.startDaemon();
        for (const name of NAMES) await daemon.up(name);
        await deliveredBy(daemon, 'engine');
        expect(await daemon.metric('mcp_watchdog_fallback_active')).toBe(0);
        expect(await daemon.metric('mcp_watchdog_engine_reachable{engine="prometheus"}')).toBe(1);
        expect(await daemon.metric('mcp_watchdog_engine_reachable{engine="alertmanager"}')).toBe(1);

        daemon.run('stop', 's1');
        await has(() => receiver.told, 'Stopped s1 firing');

        const stopped = async () =>
          (await alertmanager.alerts()).filter(({ labels }) => labels['alertname'] === 'Stopped');
        const [byPrometheus] = await stopped();
        expect(byPrometheus?.generatorURL).toContain('/graph');

        await prometheus.stop();
        await deliveredBy(daemon, 'alertmanager-by-us');
        daemon.run('stop', 's2');
        await has(() => receiver.told, 'Stopped s2 firing');
        const known = await stopped();
        // The same alert, now in our words.
        const byUs = await waitFor(
          async () =>
            (await stopped()).find(
              ({ labels, generatorURL }) => labels['server'] === 's1' && generatorURL === undefined,
            ),
          { timeout: 60_000, what: 's1 to be posted by us', longestPause: 150 },
        );
        expect([byUs.fingerprint, byUs.labels]).toEqual([byPrometheus?.fingerprint, byPrometheus?.labels]);
        expect(new Set(known.map(({ labels }) => labels['server']))).toEqual(new Set(['s1', 's2']));
        expect(known).toHaveLength(2);
        expect(new Set(known.map(({ labels }) => Object.keys(labels).join(' '))).size).toBe(1);
        expect(known[0]?.labels).toMatchObject({
          job: 'mcp-watchdog',
          severity: 'critical',
          component: 'server',
        });
        expect(told()).toEqual([]);

        await alertmanager.stop();
        await deliveredBy(daemon, 'us');
        expect(await daemon.metric('mcp_watchdog_fallback_active')).toBe(1);
        expect(daemon.run('status').out).toContain('Alerts are delivered by the watchdog');
        daemon.run('stop', 's3');
        await has(told, 'Stopped s3 firing');
        daemon.run('start', 's1');
        await has(told, 'Stopped s1 resolved');
        expect(told().sort()).toEqual(['Stopped s1 resolved', 'Stopped s3 firing']);

        [prometheus, alertmanager] = [await scene.prometheus(), await scene.alertmanager()];
        await deliveredBy(daemon, 'engine');
        daemon.run('stop', 's4');
        await has(() => receiver.told, 'Stopped s4 firing');
        expect(told().sort()).toEqual(['Stopped s1 resolved', 'Stopped s3 firing']);
        for (const name of ['s1', 's2', 's4'])
          expect(count(receiver.told, `Stopped ${name} firing`), name).toBe(1);
        const owners = (await daemon.journal('delivery'))
          .filter(({ owner, wasOwner }) => owner !== wasOwner)
          .map(({ owner }) => owner);
        expect(owners.at(-1)).toBe('engine');
        expect(owners.filter((owner) => owner === 'us')).toHaveLength(1);
      },
    );

    test(
      'through our own channels, when Alertmanager asks for it, tells each alert once',
      { timeout: 400_000 },
      async () => {
        const scene = await openScene({ isTelling: true });
        const { told } = scene;
        let [prometheus, alertmanager] = [await scene.prometheus(), await scene.alertmanager()];
        onTestFinished(async () => void (await Promise.all([prometheus.stop(), alertmanager.stop()])));
        const daemon = await scene.startDaemon();
        for (const name of NAMES) await daemon.up(name);
        await deliveredBy(daemon, 'engine');
        await alertmanager.silence(
          [{ name: 'server', value: 's[4-9]', isRegex: true, isEqual: true }],
          600_000,
        );
        daemon.run('stop', 's1');
        await has(told, 'Stopped s1 firing');
        await Promise.all([prometheus.stop(), alertmanager.stop()]);
        await deliveredBy(daemon, 'us');
        // Silenced while that could still be asked for.
        daemon.run('stop', 's4');
        daemon.run('stop', 's2');
        await has(told, 'Stopped s2 firing');
        [prometheus, alertmanager] = [await scene.prometheus(), await scene.alertmanager()];
        await deliveredBy(daemon, 'engine');
        daemon.run('stop', 's3');
        await has(told, 'Stopped s3 firing');
        daemon.run('start', 's2');
        await has(told, 'Stopped s2 resolved');
        expect(told()).toEqual([
          'Stopped s1 firing',
          'Stopped s2 firing',
          'Stopped s3 firing',
          'Stopped s2 resolved',
        ]);
      },
    );

    test(
      'needs no message when both are asked, and follows Prometheus when it goes',
      { timeout: 400_000 },
      async () => {
        const scene = await openScene({ proof: 'asking' });
        const [prometheus, alertmanager] = [await scene.prometheus(), await scene.alertmanager()];
        onTestFinished(async () => void (await Promise.all([prometheus.stop(), alertmanager.stop()])));
        const daemon = await scene.startDaemon();
        for (const name of NAMES) await daemon.up(name);
        await deliveredBy(daemon, 'engine');
        daemon.run('stop', 's1');
        await has(() => scene.receiver.told, 'Stopped s1 firing');
        await prometheus.stop();
        // Whoever reads the metrics in its name does not stand for it.
        const pretend = async (): Promise<boolean> => {
          await fetch(`${daemon.url}/metrics`, { headers: { 'user-agent': 'Prometheus/3.0.0' } });
          return (await daemon.status()).daemon.delivery.owner === 'alertmanager-by-us';
        };
        await waitFor(pretend, {
          timeout: 60_000,
          what: 'the end of Prometheus to be noticed',
          longestPause: 150,
        });
        expect(scene.told()).toEqual([]);
        expect(count(scene.receiver.told, 'Stopped s1 firing')).toBe(1);
      },
    );
  },
);

describe('any process of the machine', () => {
  test(
    'can neither mute the watchdog nor speak through it, by user agent, heartbeat or message',
    { timeout: 120_000 },
    async () => {
      const { home } = tempHome();
      const program = join(home, 'append');
      writeFileSync(program, '#!/bin/sh\ncat >> "$1"\n');
      chmodSync(program, 0o755);
      const file = join(home, 'told.jsonl');
      const rules = join(home, 'rules.yml');
      writeFileSync(rules, RULES, { mode: 0o600 });
      const notify = [{ kind: 'command', command: [program, file] }];
      const alerts: Settings = { notify, rules: [rules], evaluateEvery: '1s', builtIn: false };
      const more = { metrics: { listen: `127.0.0.1:${await freePort()}` }, alerts };
      const daemon = await startDaemon({ s1: fixture() }, { home, more });
      await daemon.up('s1');
      const post = async (query: string, labels: Settings): Promise<number> => {
        const alert = { status: 'firing', labels, annotations: { summary: 'https://evil.example' } };
        const { status } = await fetch(`${daemon.url}/api/v1/alertmanager${query}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: 'Bearer guessed' },
          body: JSON.stringify({ version: '4', alerts: [alert] }),
        });
        return status;
      };
      for (let round = 0; round < 3; round += 1) {
        await fetch(`${daemon.url}/metrics`, { headers: { 'user-agent': 'Prometheus/3.0.0' } });
        expect(await post('', { alertname: 'Watchdog', severity: 'none' })).toBe(401);
      }
      const stopped = { alertname: 'Stopped', severity: 'critical', server: 's1' };
      for (const query of ['', '?token=guessed', '?tell=yes', '?tell=yes&token=guessed'])
        expect(
          await post(
            query,
            query.includes('tell') ? { alertname: 'PayHere', severity: 'critical' } : stopped,
          ),
        ).toBe(401);
      daemon.run('stop', 's1');
      const told = (): string[] => (existsSync(file) ? toldIn(readFileSync(file, 'utf8')) : []);
      await has(told, 'Stopped s1 firing');
      expect(told()).toEqual(['Stopped s1 firing']);
      expect((await daemon.status()).daemon.delivery.owner).toBe('us');
      expect(await daemon.metric('mcp_watchdog_fallback_active')).toBe(1);
    },
  );
});
