// Suspended daemon: the gap counts as sleep of the machine, not as an outage of the servers.
import { expect, test } from 'vitest';
import { TICK } from '../../src/system/time/tick.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture } from './daemon.ts';
import { connectV1, gatewayPlace, toolsServer } from './gateway-clients.ts';

/** Beyond the heartbeat and the threshold from which on a gap is a sleep, ms. */
const SLEEP = TICK + 10_500;

test(
  'a daemon that is stopped and continued counts one sleep and restarts nobody',
  { timeout: 90_000 },
  async () => {
    const { spec, calls } = toolsServer();
    const { start, url } = await gatewayPlace();
    const daemon = await start({ a: fixture(), b: fixture(), tools: spec });
    const { client, call } = await connectV1(url('tools'));
    let news = 0;
    const { ToolListChangedNotificationSchema } = await import('@modelcontextprotocol/sdk/types.js');
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (news += 1));
    const before = [await daemon.up('a'), await daemon.up('b')];
    const wakeUps = 'mcp_watchdog_system_wakeups_total';
    expect(await daemon.metric(wakeUps)).toBe(0);

    const asked = call('read', { text: 'over the sleep', delay: SLEEP / 2 });
    await waitFor(() => calls().includes('read over the sleep'), { what: 'the call' });
    daemon.child.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await waitFor(() => performance.now() - stoppedAt > SLEEP, { timeout: 2 * SLEEP });
    daemon.child.kill('SIGCONT');

    await waitFor(async () => (await daemon.metric(wakeUps)) === 1, { what: 'the sleep to be counted' });
    // Streams that were open are open: what was asked before is answered, and news arrive.
    expect(await asked).toMatch(/ over the sleep$/);
    await call('more');
    await waitFor(() => news > 0, { what: 'the news of another tool' });
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
