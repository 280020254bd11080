// A config that changes under a running daemon: a bad one is told and changes nothing, a good one only what it says.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, type RunningDaemon, startDaemon } from './daemon.ts';

const SUCCESSFUL = 'mcp_watchdog_config_last_reload_successful';

async function reload(daemon: RunningDaemon, outcome: 0 | 1): Promise<void> {
  const sentence = outcome === 1 ? 'Configuration loaded' : 'Configuration refused';
  const told = daemon.output().split(sentence).length;
  daemon.child.kill('SIGHUP');
  await waitFor(() => daemon.output().split(sentence).length > told, { what: sentence });
  await waitFor(async () => (await daemon.metric(SUCCESSFUL)) === outcome, { what: 'the outcome' });
}

test(
  'a bad config is refused where everybody sees it, and the old one stays',
  { timeout: 60_000 },
  async () => {
    const daemon = await startDaemon({ a: fixture(), b: fixture() });
    const before = [await daemon.up('a'), await daemon.up('b')];
    expect(await daemon.metric(SUCCESSFUL)).toBe(1);
    const readAt = await daemon.metric('mcp_watchdog_config_last_reload_success_timestamp_seconds');

    daemon.rewriteConfig({ a: { comand: ['x'] } });
    expect(daemon.run('config', 'validate')).toMatchObject({
      code: 2,
      err: expect.stringContaining('comand'),
    });
    await reload(daemon, 0);
    const { config } = (await daemon.status()).daemon;
    expect(config).toMatchObject({ ok: false, error: expect.stringContaining('comand') });
    expect(daemon.run('status').out).toContain('comand');

    writeFileSync(`${daemon.home}/config.yaml`, 'servers: [');
    await reload(daemon, 0);
    expect([await daemon.server('a'), await daemon.server('b')].map(({ pid }) => pid)).toEqual(
      before.map(({ pid }) => pid),
    );
    expect(await daemon.metric('mcp_watchdog_servers_configured')).toBe(2);
    expect(await daemon.metric('mcp_watchdog_config_last_reload_success_timestamp_seconds')).toBe(readAt);

    daemon.rewriteConfig({ a: fixture(), b: fixture() });
    await reload(daemon, 1);
    expect((await daemon.status()).daemon.config).toMatchObject({ ok: true, error: null });
    expect((await daemon.server('a')).run).toBe(1);
  },
);

test('a good config touches only what changed in it', { timeout: 60_000 }, async () => {
  const daemon = await startDaemon({
    same: fixture(),
    live: fixture(),
    changed: fixture(),
    removed: fixture(),
  });
  const [same, live, changed, removed] = [
    await daemon.up('same'),
    await daemon.up('live'),
    await daemon.up('changed'),
    await daemon.up('removed'),
  ];
  daemon.rewriteConfig({
    same: fixture(),
    live: fixture([], { probe: { interval: '700ms', timeout: '1s', failures: 2 } }),
    changed: fixture([], { env: { COLOUR: 'red' } }),
    added: fixture(),
  });
  await reload(daemon, 1);
  await daemon.up('added');
  const after = await daemon.until(
    'changed',
    'restarted',
    ({ run, health }) => run === 2 && health.up === true,
  );
  expect(after).toMatchObject({ lastRestart: { reason: 'config' } });
  expect(after.pid).not.toBe(changed.pid);
  expect((await daemon.server('same')).pid).toBe(same.pid);
  expect((await daemon.server('live')).pid).toBe(live.pid);
  expect(await daemon.metric('mcp_watchdog_probe_interval_seconds{server="live",probe="ping"}')).toBeCloseTo(
    0.7,
  );
  expect(() => process.kill(removed.pid ?? 0, 0)).toThrow('ESRCH');
  expect(await daemon.metrics()).not.toContain('server="removed"');
  expect(await daemon.metric('mcp_watchdog_servers_configured')).toBe(4);
});
