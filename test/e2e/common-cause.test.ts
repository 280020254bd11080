// Common-cause failures: when every server fails at once none is restarted, while a later single failure is.
import { expect, test } from 'vitest';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, startDaemon } from './daemon.ts';

test(
  'three servers that freeze together are left alone, and one that freezes alone is replaced',
  { timeout: 60_000 },
  async () => {
    const daemon = await startDaemon({ a: fixture(), b: fixture(), c: fixture() });
    const names = ['a', 'b', 'c'];
    const before = await Promise.all(names.map((name) => daemon.up(name)));
    const pids = before.map(({ pid }) => pid ?? 0);
    const signalAll = (signal: NodeJS.Signals): void => pids.forEach((pid) => process.kill(pid, signal));

    signalAll('SIGSTOP');
    await waitFor(async () => (await daemon.status()).daemon.braked, { what: 'the brake' });
    await Promise.all(names.map((name) => daemon.until(name, 'down', ({ health }) => health.up === false)));
    await waitFor(() => daemon.output().includes('Nearly all servers fail at once'), {
      what: 'the log line',
    });
    signalAll('SIGCONT');
    await Promise.all(names.map((name) => daemon.up(name)));
    const { servers, daemon: itself } = await daemon.status();
    expect(servers.map(({ pid, run }) => ({ pid, run }))).toEqual(pids.map((pid) => ({ pid, run: 1 })));
    expect(itself.braked).toBe(false);
    for (const name of names)
      expect(await daemon.metric(`mcp_watchdog_server_restarts_total{server="${name}",reason="probe"}`)).toBe(
        0,
      );

    process.kill(pids[0] ?? 0, 'SIGSTOP');
    await daemon.until('a', 'replaced', ({ run, health }) => run === 2 && health.up === true);
    expect(await daemon.metric('mcp_watchdog_server_restarts_total{server="a",reason="probe"}')).toBe(1);
    expect((await daemon.server('b')).pid).toBe(pids[1]);
  },
);
