import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shimCall } from '../../../src/commands/connect/shim-call.ts';
import { json, rpcError, scriptedGateway, type GatewayScript } from '../../fakes/scripted-gateway.ts';
import { startShim } from '../../fakes/shim.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const call = (id: string | number, name = 'write') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
});

async function stage(script: GatewayScript = {}) {
  const { home, run } = tempHome();
  const socket = join(run, 'gateway.sock');
  return { home, socket, gateway: await scriptedGateway(socket, script) };
}

describe('shimCall()', () => {
  it.each([
    [['connect', 'files'], { home: undefined, server: 'files' }],
    [['--home', '/h', 'connect', 'files'], { home: '/h', server: 'files' }],
    [['connect', 'files', '--home=/h', '--no-color'], { home: '/h', server: 'files' }],
  ])('recognises %j', (argv, expected) => expect(shimCall(argv)).toEqual(expected));

  it.each([
    [['status', 'connect']],
    [['connect']],
    [['connect', '']],
    [['connect', 'a', 'b']],
    [['connect', 'a', '--print', 'zed']],
    [['connect', '-h']],
    [['--home', '', 'connect', 'a']],
    [['connect', 'a', '--home']],
    [[]],
  ])('leaves %j to the parser', (argv) => expect(shimCall(argv)).toBeNull());
});

describe('connect', { timeout: 120_000 }, () => {
  it('greets, keeps the session, and hands on what the server says unasked', async () => {
    const { home, gateway } = await stage();
    const shim = startShim(home);
    await shim.greet();
    shim.send({ jsonrpc: '2.0', id: 7, method: 'tools/list' });
    expect((await shim.answer(7)).result).toEqual({ echo: 'tools/list' });
    await waitFor(() => gateway.hasStream());
    gateway.tell({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    await waitFor(() => shim.lines.some(({ method }) => method === 'notifications/tools/list_changed'));
    const listed = gateway.asked.find(({ body }) => body.method === 'tools/list');
    expect(listed).toMatchObject({
      path: '/files/mcp',
      headers: { 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-11-25' },
    });
  });

  it('sends the answer to a request of the server, and hands on the messages of a stream one by one', async () => {
    const { home, gateway } = await stage({
      answer({ body }, response) {
        if (body.method !== 'tools/call') return false;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const message of [
          { jsonrpc: '2.0', id: 'ask', method: 'elicitation/create', params: {} },
          { jsonrpc: '2.0', id: body.id, result: { content: [] } },
        ])
          response.write(`id: 1\ndata: ${JSON.stringify(message)}\n\n`);
        response.end();
        return true;
      },
    });
    const shim = startShim(home);
    await shim.greet();
    shim.send(call(1));
    await shim.answer(1);
    shim.send({ jsonrpc: '2.0', id: 'ask', result: { action: 'decline' } });
    await waitFor(() => gateway.asked.find(({ body }) => body.result !== undefined));
    expect(shim.lines.slice(-2).map(({ id }) => id)).toEqual(['ask', 1]);
  });

  it('writes the headers of the 2026-07-28 era, and ends an exchange to cancel it', async () => {
    const held: ServerResponse[] = [];
    const { home, gateway } = await stage({
      answer: ({ body }, response) => body.method === 'tools/call' && held.push(response) > 0,
    });
    const shim = startShim(home);
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    shim.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'größer', _meta } });
    const response = await waitFor(() => held[0]);
    const isClosed = new Promise((resolve) => response.once('close', resolve));
    expect(gateway.asked[0]?.headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': '=?base64?Z3LDtsOfZXI=?=',
    });
    expect(gateway.asked[0]?.headers).not.toHaveProperty('mcp-session-id');
    shim.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await isClosed;
    shim.send({ jsonrpc: '2.0', id: 2, method: 'server/discover', params: { _meta } });
    await shim.answer(2);
    expect(shim.lines.map(({ id }) => id)).toEqual([2]);
  });

  it('sends a cancellation of the legacy era after its request', async () => {
    const { home, gateway } = await stage({
      answer: ({ body }) => body.method === 'tools/call',
    });
    const shim = startShim(home);
    await shim.greet();
    shim.send(call(1), { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await waitFor(() => gateway.methods().includes('notifications/cancelled'));
    expect(gateway.methods().filter((method) => method !== 'GET')).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/call',
      'notifications/cancelled',
    ]);
  });

  it('fails a call when the daemon dies under it, and goes on with the next daemon unseen', async () => {
    const { home, socket, gateway } = await stage({ answer: ({ body }) => body.method === 'tools/call' });
    const shim = startShim(home);
    await shim.greet();
    shim.send({ jsonrpc: '2.0', id: 2, method: 'logging/setLevel', params: { level: 'error' } });
    shim.send({ jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri: 'a://b' } });
    await shim.answer(3);
    shim.send(call(4));
    await waitFor(() => gateway.methods().includes('tools/call'));
    await gateway.kill();
    expect((await shim.answer(4)).error).toMatchObject({
      code: -32_000,
      data: { reason: 'daemon_restarted', mayHaveRun: true },
    });
    // A key that was lost: the old session is unknown to the new daemon.
    const next = await scriptedGateway(socket, { session: 's2', unknown: ['s1'] });
    shim.send({ jsonrpc: '2.0', id: 5, method: 'tools/list' });
    expect((await shim.answer(5)).result).toEqual({ echo: 'tools/list' });
    expect(shim.lines.filter(({ id }) => typeof id === 'string')).toHaveLength(1);
    const said = next.asked.filter(
      ({ headers, method, body }) =>
        method === 'POST' && (body.method === 'initialize' || headers['mcp-session-id'] === 's2'),
    );
    expect(said.map(({ body }) => body.method)).toEqual([
      'initialize',
      'notifications/initialized',
      'logging/setLevel',
      'resources/subscribe',
      'tools/list',
    ]);
    await waitFor(() => next.hasStream());
  });

  it('sends a request that only reads again when the daemon dies under it', async () => {
    const { home, socket, gateway } = await stage({ answer: ({ body }) => body.method === 'tools/list' });
    const shim = startShim(home);
    await shim.greet();
    shim.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
    await waitFor(() => gateway.methods().includes('tools/list'));
    await gateway.kill();
    await scriptedGateway(socket);
    expect((await shim.answer(2)).result).toEqual({ echo: 'tools/list' });
  });

  it('answers with the error of the gateway, under the id of the request', async () => {
    const { home } = await stage({
      answer({ body }, response) {
        if (body.method === 'tools/list')
          json(response, rpcError(null, -32_600, 'too large'), { status: 413 });
        else if (body.method === 'prompts/list') response.writeHead(503).end();
        else return false;
        return true;
      },
    });
    const shim = startShim(home);
    await shim.greet();
    shim.send(
      { jsonrpc: '2.0', id: 2, method: 'tools/list' },
      { jsonrpc: '2.0', id: 3, method: 'prompts/list' },
    );
    expect((await shim.answer(2)).error).toEqual({ code: -32_600, message: 'too large' });
    expect((await shim.answer(3)).error).toMatchObject({ code: -32_000 });
    shim.child.stdin.write('not json\n');
    await waitFor(() => shim.lines.find(({ error }) => error?.code === -32_700));
  });

  it('answers what is under way at the end of the input, ends the session, and exits with 0', async () => {
    const held: ServerResponse[] = [];
    const { home, gateway } = await stage({
      answer: ({ body }, response) => body.method === 'tools/call' && held.push(response) > 0,
    });
    const shim = startShim(home);
    await shim.greet();
    shim.send(call(1), call(2));
    shim.child.stdin.end();
    const first = await waitFor(() => held[0]);
    json(first, { jsonrpc: '2.0', id: 1, result: {} });
    expect(await shim.exit).toBe(0);
    expect(shim.lines.map(({ id }) => id)).toEqual(['greeting', 1]);
    expect(gateway.methods().at(-1)).toBe('DELETE');
  });

  it('answers a client that becomes a busy one, and says nothing on stderr', async () => {
    const { home } = await stage();
    const shim = startShim(home);
    await shim.greet();
    const ids = Array.from({ length: 200 }, (_, index) => index + 1);
    shim.send(...ids.map((id) => ({ jsonrpc: '2.0', id, method: 'tools/list' })));
    for (const id of ids) expect((await shim.answer(id)).result).toEqual({ echo: 'tools/list' });
    // A flag that this Node does not know would stand here.
    expect(shim.stderr()).toBe('');
  });

  it('exits with 2 for a server that is not there, and names the nearest', async () => {
    const { home } = await stage();
    const shim = startShim(home, 'fils');
    expect(await shim.exit).toBe(2);
    expect(shim.stderr()).toContain('no server "fils"; did you mean files?');
  });

  it('waits for a daemon that holds the home and does not listen yet', async () => {
    const { acquireLock } = await import('../../../src/control/lock.ts');
    const { home, run } = tempHome();
    const lock = acquireLock(join(run, 'lock'));
    onTestFinished(() => void (lock.held && lock.release()));
    const shim = startShim(home);
    const greeted = shim.greet();
    await scriptedGateway(join(run, 'gateway.sock'));
    await greeted;
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends at once on %s', async (signal) => {
    const { home, gateway } = await stage({ answer: ({ body }) => body.method === 'tools/call' });
    const shim = startShim(home);
    await shim.greet();
    shim.send(call(1));
    await waitFor(() => gateway.methods().includes('tools/call'));
    shim.child.kill(signal);
    expect(await shim.exit).toBe(signal === 'SIGTERM' ? 143 : 130);
  });
});
