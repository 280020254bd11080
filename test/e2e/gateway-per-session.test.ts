// A server with a process for each session: apart from each other, bounded, counted, and ended with their sessions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { startShim } from '../fakes/shim.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { leftOver } from './daemon.ts';
import { CLIENTS, connectV1, gatewayPlace, toolsServer } from './gateway-clients.ts';

// Daemons, servers and clients are processes of their own.
vi.setConfig({ testTimeout: 180_000 });

const pidIn = (text: string): number => Number(text.split(' ')[0]);

it.each(Object.entries(CLIENTS))('%s has a process of its own', async (_, connect) => {
  const { spec } = toolsServer();
  const { start, url } = await gatewayPlace();
  const daemon = await start({ s: { ...spec, gateway: { mode: 'per-session', maxInstances: 2 } } });
  const [one, other] = [await connect(url('s')), await connect(url('s'))];
  const pids = await Promise.all([one, other].map(async ({ call }) => pidIn(await call('read'))));
  const { pid } = await daemon.server('s');
  expect(new Set([...pids, pid]).size).toBe(3);
  expect(pidIn(await one.call('read'))).toBe(pids[0]);
  await expect(connect(url('s'))).rejects.toThrow(/processes of this server/);

  process.kill(pids[0] ?? 0, 'SIGKILL');
  await waitFor(async () => (await one.call('read').catch(() => null)) === null, {
    what: 'the end of the session',
  });
  expect(pidIn(await other.call('read'))).toBe(pids[1]);
  // Its place is free once the whole of it is gone.
  const third = await waitFor(() => connect(url('s')).catch(() => null), { what: 'a place for a third' });
  expect(pids).not.toContain(pidIn(await third.call('read')));
});

it('ends with its session, with a restart and with the daemon, and is counted with its server', async () => {
  const { spec } = toolsServer();
  const { start, url } = await gatewayPlace();
  const settings = { s: { ...spec, gateway: { mode: 'per-session' } } };
  const daemon = await start(settings);
  const before = await daemon.until('s', 'a sample', ({ usage }) => usage?.processes === 1);
  expect(before.usage?.processes).toBe(1);
  const first = await connectV1(url('s'));
  const second = await connectV1(url('s'));
  const [one, two] = [pidIn(await first.call('read')), pidIn(await second.call('read'))];
  await daemon.until('s', 'the sum', ({ usage }) => usage?.processes === 3);
  const session = await openSession(url('s'));
  const mine = await session.pid();
  expect((await session.end()).status).toBe(204);
  await waitFor(() => !isRunning(mine), { what: 'the process of the ended session' });
  expect((await session.ask('ping')).status).toBe(404);

  expect(daemon.run('restart', 's').code).toBe(0);
  await waitFor(() => !isRunning(one) && !isRunning(two), { what: 'the end of all processes' });
  const last = await openSession(url('s'));
  const pid = await last.pid();
  await daemon.stop('SIGKILL');
  await waitFor(() => !isRunning(pid), { what: 'the guardian' });
  const next = await start(settings, daemon.home);
  expect((await last.ask('ping')).status).toBe(404);
  await next.stop('SIGTERM');
  expect(await leftOver(next.home)).toEqual([]);
});

it('ends the shim of a client with its process', async () => {
  const { spec } = toolsServer();
  const { start } = await gatewayPlace();
  const daemon = await start({ s: { ...spec, gateway: { mode: 'per-session' } } });
  const shim = startShim(daemon.home, 's');
  await shim.greet();
  shim.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: {} } });
  const [, pid] = /"text":"(\d+) /u.exec(JSON.stringify(await shim.answer(1))) ?? [];
  process.kill(Number(pid), 'SIGKILL');
  expect(await shim.exit).toBe(1);
  expect(shim.stderr()).toContain('the process of this session has ended');
});

it('ends all sessions when the sum of their processes is too much, tells why, and shows them while they live', async () => {
  const { spec } = toolsServer('--noise');
  const { start, url } = await gatewayPlace();
  const limits = { memory: { soft: null, hard: '500MiB' } };
  const daemon = await start({ s: { ...spec, limits, gateway: { mode: 'per-session' } } });
  const [one, other] = [await openSession(url('s')), await openSession(url('s'))];
  const pids = [await one.pid(), await other.pid()];
  expect(daemon.run('status', 's').out).toMatch(/own processes +2: pid \d+, up /);
  const [shown] = JSON.parse(daemon.run('status', 's', '--json').out).data.servers;
  expect(shown.beside.map(({ kind, pid }: { kind: string; pid: number }) => [kind, pid])).toEqual(
    pids.map((pid) => ['instance', pid]),
  );
  const gauge = (): Promise<number | undefined> =>
    daemon.metric('mcp_watchdog_gateway_instances{server="s"}');
  await waitFor(async () => (await gauge()) === 2, { what: 'the gauge' });
  const log = (): string => readFileSync(join(daemon.home, 'logs/servers/s.log'), 'utf8');
  await waitFor(() => log().split('half a character').length > 4, { what: 'their noise in the log' });

  // Neither of them is over the limit alone.
  const bytes = 250 * 1024 * 1024;
  for (const { ask } of [one, other])
    await (await ask('tools/call', { name: 'hold', arguments: { bytes } })).text();
  const { lastRestart } = await daemon.until('s', 'a restart', ({ restarts }) => restarts.memory > 0, 60_000);
  expect(lastRestart?.detail).toContain('more than 500MiB');
  await waitFor(() => pids.every((pid) => !isRunning(pid)), { timeout: 60_000, what: 'the end of both' });
  for (const { ask } of [one, other]) expect((await ask('ping')).status).toBe(404);
  await waitFor(async () => (await gauge()) === 0, { timeout: 60_000, what: 'the gauge' });
});

it('comes and goes with the config: sessions of one mode mean nothing in the other', async () => {
  const { spec } = toolsServer();
  const { start, url } = await gatewayPlace();
  const settings = (mode: string) => ({ s: { ...spec, gateway: { mode } } });
  const daemon = await start(settings('shared'));
  let last = await openSession(url('s'));
  for (const mode of ['per-session', 'shared']) {
    const before = await last.pid();
    const { pid: main } = await daemon.server('s');
    // A saved config is read by itself.
    daemon.rewriteConfig(settings(mode), { gateway: { listen: url('s').host } });
    await waitFor(() => !isRunning(before), { timeout: 60_000, what: 'the end of the process' });
    expect((await last.ask('ping')).status).toBe(404);
    const { pid } = await daemon.until(
      's',
      'up with the next mode',
      (server) => server.pid !== main && server.state === 'running' && server.health.up === true,
    );
    last = await openSession(url('s'));
    expect((await last.pid()) === pid).toBe(mode === 'shared');
  }
});

/** A session without an SDK, which would hide that it begins anew. */
async function openSession(url: URL) {
  let id = 0;
  const headers: Record<string, string> = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
  };
  const ask = (method: string, params: object = {}): Promise<Response> => {
    id += 1;
    return fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
    });
  };
  const info = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
  const greeting = await ask('initialize', info);
  headers['mcp-session-id'] = greeting.headers.get('mcp-session-id') ?? '';
  return {
    ask,
    async pid(): Promise<number> {
      const text = await (await ask('tools/call', { name: 'read', arguments: {} })).text();
      return Number(/"text":"(\d+) /u.exec(text)?.[1]);
    },
    end: () => fetch(url, { method: 'DELETE', headers }),
  };
}
