// Config reload in a running daemon: an invalid config is reported and changes nothing, a valid one only what it says.
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRunning, startGroup } from '../fakes/processes.ts';
import { sharedHome, tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture as probed, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

/** Probes that a busy machine misses restart nobody here. */
const fixture = (args: readonly string[] = [], more: Settings = {}): Settings =>
  probed(args, { probe: { interval: '500ms', timeout: '1s', failures: 9 }, ...more });

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
  { timeout: 180_000 },
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

test('a good config touches only what changed in it', { timeout: 180_000 }, async () => {
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
    live: fixture([], { probe: { interval: '700ms', timeout: '1s', failures: 9 } }),
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
  await waitFor(() => !isRunning(removed.pid ?? 0), { what: 'the end of the removed server' });
  expect(await daemon.metrics()).not.toContain('server="removed"');
  expect(await daemon.metric('mcp_watchdog_servers_configured')).toBe(4);
});

const TOLD = { good: 'Configuration loaded', bad: 'Configuration refused' } as const;

/** How often the daemon has said that it took a config over, or did not. */
function told(daemon: RunningDaemon, outcome: keyof typeof TOLD): number {
  return daemon.output().split(TOLD[outcome]).length - 1;
}

/** A config is read twice and two seconds apart before it is refused, each time by a process of its own. */
const PATIENTLY = { timeout: 60_000, longestPause: 150 };

describe('a config that is saved', { timeout: 240_000 }, () => {
  test('is taken over without being asked, however it was written', async () => {
    const daemon = await startDaemon({ a: fixture(), b: fixture() });
    const [a, b] = [await daemon.up('a'), await daemon.up('b')];
    const config = `${daemon.home}/config.yaml`;

    // Touched, and written again as it was: no news.
    utimesSync(config, 1, 1);
    daemon.rewriteConfig({ a: fixture(), b: fixture() });
    // In two halves, with a pause in which it is wrong.
    writeFileSync(config, 'servers: {a: {command:');
    await new Promise((resolve) => setTimeout(resolve, 700));
    daemon.rewriteConfig({ a: fixture(), b: fixture([], { env: { COLOUR: 'red' } }) });
    const changed = await daemon.until(
      'b',
      'restarted',
      ({ run, health }) => run === 2 && health.up === true,
    );
    expect(changed.lastRestart).toMatchObject({ reason: 'config' });
    expect([told(daemon, 'good'), told(daemon, 'bad')]).toEqual([2, 0]);

    // Replaced by renaming, as editors do.
    renameSync(config, `${config}~`);
    daemon.rewriteConfig({ a: fixture(), c: fixture() });
    await waitFor(async () => (await daemon.status()).servers.some(({ name }) => name === 'c'), PATIENTLY);
    await daemon.up('c');
    expect((await daemon.server('a')).pid).toBe(a.pid);
    expect(b.run).toBe(1);
    expect(await daemon.metric('mcp_watchdog_servers_configured')).toBe(2);
    expect(told(daemon, 'bad')).toBe(0);
  });

  test('and is wrong, or is gone, is told once; the old one stays until it is mended', async () => {
    const daemon = await startDaemon({ a: fixture() });
    const { pid } = await daemon.up('a');
    const config = `${daemon.home}/config.yaml`;
    writeFileSync(config, 'servers: [');
    await waitFor(() => told(daemon, 'bad') === 1, { ...PATIENTLY, what: 'the refusal' });
    rmSync(config);
    await waitFor(() => told(daemon, 'bad') === 2, { ...PATIENTLY, what: 'the second refusal' });
    expect((await daemon.status()).daemon.config.error).toContain('there is no such file');
    daemon.rewriteConfig({ a: fixture() });
    await waitFor(async () => (await daemon.status()).daemon.config.ok, {
      ...PATIENTLY,
      what: 'the mended config',
    });
    expect(await daemon.server('a')).toMatchObject({ pid, run: 1 });
    expect(told(daemon, 'bad')).toBe(2);
  });

  test('may be a link, and name an envFile that is written later', async () => {
    const { home } = tempHome();
    mkdirSync(`${home}/elsewhere`);
    symlinkSync(`${home}/elsewhere/real.yaml`, `${home}/config.yaml`);
    writeFileSync(`${home}/elsewhere/b.env`, 'COLOUR=red', { mode: 0o600 });
    const envFile = (name: string) => fixture([], { envFile: `${home}/elsewhere/${name}.env` });
    const daemon = await startDaemon({ a: fixture(), b: envFile('b') }, { home });
    await daemon.up('a');
    await daemon.up('b');
    writeFileSync(`${home}/elsewhere/b.env`, 'COLOUR=blue', { mode: 0o600 });
    await daemon.until('b', 'restarted', ({ run }) => run === 2);
    daemon.rewriteConfig({ a: envFile('a'), b: envFile('b') });
    await waitFor(() => told(daemon, 'bad') === 1, { ...PATIENTLY, what: 'the missing envFile' });
    writeFileSync(`${home}/elsewhere/a.env`, 'COLOUR=green', { mode: 0o600 });
    await daemon.until('a', 'restarted', ({ run }) => run === 2);
    expect((await daemon.server('b')).run).toBe(2);
  });
});

/** A fiftieth of the time after which the daemon takes a file over: a busy machine makes it longer, and a process for each touch would make it busy. */
const TOUCHING = `const { utimesSync } = require('node:fs');
// Above all others where that is allowed: it must not be late by the time that it keeps the daemon waiting.
try { require('node:os').setPriority(-15); } catch {}
const pause = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  utimesSync(process.argv[1], new Date(), new Date());
  Atomics.wait(pause, 0, 0, 10);
}`;

/** Ms. */
const LONGEST_LOOK = 250;

/** Somebody who does not leave the config alone: it is taken over only when that is asked for. */
async function keepTouching({ home }: RunningDaemon): Promise<() => void> {
  const path = `${home}/config.yaml`;
  const touched = (): number => statSync(path).mtimeMs;
  const before = touched();
  const restless = startGroup([process.execPath, '--eval', TOUCHING, path]);
  const first = await waitFor(() => touched() > before && touched(), { what: 'the first touch' });
  // A look at the config that was under way by then has ended: it would see what the test writes next.
  await waitFor(() => touched() > first + LONGEST_LOOK, { what: 'the touches after it' });
  return () => void process.kill(-restless.pid, 'SIGKILL');
}

describe('mcp-watchdog reload', { timeout: 180_000 }, () => {
  test('says what it did; --dry-run says it without doing it', async () => {
    const daemon = await startDaemon({ same: fixture(), old: fixture(['--tools', '3']), b: fixture() });
    const [same, b] = [await daemon.up('same'), await daemon.up('b')];
    const leaveAlone = await keepTouching(daemon);
    daemon.rewriteConfig({
      same: fixture([], { probe: { interval: '600ms', timeout: '1s', failures: 9 } }),
      new: fixture(['--tools', '3']),
      b: fixture([], { env: { API_KEY: 'sk-0123456789' } }),
    });
    const dry = daemon.run('reload', '--dry-run');
    const json = daemon.run('reload', '--dry-run', '--json');
    expect((await daemon.status()).servers.map(({ name }) => name)).toEqual(['same', 'old', 'b']);
    const real = daemon.run('reload');
    leaveAlone();

    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out.trimEnd().split('\n').slice(1)).toEqual([
      '  - old   is removed and stopped',
      '  ~ same  probe.interval: changes without a restart',
      '  ~ b     env: restarts',
      '  + new   is added',
      'new is old under another name: a new server, with fresh counters, log and package',
    ]);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: true,
      data: { isApplied: false, added: ['new'], removed: ['old'] },
    });
    expect(real).toMatchObject({ code: 0, out: expect.stringContaining('~ b     env: restarted') });
    for (const { out } of [dry, json, real]) expect(out).not.toContain('sk-0123456789');
    await daemon.until('b', 'restarted', ({ run }) => run === 2);
    expect(await daemon.server('same')).toMatchObject({ pid: same.pid, run: 1 });
    expect((await daemon.server('b')).pid).not.toBe(b.pid);
    expect(daemon.run('reload')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Nothing changed: the config was loaded (?:just now|.* ago)\n/u),
    });
  });

  test('takes over settings of the daemon at once where it can, and says where it cannot', async () => {
    const daemon = await startDaemon({ a: fixture() }, { more: { sampling: { interval: '10m' } } });
    await daemon.up('a');
    const { lastTickAt } = (await daemon.status()).daemon;
    const leaveAlone = await keepTouching(daemon);
    daemon.rewriteConfig(
      { a: fixture() },
      {
        sampling: { interval: '200ms' },
        metrics: { listen: '127.0.0.1:1' },
      },
    );
    const { out } = daemon.run('reload', '--json');
    leaveAlone();
    expect(JSON.parse(out).data.settings).toEqual({
      live: ['sampling.interval'],
      nextStart: ['metrics.listen'],
    });
    await waitFor(async () => ((await daemon.status()).daemon.lastTickAt ?? 0) > (lastTickAt ?? 0) + 1000, {
      what: 'more samples',
    });
    expect((await fetch(`${daemon.url}/-/healthy`)).status).toBe(200);
  });

  // In this order: the daemon goes on looking at a config that it refused, and would take over the next one by itself.
  describe('of one server', () => {
    let daemon: RunningDaemon;
    const shared = sharedHome();
    beforeAll(async () => {
      daemon = await startDaemon({ a: fixture() }, shared);
    });
    afterAll(() => shared.endAll());

    test('lets a living server have its new limits, log size, restart and probe settings', async () => {
      const { pid } = await daemon.up('a');
      const leaveAlone = await keepTouching(daemon);
      daemon.rewriteConfig({
        a: fixture([], {
          limits: { memory: { soft: '1MiB' } },
          logs: { maxSize: '64KiB', keep: 1 },
          restart: { policy: 'on-failure', budget: [{ restarts: 9, within: '1h' }] },
          probe: { interval: '300ms', timeout: '900ms', failures: 12 },
          stop: { grace: '2s' },
          start: { timeout: '20s' },
        }),
      });
      const { out } = daemon.run('reload');
      leaveAlone();
      expect(out).toContain('without a restart');
      const after = await daemon.until('a', 'over its new limit', ({ overLimit }) =>
        overLimit.includes('memory'),
      );
      expect(after).toMatchObject({ pid, run: 1, limits: { memory: { soft: 1024 ** 2 } } });
      expect(await daemon.metric('mcp_watchdog_probe_timeout_seconds{server="a",probe="ping"}')).toBeCloseTo(
        0.9,
      );
      expect(daemon.output().split('The config changed this server')).toHaveLength(2);
    });

    test('leaves a server alone that an operator has stopped, until it is asked for', async () => {
      await daemon.up('a');
      expect(daemon.run('stop', 'a').code).toBe(0);
      const leaveAlone = await keepTouching(daemon);
      daemon.rewriteConfig({ a: fixture([], { env: { COLOUR: 'red' } }) });
      const { out } = daemon.run('reload');
      leaveAlone();
      expect(out).toContain('it is down, so this takes effect at its next start');
      expect(await daemon.server('a')).toMatchObject({ state: 'stopped', desired: 'down' });
      expect(daemon.run('start', 'a').code).toBe(0);
      await daemon.up('a');
    });

    test('refuses a wrong config with every problem in it, exit code 2', async () => {
      const { pid } = await daemon.up('a');
      daemon.rewriteConfig({ a: { comand: ['x'], enabled: 'yes' }, b: { ...fixture(), dependsOn: ['c'] } });
      const { code, out, err } = daemon.run('reload');
      expect({ code, out }).toEqual({ code: 2, out: '' });
      for (const problem of ['servers.a.comand', 'servers.a.enabled', 'servers.b.dependsOn'])
        expect(err).toContain(problem);
      const json = daemon.run('reload', '--json');
      expect(json).toMatchObject({ code: 2, err: '' });
      expect(JSON.parse(json.out)).toMatchObject({
        ok: false,
        error: { code: 'CONFIG_INVALID', message: expect.stringContaining('servers.a.comand') },
      });
      expect(daemon.run('reload', '--dry-run').code).toBe(2);
      expect((await daemon.server('a')).pid).toBe(pid);
    });

    test('prints a circle of dependencies with everybody in it', async () => {
      await daemon.up('a');
      const after = (name: string) => fixture([], { dependsOn: [name] });
      daemon.rewriteConfig({ a: after('b'), b: after('c'), c: after('a') });
      for (const argv of [['reload'], ['config', 'validate']]) {
        const { code, err } = daemon.run(...argv);
        expect(code).toBe(2);
        expect(err).toMatch(/circle: (a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)/u);
      }
    });
  });
});
