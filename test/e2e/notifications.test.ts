// Notifications of an incident: few, in time, once, and with its end.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_IN_WINDOW } from '../../src/core/notification/notification-state.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

interface Told {
  readonly kind: string;
  readonly status: string;
  readonly title: string;
  readonly count: number;
  readonly alerts: readonly { readonly name: string; readonly server: string; readonly status: string }[];
}

/** As shipped, but over as soon as it is. */
const GAVE_UP = {
  alert: 'McpServerGaveUp',
  expr: `max without (state) (mcp_watchdog_server_state{state="crash_looping"}) == 1
    and on (job, instance, server) (mcp_watchdog_server_desired_running == 1)`,
  keep_firing_for: '3s',
  labels: { severity: 'critical' },
  annotations: { summary: 'MCP server {{ $labels.server }} fails again and again.' },
};

/** A channel that appends to a file, and what is in it. */
function appender(home: string, name = 'told'): { settings: Settings; told: () => Told[] } {
  const program = join(home, 'append');
  writeFileSync(program, '#!/bin/sh\ncat >> "$1"\n');
  chmodSync(program, 0o755);
  const file = join(home, `${name}.jsonl`);
  const rules = join(home, 'rules.json');
  writeFileSync(rules, JSON.stringify({ groups: [{ name: 'own', rules: [GAVE_UP] }] }));
  const notify = [{ kind: 'command', command: [program, file] }];
  return {
    settings: { alerts: { builtIn: false, rules: [rules], evaluateEvery: '1s', notify } },
    told: () =>
      !existsSync(file)
        ? []
        : readFileSync(file, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line): Told => JSON.parse(line)),
  };
}

const NAMES = Array.from({ length: 10 }, (_, index) => `s${index}`);
const HASTY: Settings = {
  restart: {
    initialDelay: '50ms',
    maxDelay: '100ms',
    budget: [{ restarts: 2, within: '5m' }],
    stableAfter: '1s',
  },
};

function all(...args: string[]): Record<string, Settings> {
  return Object.fromEntries(NAMES.map((name) => [name, fixture(args, HASTY)]));
}

const BROKEN = all('--behaviour', 'crash', '--after', '100');

/** The servers told to be in this state, each as often as it was told. */
function serversOf(told: readonly Told[], status: string): string[] {
  return told
    .flatMap(({ alerts }) => alerts.filter((alert) => alert.status === status).map(({ server }) => server))
    .sort();
}

async function startBroken(home: string, settings: Settings): Promise<RunningDaemon> {
  const daemon = await startDaemon(BROKEN, { home, more: settings });
  for (const name of NAMES)
    await daemon.until(name, 'to give up', ({ state }) => state === 'crash_looping', 60_000);
  return daemon;
}

describe('a bad day', () => {
  test(
    'ten servers that crash-loop at once are told of in a handful of notifications, and so is their recovery',
    { timeout: 180_000 },
    async () => {
      const { home } = tempHome();
      const { settings, told } = appender(home);
      const daemon = await startBroken(home, settings);
      await waitFor(() => serversOf(told(), 'firing').length >= 10, {
        timeout: 60_000,
        what: 'all to be told',
      });
      expect(serversOf(told(), 'firing')).toEqual(NAMES);
      const digest = told().find(({ kind }) => kind === 'digest');
      expect(digest?.title).toBe(`${digest?.count} alerts`);
      expect(digest?.count).toBeGreaterThan(3);
      expect(daemon.run('status').out).toMatch(/^10 alerts: s\d McpServerGaveUp \(critical, \d+ s\), /);
      expect((await daemon.status()).daemon.alerts).toHaveLength(10);

      daemon.rewriteConfig(all(), settings);
      daemon.child.kill('SIGHUP');
      await waitFor(() => serversOf(told(), 'resolved').length >= 10, {
        timeout: 60_000,
        what: 'their recovery',
      });
      expect(serversOf(told(), 'resolved')).toEqual(NAMES);
      expect(told().at(-1)?.title).toMatch(/resolved/);
      expect(told().length).toBeLessThanOrEqual(MAX_IN_WINDOW);
      expect((await daemon.status()).daemon.alerts).toEqual([]);

      const sent = 'mcp_watchdog_notifications_total{channel="command"}';
      await waitFor(async () => (await daemon.metric(sent)) === told().length, { what: 'the metric' });
      const grouped = 'mcp_watchdog_notifications_suppressed_total{channel="command",reason="grouped"}';
      expect(await daemon.metric(grouped)).toBe(20 - told().length);
      const log = readFileSync(join(home, 'logs', 'alerts.log'), 'utf8')
        .trimEnd()
        .split('\n');
      expect(log.filter((line) => / firing critical McpServerGaveUp s\d: /.test(line))).toHaveLength(10);
      expect(log.filter((line) => / resolved critical McpServerGaveUp s\d: /.test(line))).toHaveLength(10);
      const journal = await daemon.journal('alert');
      expect(journal.filter(({ name }) => name === 'McpServerGaveUp')).toHaveLength(20);
    },
  );

  test('what was told before a kill -9 is not told again after it', { timeout: 180_000 }, async () => {
    const { home } = tempHome();
    const { settings, told } = appender(home);
    const first = await startBroken(home, settings);
    await waitFor(() => serversOf(told(), 'firing').length >= 10, {
      timeout: 60_000,
      what: 'all to be told',
    });
    // Killed before this is on the disk, they would be told twice rather than never.
    await waitFor(() => /"outbox":\[\]/u.test(readFileSync(join(home, 'run', 'state.json'), 'utf8')), {
      what: 'the record that they were told',
    });
    await first.stop('SIGKILL');
    const before = told().length;

    const second = await startBroken(home, settings);
    expect(
      (await second.status()).daemon.alerts.filter(({ name }) => name === 'McpServerGaveUp'),
    ).toHaveLength(10);
    // An operator ends it: the first thing that is new.
    expect(second.run('stop', ...NAMES).code).toBe(0);
    await waitFor(() => serversOf(told(), 'resolved').length >= 10, { timeout: 60_000, what: 'the end' });
    expect(serversOf(told(), 'firing')).toEqual(NAMES);
    expect(
      told()
        .slice(before)
        .every(({ status }) => status === 'resolved'),
    ).toBe(true);
  });
});

test(
  'notify test goes through the daemon, with the channels of the config as it is now',
  { timeout: 60_000 },
  async () => {
    const { home } = tempHome();
    const { settings, told } = appender(home);
    const daemon = await startDaemon({ a: fixture() }, { home, more: settings });
    const good = daemon.run('notify', 'test');
    expect(good).toMatchObject({ code: 0, out: 'command (append): handed over to append\n' });
    expect(told()).toMatchObject([{ kind: 'test', status: 'test' }]);

    daemon.rewriteConfig(
      { a: fixture() },
      { alerts: { evaluateEvery: '1s', notify: [{ kind: 'command', command: ['/nowhere/tell'] }] } },
    );
    daemon.child.kill('SIGHUP');
    await waitFor(() => daemon.output().split('Configuration loaded').length > 2, { what: 'the reload' });
    const bad = daemon.run('notify', 'test');
    expect(bad.code).toBe(1);
    expect(bad.out).toContain('command (tell): not sent, missing_program');
    expect(bad.out).toContain('Correct the command of this channel');
    const json = daemon.run('notify', 'test', '--json');
    expect(JSON.parse(json.out).data).toMatchObject({
      through: 'daemon',
      channels: [{ outcome: { result: 'failed' } }],
    });
    const failed = 'mcp_watchdog_notifications_failed_total{channel="command",reason="missing_program"}';
    await waitFor(async () => (await daemon.metric(failed)) === 2, { what: 'the metric' });
    await waitFor(
      async () => (await daemon.status()).daemon.alerts[0]?.name === 'McpWatchdogNotificationsFailing',
    );
  },
);
