import { afterEach, describe, expect, it } from 'vitest';
import { EVERYTHING, freePort, start, startHttp, stopAll } from '../../fixtures/start.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { deadline, sessionOf } from '../../probes/session.ts';
import { specOf } from '../../fakes/spec.ts';

afterEach(stopAll);

const passed = { outcome: 'passed', took: expect.any(Number) };

function sseSession(url: string) {
  return sessionOf(specOf({ transport: 'sse', url }));
}

describe('the HTTP+SSE transport of 2024-11-05', () => {
  it('is greeted, looked at over one stream, and left by closing it', async () => {
    const server = await startHttp(['--transport', 'sse']);
    const session = sseSession(server.url);
    expect(await session.connect(deadline())).toEqual(passed);
    expect(session.handshakes).toMatchObject([{ era: 'legacy', protocolVersion: '2024-11-05' }]);
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(await session.probe('full', deadline())).toMatchObject([
      { probe: 'list_tools', result: { tools: 2 } },
    ]);
    expect(await server.stats()).toMatchObject({ sessions: 1, requests: { initialize: 1 } });
    await session.close(deadline());
    await waitFor(async () => (await server.stats()).deleted === 1, { what: 'the stream to be closed' });
  });

  it('is greeted again when the stream was lost', async () => {
    const session = sseSession((await startHttp(['--transport', 'sse'])).url);
    await session.connect(deadline());
    session.http.dropSockets();
    await waitFor(
      async () => (await session.probe('liveness', deadline())).at(-1)?.result.outcome === 'passed',
    );
    expect(session.handshakes).toHaveLength(2);
  });

  it('is greeted again when the endpoint no longer knows the session, before that counts', async () => {
    const server = await startHttp(['--transport', 'sse']);
    const session = sseSession(server.url);
    await session.connect(deadline());
    await session.probe('liveness', deadline());
    process.kill(server.pid, 'SIGUSR1');
    await waitFor(async () => (await server.stats()).sessions === 0);
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(session.handshakes).toHaveLength(2);
  });

  it.each([301, 302, 307, 308])('follows a redirect %i of its stream within the origin', async (status) => {
    const flags = ['--behaviour', 'redirects', '--redirect-status', String(status)];
    const server = await startHttp(['--transport', 'sse', ...flags]);
    const session = sseSession(server.url);
    expect(await session.connect(deadline())).toEqual(passed);
    expect(await session.probe('full', deadline())).toMatchObject([{ result: passed }]);
  });

  it('answers no more pings at once than it has room for', async () => {
    const server = await startHttp(['--transport', 'sse', '--behaviour', 'ping-flood']);
    const session = sseSession(server.url);
    expect(await session.connect(deadline())).toEqual(passed);
    expect(await session.probe('full', deadline())).toMatchObject([{ result: passed }]);
    const { replies } = await server.stats();
    expect(replies).toBeGreaterThan(0);
    expect(replies).toBeLessThan(5_000);
  });

  it('is found frozen', async () => {
    const server = await startHttp(['--transport', 'sse']);
    const session = sseSession(server.url);
    await session.connect(deadline());
    process.kill(server.pid, 'SIGSTOP');
    expect((await session.probe('liveness', deadline(300))).map(({ result }) => result)).toMatchObject([
      { outcome: 'failed', reason: 'timeout' },
      { outcome: 'failed', reason: 'timeout' },
    ]);
  });

  it('is not sent to another origin, where our headers have no business', async () => {
    const server = await startHttp(['--transport', 'sse', '--behaviour', 'foreign-endpoint']);
    expect(await sseSession(server.url).connect(deadline())).toMatchObject({
      outcome: 'failed',
      reason: 'protocol',
    });
  });

  it('is unauthorized, refused, or no stream at all', async () => {
    const locked = await startHttp(['--transport', 'sse', '--behaviour', 'unauthorized']);
    expect(await sseSession(locked.url).connect(deadline())).toMatchObject({ reason: 'unauthorized' });
    const nobody = sseSession(`http://127.0.0.1:${await freePort()}/mcp`);
    expect(await nobody.connect(deadline())).toMatchObject({ reason: 'refused' });
    const other = await startHttp();
    expect(await sseSession(other.url).connect(deadline())).toMatchObject({ reason: 'http_status' });
  });

  it('is what server-everything still offers', async () => {
    const port = await freePort();
    start(EVERYTHING, ['sse'], { PORT: String(port) });
    const session = sseSession(`http://127.0.0.1:${port}/sse`);
    await waitFor(async () => (await session.connect(deadline())).outcome === 'passed', { timeout: 20_000 });
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(await session.probe('full', deadline())).toMatchObject([{ probe: 'list_tools', result: passed }]);
    await session.close(deadline());
  });
});
