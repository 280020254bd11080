// A server with a process for each session: apart from each other, bounded, counted, and ended with their sessions.
import { expect, it } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { startShim } from '../fakes/shim.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { leftOver } from './daemon.ts';
import { CLIENTS, connectV1, gatewayPlace, toolsServer } from './gateway-clients.ts';

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
  const third = await connect(url('s'));
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
