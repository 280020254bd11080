// Alerts of a running daemon, from its own rules and from a real Prometheus beside it.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AlertsData, RulesData } from '../../src/core/model/alert-rules.ts';
import { ALERTMANAGER, type RunningAlertmanager, startAlertmanager } from '../fakes/alertmanager.ts';
import { type Prometheus, startPrometheus } from '../fakes/prometheus.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, freePort, QUICK_ALERTS, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

const HASTY: Settings = {
  restart: {
    initialDelay: '50ms',
    maxDelay: '100ms',
    budget: [{ restarts: 4, within: '5m' }],
    stableAfter: '1s',
  },
};
const BROKEN = { files: fixture(['--behaviour', 'crash', '--after', '100'], HASTY) };
const GOOD = { files: fixture([], HASTY) };

/** In the exact words that Prometheus would use, so that its answers can be compared. */
const RULES = `
groups:
  - name: own
    interval: 1s
    rules:
      - record: server:gave_up:max
        expr: max without (state) (mcp_watchdog_server_state{state="crash_looping"})
        labels:
          own: "yes"
      - alert: OwnGaveUp
        expr: server:gave_up:max == 1
        for: 2s
        keep_firing_for: 3s
        labels:
          severity: critical
        annotations:
          summary: '{{ $labels.server }} gave up.'
      - alert: OwnQuiet
        expr: mcp_watchdog_servers_configured > 1000
`;

function withRules(home: string, alerts: Settings = {}): Settings {
  writeFileSync(join(home, 'own.yml'), RULES);
  return { alerts: { notify: [], evaluateEvery: '1s', rules: ['own.yml'], ...alerts } };
}

async function get<Data>(url: string): Promise<Data> {
  const answer: { status: string; data: Data } = JSON.parse(await (await fetch(url)).text());
  expect(answer.status).toBe('success');
  return answer.data;
}

function stateOf({ alerts }: AlertsData, name: string): string | undefined {
  return alerts.find(({ labels }) => labels['alertname'] === name)?.state;
}

async function fires(daemon: RunningDaemon, name: string, timeout = 60_000): Promise<void> {
  await waitFor(async () => stateOf(await get(`${daemon.url}/api/v1/alerts`), name) === 'firing', {
    timeout,
    what: `${name} to fire`,
    longestPause: 150,
  });
}

async function told(daemon: RunningDaemon, name: string): Promise<string[]> {
  return (await daemon.journal('alert')).filter((one) => one.name === name).map(({ state }) => state);
}

describe('the rules of the daemon', () => {
  test('link to runbooks of this daemon, or of the fleet', { timeout: 180_000 }, async () => {
    const daemon = await startDaemon(GOOD);
    const addresses = async (): Promise<string[]> => {
      const { groups } = await get<RulesData>(`${daemon.url}/api/v1/rules?type=alert`);
      return groups
        .flatMap(({ rules }) => rules)
        .flatMap((rule) => (rule.type === 'alerting' ? (rule.annotations['runbook_url'] ?? '') : []));
    };
    const own = await addresses();
    expect(own).toContain(`${daemon.url}/runbooks/McpServerDown`);
    for (const address of own) expect((await fetch(address)).status).toBe(200);

    const runbookBase = 'https://wiki.example.com/mcp';
    daemon.rewriteConfig(GOOD, { alerts: { notify: [], evaluateEvery: '1s', runbookBase } });
    expect(daemon.run('reload').code).toBe(0);
    const theirs = await addresses();
    expect(theirs).toContain(`${runbookBase}/McpServerDown`);
    expect(theirs.filter((address) => !address.startsWith(`${runbookBase}/`))).toEqual([]);
  });

  test(
    'tell of a server that gave up, survive a kill -9, and tell once that it is over',
    { timeout: 300_000 },
    async () => {
      const { home } = tempHome();
      const program = join(home, 'append');
      writeFileSync(program, '#!/bin/sh\ncat >> "$1"\n');
      chmodSync(program, 0o755);
      const file = join(home, 'told.jsonl');
      const heard = (status: string): number =>
        !existsSync(file)
          ? 0
          : readFileSync(file, 'utf8')
              .split('\n')
              .slice(0, -1)
              .flatMap((line): { name: string; status: string }[] => JSON.parse(line).alerts)
              .filter((one) => one.name === 'OwnGaveUp' && one.status === status).length;
      const settings = withRules(home, {
        builtIn: false,
        notify: [{ kind: 'command', command: [program, file] }],
      });
      const first = await startDaemon(BROKEN, { home, more: settings });
      await fires(first, 'OwnGaveUp');
      await waitFor(() => heard('firing') === 1, { timeout: 60_000, what: 'it to be told' });
      const { daemon } = await first.status();
      expect(daemon.alerts).toMatchObject([
        {
          name: 'OwnGaveUp',
          about: 'files',
          severity: 'critical',
          summary: expect.stringMatching(/^files gave up: exited with code \d/),
        },
      ]);
      expect(await first.metric('mcp_watchdog_alerts{alertname="OwnGaveUp",alertstate="firing"}')).toBe(1);
      expect(await first.metric('mcp_watchdog_alerts{alertname="OwnQuiet",alertstate="firing"}')).toBe(0);
      expect(await first.metric('mcp_watchdog_rule_evaluation_failures_total')).toBe(0);
      expect(first.run('status').out).toContain('files OwnGaveUp (critical');
      await first.stop('SIGKILL');

      const second = await startDaemon(BROKEN, { home, more: settings });
      await fires(second, 'OwnGaveUp');
      await second.until('files', 'give up again', ({ state }) => state === 'crash_looping', 60_000);
      second.rewriteConfig(GOOD, settings);
      second.child.kill('SIGHUP');
      await waitFor(() => heard('resolved') === 1, { timeout: 60_000, what: 'its end to be told' });
      expect(heard('firing')).toBe(1);
      expect(await told(second, 'OwnGaveUp')).toEqual(['firing', 'resolved']);
      expect((await second.status()).daemon.alerts).toEqual([]);
    },
  );

  test('are the shipped ones, unless told otherwise', { timeout: 240_000 }, async () => {
    const { home } = tempHome();
    const more = QUICK_ALERTS;
    const daemon = await startDaemon(GOOD, { home, more });
    // What was counted before the first evaluation is history.
    await daemon.up('files');
    await fires(daemon, 'Watchdog');
    daemon.rewriteConfig(BROKEN, more);
    daemon.child.kill('SIGHUP');
    await fires(daemon, 'McpServerGaveUp');
    await fires(daemon, 'McpServerCrashLooping');
    expect(await told(daemon, 'Watchdog')).toEqual([]);
    const { groups } = await get<RulesData>(`${daemon.url}/api/v1/rules`);
    expect(groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(groups.map(({ name }) => name)).toContain('mcp-watchdog-slo');
    expect(await told(daemon, 'McpServerGaveUp')).toEqual(['firing']);
  });

  test('change with their file, and a file that is wrong changes nothing', { timeout: 240_000 }, async () => {
    const { home } = tempHome();
    const settings = withRules(home, { builtIn: false });
    const daemon = await startDaemon(GOOD, { home, more: settings });
    const names = async (): Promise<string[]> =>
      (await get<RulesData>(`${daemon.url}/api/v1/rules`)).groups.flatMap(({ rules }) =>
        rules.map(({ name }) => name),
      );
    expect(await names()).toEqual(['server:gave_up:max', 'OwnGaveUp', 'OwnQuiet']);
    writeFileSync(join(home, 'own.yml'), RULES.replace('> 1000', '> = 1000'));
    await waitFor(async () => (await daemon.status()).daemon.config.error, {
      timeout: 60_000,
      what: 'the refusal',
      longestPause: 150,
    });
    const { error } = (await daemon.status()).daemon.config;
    expect(error).toContain('own.yml:19: Group "own", rule 3 (OwnQuiet)');
    expect(daemon.run('config', 'validate')).toMatchObject({
      code: 2,
      err: expect.stringContaining('own.yml:19: Group "own", rule 3 (OwnQuiet)'),
    });
    expect(await names()).toHaveLength(3);
    writeFileSync(join(home, 'own.yml'), RULES.replace('OwnQuiet', 'OwnLoud').replace('> 1000', '< 1000'));
    await fires(daemon, 'OwnLoud');
  });
});

describe.skipIf(!requireProgram('prometheus'))('beside a real Prometheus', () => {
  test(
    'the same alert fires in both within an evaluation, and both tell of it alike',
    { timeout: 300_000 },
    async () => {
      const { home } = tempHome();
      const settings = withRules(home, { builtIn: false });
      const daemon = await startDaemon(GOOD, { home, more: settings });
      const { host } = new URL(daemon.url);
      const prometheus = await startPrometheus({
        config: `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${join(home, 'own.yml')}']
scrape_configs: [{ job_name: mcp-watchdog, static_configs: [{ targets: ['${host}'] }] }]
`,
      });
      try {
        const both = [`${daemon.url}/api/v1`, `${prometheus.url}/api/v1`];
        const alertsOf = () => Promise.all(both.map((api) => get<AlertsData>(`${api}/alerts`)));
        const until = (state: string | undefined) =>
          waitFor(async () => (await alertsOf()).every((data) => stateOf(data, 'OwnGaveUp') === state), {
            timeout: 90_000,
            what: `both to say ${state ?? 'nothing'}`,
            longestPause: 150,
          });
        await waitFor(
          async () => {
            const answer = await prometheus.query('mcp_watchdog_build_info', Date.now());
            return 'elements' in answer && answer.elements.length === 1;
          },
          { timeout: 60_000, what: 'the first scrape' },
        );
        daemon.rewriteConfig(BROKEN, settings);
        daemon.child.kill('SIGHUP');
        await until('firing');
        const [ours, theirs] = await alertsOf();
        const began = [ours, theirs].map((data) => Date.parse(data?.alerts[0]?.activeAt ?? ''));
        // A scrape and an evaluation of theirs lie between what happened and what they know, and two that a busy machine misses.
        expect(Math.abs((began[0] ?? 0) - (began[1] ?? NaN))).toBeLessThanOrEqual(4500);
        expect(plain(ours)).toEqual(plain(theirs));

        const rules = await Promise.all(both.map((api) => get<RulesData>(`${api}/rules`)));
        expect(plain(rules[0])).toEqual(plain(rules[1]));
        const alerting = await Promise.all(both.map((api) => get<RulesData>(`${api}/rules?type=alert`)));
        expect(plain(alerting[0])).toEqual(plain(alerting[1]));
        const refusals = await Promise.all(both.map((api) => fetch(`${api}/rules?type=x`)));
        const texts = await Promise.all(refusals.map((response) => response.text()));
        expect(refusals.map(({ status }) => status)).toEqual([400, 400]);
        expect(JSON.parse(texts[0] ?? '')).toEqual(JSON.parse(texts[1] ?? ''));

        daemon.rewriteConfig(GOOD, settings);
        daemon.child.kill('SIGHUP');
        await until(undefined);
      } finally {
        await prometheus.stop();
      }
    },
  );
});

/** Ms between two evaluations, of both. */
const EVERY = 3000;
const SCRAPED_EVERY = 1000;
/** What a busy machine adds to each of the two: a Prometheus that gets no processor misses an evaluation. */
const SLACK = 2 * EVERY + 1000;

const DOWN = `
groups:
  - name: own
    interval: ${EVERY}ms
    rules:
      - alert: OwnDown
        expr: mcp_watchdog_server_up == 0 and on (job, instance, server) mcp_watchdog_server_desired_running == 1
        for: ${EVERY}ms
        labels: { severity: critical }
        annotations: { summary: "{{ $labels.server }} is down." }
`;

describe.skipIf(![requireProgram('prometheus'), requireProgram(ALERTMANAGER)].every(Boolean))(
  'beside a real Prometheus with a real Alertmanager',
  () => {
    test(
      'a server that is killed is an alert in all of them within an evaluation, and over in all of them',
      { timeout: 300_000 },
      async () => {
        const { home } = tempHome();
        writeFileSync(join(home, 'own.yml'), DOWN);
        const alerts = { notify: [], builtIn: false, rules: ['own.yml'], evaluateEvery: `${EVERY}ms` };
        const daemon = await startDaemon(
          { files: fixture([], { restart: { policy: 'never' } }) },
          { home, more: { alerts } },
        );
        await daemon.up('files');
        const alertmanager = await openAlertmanager(home);
        onTestFinished(() => alertmanager.stop());
        const prometheus = await openPrometheus(home, { daemon, alertmanager });
        onTestFinished(() => prometheus.stop());
        const shownBy = (url: string) => async (): Promise<AlertsData['alerts'][number] | undefined> =>
          (await get<AlertsData>(`${url}/api/v1/alerts`)).alerts.find(({ state }) => state === 'firing');
        const known = async () =>
          (await alertmanager.alerts()).find(({ labels }) => labels['alertname'] === 'OwnDown');
        const [ours, theirs] = [shownBy(daemon.url), shownBy(prometheus.url)];

        process.kill((await daemon.server('files')).pid ?? 0, 'SIGKILL');
        const began = await Promise.all([whenItIs(true, ours), whenItIs(true, theirs)]);
        expect(Math.abs(began[0] - began[1])).toBeLessThanOrEqual(EVERY + SCRAPED_EVERY + SLACK);
        const [own, other] = [await ours(), await theirs()];
        expect(own).toMatchObject({
          labels: { alertname: 'OwnDown', server: 'files', severity: 'critical' },
        });
        expect(plain(own)).toEqual(plain(other));
        const activeAt = [own, other].map((alert) => Date.parse(alert?.activeAt ?? ''));
        expect(Math.abs((activeAt[0] ?? 0) - (activeAt[1] ?? NaN))).toBeLessThanOrEqual(
          EVERY + SCRAPED_EVERY + SLACK,
        );
        await whenItIs(true, known);
        expect((await known())?.labels).toEqual(own?.labels);

        expect(daemon.run('start', 'files').code).toBe(0);
        const ended = await Promise.all([whenItIs(false, ours), whenItIs(false, theirs)]);
        expect(Math.abs(ended[0] - ended[1])).toBeLessThanOrEqual(EVERY + SCRAPED_EVERY + SLACK);
        await whenItIs(false, known);
      },
    );
  },
);

/** When (ms) there is something to find, or no longer. */
async function whenItIs(there: boolean, find: () => Promise<unknown>): Promise<number> {
  await waitFor(async () => ((await find()) !== undefined) === there, {
    timeout: 60_000,
    what: there ? 'the alert' : 'the end of the alert',
    longestPause: 150,
  });
  return Date.now();
}

async function openAlertmanager(home: string): Promise<RunningAlertmanager> {
  const folder = join(home, 'alertmanager');
  mkdirSync(folder);
  return startAlertmanager(folder, {
    config: 'route: { receiver: none }\nreceivers: [{ name: none }]\n',
    port: await freePort(),
  });
}

function openPrometheus(
  home: string,
  { daemon, alertmanager }: { daemon: RunningDaemon; alertmanager: RunningAlertmanager },
): Promise<Prometheus> {
  const [scraped, told] = [daemon.url, alertmanager.url].map((url) => new URL(url).host);
  return startPrometheus({
    config: `
global: { scrape_interval: ${SCRAPED_EVERY}ms, evaluation_interval: ${EVERY}ms }
rule_files: ['${join(home, 'own.yml')}']
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${told}'] }] }] }
scrape_configs: [{ job_name: mcp-watchdog, static_configs: [{ targets: ['${scraped}'] }] }]
`,
  });
}

/** Without what is measured, and what a newer Prometheus has more of. */
function plain(value: unknown): unknown {
  const isMeasured = (key: string): boolean =>
    ['activeAt', 'evaluationTime', 'lastEvaluation', 'keepFiringSince', 'keepFiringFor'].includes(key);
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (isMeasured(key) ? undefined : inner)));
}
