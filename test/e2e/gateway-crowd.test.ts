// Many clients of one server at once, all with the same ids, and one among them that reads nothing of what it gets.
import { connect } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startShim } from '../fakes/shim.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { connectV1, gatewayPlace, toolsServer } from './gateway-clients.ts';

// Daemons, servers and clients are processes of their own.
vi.setConfig({ testTimeout: 180_000 });

const CLIENTS = 100;
const SHIMS = 8;
const pidIn = (text: string): number => Number(text.split(' ')[0]);

it('100 clients each get their own answers and their own progress, also over a death of the server', async () => {
  const { spec, calls } = toolsServer();
  const { start, url } = await gatewayPlace();
  const daemon = await start({ s: spec });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectV1(url('s'))));
  // Every client numbers its requests from 0, and takes these numbers as tokens of progress.
  const told = await Promise.all(
    clients.map(async ({ client }, index) => {
      const seen: number[] = [];
      const given = { name: 'progress', arguments: { steps: (index % 3) + 1 } };
      const onprogress = ({ progress }: { progress: number }): void => void seen.push(progress);
      await client.callTool(given, undefined, { onprogress });
      return seen.length;
    }),
  );
  expect(told).toEqual(clients.map((_, index) => (index % 3) + 1));

  const before = pidIn((await clients[0]?.call('read')) ?? '');
  const reads = clients.map(({ call }, index) => call('read', { text: `r${index}`, delay: 3_000 }));
  await waitFor(() => calls().length >= 2 * CLIENTS + 1, { timeout: 60_000, what: 'all reads to arrive' });
  process.kill(before, 'SIGKILL');
  const answers = await Promise.all(reads);
  expect(answers.map((text) => text.split(' ')[1])).toEqual(clients.map((_, index) => `r${index}`));
  const { restarts } = await daemon.until('s', 'the restart', (server) => server.restarts.signal > 0);
  expect(restarts.signal).toBe(1);
  const sessions = 'mcp_watchdog_gateway_sessions{server="s"}';
  await waitFor(async () => (await daemon.metric(sessions)) === CLIENTS, { what: 'the number of sessions' });
});

it('a client that reads nothing delays nobody, and keeps no request under way', async () => {
  const { spec } = toolsServer();
  const { start, url } = await gatewayPlace();
  const daemon = await start({ s: spec });
  const { call } = await connectV1(url('s'));
  const pid = pidIn(await call('read'));
  const deaf = await openDeaf(url('s'));
  // Far beyond what sockets hold; what is left of it is dropped after a minute.
  deaf.ask(6, 8 * 1024 * 1024);
  for (let number = 0; number < 50; number += 1)
    expect(await call('read', { text: `${number}` })).toBe(`${pid} ${number}`);
  const busy = ['in_flight', 'queued'].map((what) => `mcp_watchdog_gateway_requests_${what}{server="s"}`);
  await waitFor(
    async () => (await Promise.all(busy.map((name) => daemon.metric(name)))).every((n) => n === 0),
    {
      timeout: 45_000,
      what: 'nothing to be under way',
    },
  );
  expect(await call('read', { text: 'after' })).toBe(`${pid} after`);
});

it('shims that start at once are all served by one process, and leave nothing', async () => {
  const { spec } = toolsServer();
  const { start } = await gatewayPlace();
  const daemon = await start({ s: spec });
  const shims = Array.from({ length: SHIMS }, () => startShim(daemon.home, 's'));
  await Promise.all(shims.map((shim) => shim.greet()));
  for (const shim of shims)
    shim.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: {} } });
  const answers = await Promise.all(shims.map(async (shim) => JSON.stringify(await shim.answer(1))));
  expect(new Set(answers).size).toBe(1);
  for (const { child } of shims) child.stdin.end();
  expect(new Set(await Promise.all(shims.map(({ exit }) => exit)))).toEqual(new Set([0]));
  const sessions = 'mcp_watchdog_gateway_sessions{server="s"}';
  // Sessions of shims end with them.
  await waitFor(async () => (await daemon.metric(sessions)) === 0, { timeout: 60_000, what: 'no session' });
});

/** A session whose connections never read. */
async function openDeaf(url: URL) {
  const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'deaf', version: '1' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const greeting = await fetch(url, { method: 'POST', headers, body });
  const session = greeting.headers.get('mcp-session-id') ?? '';
  return {
    /** Asks for `count` answers of `bytes`. */
    ask(count: number, bytes: number): void {
      for (let id = 1; id <= count; id += 1) {
        const given = { name: 'big', arguments: { bytes } };
        const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: given });
        const socket = connect(Number(url.port), '127.0.0.1');
        onTestFinished(() => void socket.destroy());
        socket.on('error', () => undefined);
        socket.pause();
        const head = [
          `POST ${url.pathname} HTTP/1.1`,
          `Host: ${url.host}`,
          `Mcp-Session-Id: ${session}`,
          `Accept: ${headers.accept}`,
          'Content-Type: application/json',
          `Content-Length: ${Buffer.byteLength(text)}`,
        ];
        socket.write(`${head.join('\r\n')}\r\n\r\n${text}`);
      }
    },
  };
}
