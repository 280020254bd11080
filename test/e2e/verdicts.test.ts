// Verdicts on servers that work for every client, and the end of retries where only a person can help.
import { describe, expect, test } from 'vitest';
import { waitFor } from '../fakes/wait-for.ts';
import { startHttp, stopAll } from '../fixtures/start.ts';
import { fixture, freePort, httpFixture, QUICK_ALERTS, startDaemon } from './daemon.ts';

const PROBE = { interval: '200ms', timeout: '300ms', failures: 2 };

describe('a server that works for every client', { timeout: 180_000 }, () => {
  test('is up although it forgets our session, answers its handshake slowly, or redirects', async () => {
    const forgetful = await startHttp(['--sessions', '--lost-status', '503']);
    const [slow, moved] = [await freePort(), await freePort()];
    const daemon = await startDaemon({
      forgetful: { url: forgetful.url, probe: PROBE },
      slow: httpFixture(slow, ['--behaviour', 'slow-handshake', '--delay', '800'], { probe: PROBE }),
      moved: httpFixture(moved, ['--behaviour', 'redirects'], { probe: PROBE }),
    });
    await daemon.until('forgetful', 'up', ({ health }) => health.up === true);
    for (const name of ['slow', 'moved']) await daemon.up(name);
    process.kill(forgetful.pid, 'SIGUSR1');
    await waitFor(async () => {
      const { initialized, sessions } = await forgetful.stats();
      return initialized === 2 && sessions === 1;
    });
    const failures = (await daemon.journal('health')).filter(({ health }) => health.up === false);
    expect(failures).toEqual([]);
    expect(await daemon.server('slow')).toMatchObject({ run: 1, health: { up: true } });
    expect(await daemon.server('moved')).toMatchObject({ run: 1, health: { up: true } });
    await stopAll();
  });

  test('but refuses our Host is not restarted, and says which url to write', async () => {
    const port = await freePort();
    const daemon = await startDaemon({ s: httpFixture(port, ['--behaviour', 'own-host']) });
    await daemon.until('s', 'the refusal', ({ health }) => health.wrongHost === true);
    expect(daemon.run('status').out).toMatch(/wrong host/u);
    expect(daemon.run('status', 's').out).toContain(`write its url as http://localhost:${port}/mcp`);
    expect(daemon.run('check', 's')).toMatchObject({ code: 0, out: expect.stringContaining('wrong host') });
    expect(await daemon.metric('mcp_watchdog_server_unauthorized{server="s"}')).toBe(1);
    expect(await daemon.metric('mcp_watchdog_server_up{server="s"}')).toBe(1);
  });
});

test(
  'a server that refuses each handshake alike is started three times, told of once, and waits',
  {
    timeout: 180_000,
  },
  async () => {
    // Time enough to refuse: a start that says nothing is another failure.
    const refusing = fixture(['--behaviour', 'refuse'], { start: { timeout: '8s' } });
    const daemon = await startDaemon({ s: refusing }, { more: QUICK_ALERTS });
    const waiting = await daemon.until('s', 'attention', ({ state }) => state === 'needs_attention', 120_000);
    expect(waiting.run).toBe(3);
    expect((waiting.nextAttemptAt ?? 0) - waiting.since).toBeGreaterThan(20 * 60_000);
    expect(await daemon.metric('mcp_watchdog_server_state{server="s",state="needs_attention"}')).toBe(1);
    await waitFor(async () =>
      (await daemon.status()).daemon.alerts.some(({ name }) => name === 'McpServerNeedsAttention'),
    );
    expect(daemon.run('status').out).toMatch(/needs attention/u);
    expect((await daemon.server('s')).run).toBe(3);
    daemon.run('start', 's');
    await daemon.until('s', 'another attempt', ({ run }) => run >= 4);
    daemon.rewriteConfig({ s: fixture() });
    expect((await daemon.up('s')).state).toBe('running');
  },
);
