// Restarts of servers that exit, hang or leak, and the metrics that explain them.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/control/client.ts';
import { CONTEXT7, EVERYTHING } from '../fixtures/start.ts';
import { sharedHome } from '../fakes/temp-home.ts';
import { fixture, FIXTURE, freePort, httpFixture, QUICK, type RunningDaemon, startDaemon } from './daemon.ts';

const restarts = (server: string, reason: string): string =>
  `mcp_watchdog_server_restarts_total{server="${server}",reason="${reason}"}`;

describe('context7', { timeout: 180_000 }, () => {
  test('over HTTP, killed: is back within 2 s, counted, and answers as itself', async () => {
    const port = await freePort();
    const daemon = await startDaemon({
      context7: {
        command: [process.execPath, CONTEXT7],
        args: ['--transport', 'http', '--port', String(port)],
        transport: 'http',
        url: `http://127.0.0.1:${port}/mcp`,
        env: { OTEL_SDK_DISABLED: 'true' },
      },
    });
    const before = await daemon.up('context7');
    expect(before.handshake).toMatchObject({ era: 'modern', serverName: 'Context7' });
    process.kill(before.pid ?? 0, 'SIGKILL');
    const killedAt = Date.now();
    const after = await daemon.until(
      'context7',
      'another process',
      ({ pid, health }) => pid !== null && pid !== before.pid && health.up === true,
    );
    expect(after.since - killedAt).toBeLessThan(4000);
    expect(after).toMatchObject({ run: 2, lastRestart: { reason: 'signal', detail: 'signal SIGKILL' } });
    expect(await daemon.metric(restarts('context7', 'signal'))).toBe(1);
    expect(await daemon.metric('mcp_watchdog_server_up{server="context7"}')).toBe(1);
    expect(await daemon.metric('mcp_watchdog_server_last_exit_code{server="context7"}')).toBe(137);
  });

  test('over stdio, frozen: is found out and replaced', async () => {
    const daemon = await startDaemon({ context7: { command: [process.execPath, CONTEXT7], ...QUICK } });
    const before = await daemon.up('context7');
    process.kill(before.pid ?? 0, 'SIGSTOP');
    await daemon.until(
      'context7',
      'replaced',
      ({ pid, health }) => pid !== null && pid !== before.pid && health.up === true,
    );
    expect(await daemon.metric(restarts('context7', 'probe'))).toBe(1);
  });
});

test(
  'server-everything over stdio and Streamable HTTP is probed, measured and restarted',
  { timeout: 60_000 },
  async () => {
    const port = await freePort();
    const daemon = await startDaemon({
      pipe: { command: [process.execPath, EVERYTHING, 'stdio'], ...QUICK },
      web: {
        command: [process.execPath, EVERYTHING, 'streamableHttp'],
        transport: 'http',
        url: `http://127.0.0.1:${port}/mcp`,
        env: { PORT: String(port) },
        ...QUICK,
      },
    });
    const [pipe, web] = [await daemon.up('pipe'), await daemon.up('web')];
    await daemon.until('web', 'its tools', ({ tools }) => (tools ?? 0) >= 10);
    await daemon.until('pipe', 'its memory', ({ usage }) => (usage?.residentBytes ?? 0) > 20_000_000);
    process.kill(web.pid ?? 0, 'SIGSTOP');
    await daemon.until(
      'web',
      'replaced',
      ({ pid, health }) => pid !== null && pid !== web.pid && health.up === true,
    );
    expect((await daemon.server('pipe')).pid).toBe(pipe.pid);
  },
);

/** Says for three seconds that it downloads, then becomes what it is given. */
const DOWNLOADS = 'for i in 1 2 3; do echo "Preparing packages... ($i/3)" >&2; sleep 1; done; exec "$0" "$@"';

describe('a server that misbehaves', { timeout: 180_000 }, () => {
  describe('but lives', () => {
    const SERVERS: Readonly<Record<string, readonly string[]>> = {
      'answers everything with an error': ['--behaviour', 'errors'],
      'never answers ping, but lists its tools': ['--behaviour', 'no-ping'],
      'prints log lines between its messages': ['--behaviour', 'noise'],
      'cuts its messages in the middle of characters': ['--behaviour', 'split'],
      'answers twice, and to questions nobody asked': ['--behaviour', 'duplicate'],
      'ends at any request before the handshake': ['--behaviour', 'exit-before-init'],
      'speaks only the new protocol': ['--era', 'modern'],
      'asks its client questions': ['--behaviour', 'asks'],
    };
    const nameOf = (what: string): string => what.replaceAll(/\W+/gu, '-');
    let daemon: RunningDaemon;
    let endAll = (): Promise<void> => Promise.resolve();

    beforeAll(async () => {
      const servers = Object.entries(SERVERS).map(([what, args]) => [nameOf(what), fixture(args)]);
      const shared = sharedHome();
      endAll = shared.endAll;
      daemon = await startDaemon(Object.fromEntries(servers), shared);
    });
    afterAll(() => endAll());

    test.each(Object.keys(SERVERS))('stays up: %s', async (what) => {
      const name = nameOf(what);
      const { pid } = await daemon.up(name);
      await daemon.until(
        name,
        'five probes',
        ({ probes }) => (probes.ping?.at ?? probes.list_tools?.at ?? 0) > Date.now() - 400,
      );
      await daemon.until(name, 'a later probe', ({ since }) => Date.now() - since > 3000);
      expect(await daemon.server(name)).toMatchObject({ pid, state: 'running', health: { up: true } });
      expect((await daemon.server(name)).lastRestart).toBeNull();
    });
  });

  describe('alone', () => {
    /** One daemon for all; each test starts and stops a server of its own. */
    const SERVERS = {
      leak: fixture(['--behaviour', 'leak'], { limits: { memory: { soft: '80MiB', hard: '110MiB' } } }),
      stuck: fixture(['--behaviour', 'block']),
      hung: fixture(['--behaviour', 'backend-hung'], {
        probe: { interval: '500ms', timeout: '500ms', failures: 2, deepEvery: 2 },
      }),
      ends: fixture(['--behaviour', 'exit-at-once']),
      slow: fixture(['--behaviour', 'slow-start', '--delay', '4000']),
      download: {
        command: ['/bin/sh', '-c', DOWNLOADS, process.execPath, FIXTURE],
        ...QUICK,
        start: { timeout: '1s' },
      },
    };
    let daemon: RunningDaemon;
    const shared = sharedHome();

    beforeAll(async () => {
      const servers = Object.entries(SERVERS).map(([name, spec]) => [name, { ...spec, enabled: false }]);
      daemon = await startDaemon(Object.fromEntries(servers), shared);
    });
    afterAll(() => shared.endAll());

    async function start(name: keyof typeof SERVERS): Promise<void> {
      const client = await connect(`${daemon.home}/run/control.sock`);
      onTestFinished(async () => {
        await client.request('stop', { names: [name] }, { timeout: 60_000 });
        client.close();
      });
      await client.request('start', { names: [name] }, { timeout: 60_000 });
    }

    test('leaks until its hard limit, and is restarted for it', async () => {
      await start('leak');
      const before = await daemon.up('leak');
      const after = await daemon.until(
        'leak',
        'restarted',
        ({ lastRestart }) => lastRestart?.reason === 'memory',
        40_000,
      );
      expect(after.lastRestart?.detail).toMatch(
        /MiB (?:of proportional memory|resident|of footprint), more than 110MiB/,
      );
      expect(after.pid).not.toBe(before.pid);
      expect(await daemon.metric('mcp_watchdog_server_memory_limit_bytes{server="leak"}')).toBe(
        110 * 2 ** 20,
      );
    });

    test('has a stuck event loop: is replaced', async () => {
      await start('stuck');
      const before = await daemon.up('stuck');
      process.kill(before.pid ?? 0, 'SIGUSR2');
      await daemon.until(
        'stuck',
        'replaced',
        ({ pid, health }) => pid !== null && pid !== before.pid && health.up === true,
      );
      expect(await daemon.metric(restarts('stuck', 'probe'))).toBe(1);
    });

    test('hangs behind a proxy that still answers ping: is restarted, because the deep probe sees it', async () => {
      await start('hung');
      const { probes } = await daemon.until(
        'hung',
        'restarted',
        ({ lastRestart }) => lastRestart?.reason === 'probe',
      );
      expect(probes.list_tools?.ok).toBe(false);
    });

    test('exits with 0 again and again: gives up after five starts, loudly', async () => {
      await start('ends');
      const { lastFailure, nextAttemptAt, run } = await daemon.until(
        'ends',
        'crash looping',
        ({ state }) => state === 'crash_looping',
      );
      expect(run).toBe(5);
      expect(lastFailure?.code).toBe('EXITED_BEFORE_READY');
      expect((nextAttemptAt ?? 0) - Date.now()).toBeGreaterThan(200_000);
      expect(await daemon.metric('mcp_watchdog_server_state{server="ends",state="crash_looping"}')).toBe(1);
      expect(await daemon.metric('mcp_watchdog_server_restart_budget_remaining{server="ends"}')).toBe(0);
      expect(daemon.run('status').code).toBe(1);
    });

    test('takes its time to start: is waited for, not restarted', async () => {
      await start('slow');
      expect((await daemon.up('slow')).run).toBe(1);
    });

    test('downloads for longer than its timeout at its first start: is waited for', async () => {
      await start('download');
      await daemon.until(
        'download',
        'told of its download',
        ({ note }) => note?.includes('downloading') === true,
      );
      const { run, startFailures, note } = await daemon.up('download');
      expect({ run, startFailures, note }).toEqual({ run: 1, startFailures: 0, note: null });
    });
  });

  test('hops to another port because its own is taken: is not up', async () => {
    const port = await freePort();
    const daemon = await startDaemon({
      s: httpFixture(port, ['--behaviour', 'hop-port'], { start: { timeout: '3s' } }),
      thief: httpFixture(port, [], { enabled: false }),
    });
    const owner = await daemon.up('s');
    expect(daemon.run('start', 'thief')).toMatchObject({
      code: 1,
      err: expect.stringContaining(`port ${port} is held by`),
    });
    const thief = await daemon.until(
      'thief',
      'refused',
      ({ lastFailure }) => lastFailure?.code === 'PORT_IN_USE',
    );
    expect(thief.lastFailure?.message).toContain(`pid ${owner.pid}`);
    expect((await daemon.server('s')).pid).toBe(owner.pid);
  });

  test('answers on its port as somebody else: is not up', async () => {
    // The program listens elsewhere, while a stranger answers at the url: only the port's owner tells them apart.
    const port = await freePort();
    const other = await freePort();
    const hidden = fixture(['--transport', 'http', '--port', String(other)], {
      transport: 'http',
      url: `http://127.0.0.1:${port}/mcp`,
      start: { timeout: '4s' },
    });
    const daemon = await startDaemon({ s: hidden });
    const stranger = await startDaemon({ stranger: httpFixture(port) });
    await stranger.up('stranger');
    const s = await daemon.until('s', 'a failed start', ({ startFailures }) => startFailures > 0, 30_000);
    expect(s.health.up).not.toBe(true);
    expect(JSON.stringify(s)).toMatch(/held by pid|PORT_IN_USE|NOT_READY/);
  });
});

test('a server that is only watched is up or down, and never restarted', { timeout: 180_000 }, async () => {
  const port = await freePort();
  const owner = await startDaemon({ s: httpFixture(port) });
  await owner.up('s');
  const watcher = await startDaemon({
    far: { url: `http://127.0.0.1:${port}/mcp`, probe: { interval: '500ms', timeout: '500ms', failures: 2 } },
  });
  await watcher.until('far', 'up', ({ health, state }) => health.up === true && state === 'watched');
  await owner.stop();
  await watcher.until('far', 'down', ({ health }) => health.up === false);
  expect(await watcher.metric('mcp_watchdog_server_up{server="far"}')).toBe(0);
  expect(await watcher.metrics()).not.toContain('server_restarts_total{server="far"');
});
