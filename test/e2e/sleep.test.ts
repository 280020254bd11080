// Suspended daemon: the gap counts as sleep of the machine, not as an outage of the servers.
import { expect, test } from 'vitest';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, startDaemon } from './daemon.ts';

/** Beyond the heartbeat and the threshold from which on a gap is a sleep, ms. */
const SLEEP = 12_500;

test(
  'a daemon that is stopped and continued counts one sleep and restarts nobody',
  { timeout: 60_000 },
  async () => {
    const daemon = await startDaemon({ a: fixture(), b: fixture() });
    const before = [await daemon.up('a'), await daemon.up('b')];
    const wakeUps = 'mcp_watchdog_system_wakeups_total';
    expect(await daemon.metric(wakeUps)).toBe(0);

    daemon.child.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await waitFor(() => performance.now() - stoppedAt > SLEEP, { timeout: 2 * SLEEP });
    daemon.child.kill('SIGCONT');

    await waitFor(async () => (await daemon.metric(wakeUps)) === 1, { what: 'the sleep to be counted' });
    expect(await daemon.metric('mcp_watchdog_system_sleep_seconds_total')).toBeGreaterThan(8);
    const looksOf = async (name: string): Promise<number> =>
      (await daemon.metric(`mcp_watchdog_probes_total{server="${name}",probe="ping"}`)) ?? 0;
    const looks = await looksOf('a');
    await waitFor(async () => (await looksOf('a')) >= looks + 2, { what: 'more probes' });
    const after = [await daemon.server('a'), await daemon.server('b')];
    expect(after.map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
    expect(after.map(({ health }) => health.up)).toEqual([true, true]);
    expect(await daemon.metric(wakeUps)).toBe(1);
  },
);
