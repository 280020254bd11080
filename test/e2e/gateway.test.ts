import { describe, expect, it, vi } from 'vitest';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, freePort } from './daemon.ts';
import { CLIENTS, connectV1, gatewayPlace, toolsServer } from './gateway-clients.ts';

// Daemons, servers and clients are processes of their own.
vi.setConfig({ testTimeout: 180_000 });

const pidIn = (text: string): number => Number(text.split(' ')[0]);

it.each(Object.entries(CLIENTS))(
  '%s goes on after kill -9 of the server and of the daemon, with servers of both eras',
  async (_, connect) => {
    const { spec, calls } = toolsServer();
    const { start, url } = await gatewayPlace();
    const servers = { s: spec, modern: toolsServer('--era', 'modern').spec };
    const daemon = await start(servers);
    const client = await connect(url('s'));
    expect(await client.tools()).toContain('read');
    const first = pidIn(await client.call('read', { text: 'a' }));
    process.kill(first, 'SIGKILL');
    const second = pidIn(await client.call('read', { text: 'b' }));
    expect(second).not.toBe(first);

    const interrupted = client.call('read', { text: 'c', delay: 2_000 });
    await waitFor(() => calls().includes('read c'), { what: 'the call to arrive' });
    process.kill(second, 'SIGKILL');
    expect(await interrupted).toMatch(/^\d+ c$/);
    expect(calls().filter((line) => line === 'read c')).toHaveLength(2);

    const other = await connect(url('modern'));
    process.kill(pidIn(await other.call('read', { text: 'a' })), 'SIGKILL');
    expect(await other.call('read', { text: 'b' })).toMatch(/^\d+ b$/);

    await daemon.stop('SIGKILL');
    await start(servers, daemon.home);
    expect(await client.call('read', { text: 'd' })).toMatch(/^\d+ d$/);
    expect(await other.call('read', { text: 'e' })).toMatch(/^\d+ e$/);
  },
);

describe('the gateway', () => {
  it('fails a write that a death cut off, and serves the reads beside it', async () => {
    const { spec, calls } = toolsServer();
    const { start, url } = await gatewayPlace();
    await start({ s: spec });
    const { call } = await connectV1(url('s'));
    const pid = pidIn(await call('read'));
    const write = call('write', { text: 'w', delay: 60_000 });
    const reads = [call('read', { text: 'r1', delay: 400 }), call('read', { text: 'r2', delay: 400 })];
    await waitFor(() => calls().includes('write w') && calls().includes('read r2'), { what: 'the calls' });
    const before = performance.now();
    process.kill(pid, 'SIGKILL');
    await expect(write).rejects.toMatchObject({
      code: -32000,
      data: { reason: 'server_restarted', mayHaveRun: true },
    });
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(await Promise.all(reads)).toEqual([expect.stringMatching(/ r1$/), expect.stringMatching(/ r2$/)]);
    expect(calls().filter((line) => line === 'write w')).toHaveLength(1);
  });

  it('lets calls end before a restart that was asked for', async () => {
    const { spec, calls } = toolsServer();
    const { start, url } = await gatewayPlace();
    const daemon = await start({ s: spec });
    const { call } = await connectV1(url('s'));
    const write = call('write', { text: 'w', delay: 1_000 });
    await waitFor(() => calls().includes('write w'), { what: 'the write' });
    await waitFor(async () => (await daemon.server('s')).state === 'running', { what: 'the server' });
    expect(daemon.run('restart', 's').code).toBe(0);
    const after = call('read', { text: 'r' });
    expect(pidIn(await write)).not.toBe(pidIn(await after));
  });

  it('tells a client of a changed list once, and of nothing when it is the same', async () => {
    const { spec } = toolsServer();
    const { start, url } = await gatewayPlace();
    await start({ s: spec });
    const { client, call } = await connectV1(url('s'));
    let changes = 0;
    const { ToolListChangedNotificationSchema } = await import('@modelcontextprotocol/sdk/types.js');
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1));
    process.kill(pidIn(await call('read')), 'SIGKILL');
    await call('read');
    await call('more');
    await waitFor(() => changes > 0, { what: 'the notification' });
    expect(changes).toBe(1);
  });

  it('passes on progress, cancels at the server, and asks the client on behalf of the server', async () => {
    const { spec, calls } = toolsServer();
    const { start, url } = await gatewayPlace();
    await start({ s: { ...spec, gateway: { capabilities: ['elicitation'] } } });
    const { client, call } = await connectV1(url('s'));
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }): void => void seen.push(progress);
    await client.callTool({ name: 'progress', arguments: { steps: 3 } }, undefined, { onprogress });
    expect(seen).toEqual([1, 2, 3]);

    const abort = new AbortController();
    const slow = client.callTool({ name: 'write', arguments: { text: 'x', delay: 5_000 } }, undefined, {
      signal: abort.signal,
    });
    await waitFor(() => calls().includes('write x'), { what: 'the call' });
    abort.abort();
    await expect(slow).rejects.toThrow();
    await waitFor(() => calls().includes('cancelled'), { what: 'the cancellation' });

    const { ElicitRequestSchema } = await import('@modelcontextprotocol/sdk/types.js');
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ada' } }));
    expect(await call('ask')).toContain('Ada');
  });

  it('passes on to http servers: their sessions are lost unseen, their deaths waited for', async () => {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}/mcp`;
    const web = { ...fixture(['--transport', 'http', '--port', String(port), '--sessions']), url: endpoint };
    const { start, url } = await gatewayPlace();
    await start({
      web,
      watched: { url: endpoint, gateway: { mode: 'shared' } },
      alone: { url: endpoint },
    });
    expect((await fetch(url('alone'))).status).toBe(404);
    const { tools } = await connectV1(url('web'));
    expect(await tools()).toEqual(['tool-0', 'tool-1']);
    const { pid } = JSON.parse(await (await fetch(`http://127.0.0.1:${port}/stats`)).text());
    process.kill(pid, 'SIGUSR1');
    expect(await tools()).toHaveLength(2);
    process.kill(pid, 'SIGKILL');
    expect(await tools()).toHaveLength(2);
    const watched = await connectV1(url('watched'));
    expect(await watched.tools()).toHaveLength(2);
  });

  it('starts beside a port that is taken, and leaves out servers that are not to be reached', async () => {
    const { spec } = toolsServer();
    const { start, url } = await gatewayPlace();
    await start({ s: spec, off: { ...spec, gateway: { mode: 'off' } } });
    expect((await fetch(url('off'))).status).toBe(404);
    const second = await start({ s: spec });
    expect((await second.server('s')).state).toMatch(/starting|running/);
  });
});
