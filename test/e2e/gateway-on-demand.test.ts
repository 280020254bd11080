// Servers on demand: stopped while nobody uses them, and started by the next call.
import { expect, it, vi } from 'vitest';
import { CLIENTS, gatewayPlace, toolsServer } from './gateway-clients.ts';

// Daemons, servers and clients are processes of their own.
vi.setConfig({ testTimeout: 180_000 });

it.each(Object.entries(CLIENTS))(
  'with %s a server starts at its first use, rests when nobody calls, and its lists wake nobody',
  async (_, connect) => {
    const { spec, calls } = toolsServer();
    const { start, url } = await gatewayPlace();
    // Longer than a busy machine takes between two calls.
    const daemon = await start({ s: { ...spec, start: { when: 'first-use' }, idle: { stopAfter: '4s' } } });
    await daemon.until('s', 'idle', ({ state }) => state === 'idle');
    expect(await daemon.server('s')).toMatchObject({ pid: null, run: 0, desired: 'up' });
    expect(await daemon.metric('mcp_watchdog_server_up{server="s"}')).toBe(1);
    expect(await daemon.metric('mcp_watchdog_server_desired_running{server="s"}')).toBe(0);
    expect(daemon.run('status').code).toBe(0);
    expect(daemon.run('check', 's').out).toContain('idle');

    // Nothing is known of it yet, so that its clients have to wait for it once.
    const client = await connect(url('s'));
    expect(await client.call('read', { text: 'a' })).toMatch(/ a$/);
    expect((await daemon.server('s')).run).toBe(1);
    await daemon.until('s', 'idle again', ({ state }) => state === 'idle');
    expect(daemon.run('status').out).toMatch(/idle/);

    const other = await connect(url('s'));
    expect(await other.tools()).toContain('read');
    expect(await daemon.server('s')).toMatchObject({ state: 'idle', run: 1 });
    expect(await other.call('read', { text: 'b' })).toMatch(/ b$/);
    expect(await client.call('read', { text: 'c' })).toMatch(/ c$/);
    expect((await daemon.server('s')).run).toBe(2);
    expect(calls()).toEqual(expect.arrayContaining(['read a', 'read b', 'read c']));
    expect((await daemon.server('s')).restarts).toMatchObject({ exit: 0, signal: 0, requested: 0 });

    await daemon.until('s', 'idle once more', ({ state }) => state === 'idle');
    expect(daemon.run('stop', 's').code).toBe(0);
    await expect(client.call('read', { text: 'd' })).rejects.toThrow(/not running/);
  },
);
