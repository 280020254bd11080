import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { CONTEXT7, EVERYTHING, freePort, start, startHttp, stopAll } from '../../fixtures/start.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { httpSession, deadline } from '../../probes/session.ts';

afterEach(stopAll);

const passed = { outcome: 'passed', took: expect.any(Number) };
const timedOut = { outcome: 'failed', reason: 'timeout' };

describe('contact over HTTP', () => {
  it('is made by initialize with a legacy server, in one session', async () => {
    const server = await startHttp(['--sessions']);
    const session = httpSession(server.url);
    expect(await session.connect(deadline())).toEqual(passed);
    expect(session.handshakes).toMatchObject([
      { era: 'legacy', protocolVersion: '2025-11-25', serverName: 'fixture' },
    ]);
    expect(await server.stats()).toMatchObject({ initialized: 1, sessions: 1, requests: { initialize: 1 } });
  });

  it.each(['modern', 'both'])(
    'is made by server/discover with a server of %s era(s), without a session',
    async (era) => {
      const server = await startHttp(['--era', era]);
      const session = httpSession(server.url);
      expect(await session.connect(deadline())).toEqual(passed);
      expect(session.handshakes).toMatchObject([
        { era: 'modern', protocolVersion: '2026-07-28', serverVersion: '1.2.3' },
      ]);
      expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
      expect(await session.probe('full', deadline())).toMatchObject([
        { probe: 'list_tools', result: { tools: 2 } },
      ]);
      const { requests, headers } = await server.stats();
      expect(requests).toEqual({ 'server/discover': 2, 'tools/list': 1 });
      expect(headers).toMatchObject({ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' });
    },
  );

  it('sends what a legacy server asks for with each request, and the configured headers', async () => {
    const server = await startHttp(['--sessions']);
    const session = httpSession(server.url, { headers: { Authorization: 'Bearer hush' } });
    await session.connect(deadline());
    await session.probe('liveness', deadline());
    expect((await server.stats()).headers).toMatchObject({
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer hush',
      'content-type': 'application/json',
      'mcp-protocol-version': '2025-11-25',
      'mcp-session-id': expect.any(String),
    });
  });

  it('is refused where nobody listens', async () => {
    const session = httpSession(`http://127.0.0.1:${await freePort()}/mcp`);
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'failed', reason: 'refused' });
  });

  it.each([
    ['a server that fails', 'failing', 'http_status'],
    ['a server that asks who we are', 'unauthorized', 'unauthorized'],
    ['a server that does not want us', 'forbidden', 'unauthorized'],
    ['something that is no MCP server', 'html', 'protocol'],
  ])('with %s ends as %s', async (_name, behaviour, reason) => {
    const session = httpSession((await startHttp(['--behaviour', behaviour])).url);
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'failed', reason });
    expect(session.handshakes).toEqual([]);
  });

  it('is no outage, nor a success, when we are told to ask less often', async () => {
    const session = httpSession((await startHttp(['--behaviour', 'throttled'])).url);
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'inconclusive' });
  });

  it.each([307, 308])('follows a redirect %i within the origin, and remembers it', async (status) => {
    const server = await startHttp([
      '--sessions',
      '--behaviour',
      'redirects',
      '--redirect-status',
      String(status),
    ]);
    const session = httpSession(server.url, { headers: { Authorization: 'Bearer hush' } });
    expect(await session.connect(deadline())).toEqual(passed);
    for (let count = 0; count < 3; count += 1)
      expect(await session.probe('full', deadline())).toMatchObject([{ result: passed }]);
    await session.close(deadline());
    expect(await server.stats()).toMatchObject({ redirected: 1, deleted: 1, sessions: 0 });
    expect((await server.stats()).headers).toMatchObject({ authorization: 'Bearer hush' });
  });

  it.each([
    [
      'to another origin',
      ['--location', 'http://127.0.0.1:1/mcp/'],
      'HTTP 307: write its url as http://127.0.0.1:1/mcp/',
    ],
    ['that leads to itself', ['--location', '/mcp'], 'HTTP 307: write its url as http://127.0.0.1:'],
    [
      'that would turn a POST into a GET',
      ['--redirect-status', '302'],
      'HTTP 302: write its url as http://127.0.0.1:',
    ],
  ])('does not follow a redirect %s', async (_name, flags, detail) => {
    const server = await startHttp(['--behaviour', 'redirects', ...flags]);
    const session = httpSession(server.url, { headers: { Authorization: 'Bearer hush' } });
    expect(await session.connect(deadline())).toMatchObject({
      outcome: 'failed',
      reason: 'http_status',
      detail: expect.stringContaining(detail),
    });
  });

  it('says which url to write when its Host is refused', async () => {
    const server = await startHttp(['--behaviour', 'own-host']);
    const { port } = new URL(server.url);
    expect(await httpSession(server.url).connect(deadline())).toMatchObject({
      outcome: 'failed',
      reason: 'wrong_host',
      detail: expect.stringContaining(`write its url as http://localhost:${port}/mcp`),
    });
    expect(await httpSession(`http://localhost:${port}/mcp`).connect(deadline())).toEqual(passed);
  });

  it('does not take a timeout for an old server', async () => {
    const listener = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    const address = listener.address();
    const session = httpSession(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/mcp`);
    expect(await session.connect(deadline(200))).toMatchObject({
      ...timedOut,
      detail: 'No answer to server/discover within 200 ms',
    });
    listener.close();
  });
});

describe('a look over HTTP', () => {
  it.each(['json', 'sse', 'sse-odd'])('understands answers as %s', async (answers) => {
    const server = await startHttp(['--answers', answers, '--sessions']);
    const session = httpSession(server.url);
    expect(await session.connect(deadline())).toEqual(passed);
    for (let count = 0; count < 4; count += 1) {
      expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
      expect(await session.probe('full', deadline())).toMatchObject([
        { probe: 'list_tools', result: { tools: 2 } },
      ]);
    }
    expect((await server.stats()).requests).toMatchObject({ initialize: 1, ping: 4, 'tools/list': 4 });
  });

  it('keeps one session over 50 probes, and ends it with DELETE', async () => {
    const server = await startHttp(['--sessions']);
    const session = httpSession(server.url);
    await session.connect(deadline());
    for (let count = 0; count < 50; count += 1) {
      const seen = await session.probe(count % 4 === 0 ? 'full' : 'liveness', deadline());
      expect(seen.at(-1)?.result.outcome).toBe('passed');
    }
    expect(await server.stats()).toMatchObject({
      sessions: 1,
      deleted: 0,
      requests: { initialize: 1, ping: 37 },
    });
    await session.close(deadline());
    expect(await server.stats()).toMatchObject({ sessions: 0, deleted: 1 });
    await session.close(deadline());
    expect(await server.stats()).toMatchObject({ deleted: 1 });
  });

  it.each([400, 401, 403, 404, 410, 500, 502, 503, 200, 0])(
    'renews its session once when a lost one is answered with %i',
    async (status) => {
      const server = await startHttp(['--sessions', '--lost-status', String(status)]);
      const session = httpSession(server.url);
      await session.connect(deadline());
      await session.probe('liveness', deadline());
      process.kill(server.pid, 'SIGUSR1');
      await waitFor(async () => (await server.stats()).sessions === 0);
      for (const depth of ['liveness', 'full', 'liveness'] as const) {
        const seen = await session.probe(depth, deadline());
        expect(seen).toMatchObject([{ result: passed }]);
      }
      expect(await server.stats()).toMatchObject({ sessions: 1, requests: { initialize: 2 } });
    },
  );

  it.each([404, 503])(
    'does not flood a server that forgets each session with HTTP %i, nor calls it down',
    async (status) => {
      const flags = ['--sessions', '--lost-status', String(status), '--behaviour', 'forgets'];
      const server = await startHttp(flags);
      const session = httpSession(server.url);
      await session.connect(deadline());
      for (let count = 0; count < 30; count += 1) {
        const last = (await session.probe('liveness', deadline())).at(-1);
        expect(last?.result.outcome).not.toBe('failed');
      }
      expect((await server.stats()).requests['initialize']).toBeLessThanOrEqual(5);
    },
  );

  it('believes a fresh handshake: a server that wants credentials now is unauthorized', async () => {
    const port = String(await freePort());
    const open = await startHttp(['--port', port, '--sessions']);
    const session = httpSession(open.url);
    await session.connect(deadline());
    await session.probe('liveness', deadline());
    await open.stop();
    await startHttp(['--port', port, '--behaviour', 'unauthorized']);
    await waitFor(async () => {
      const [seen] = await session.probe('liveness', deadline());
      return seen.result.outcome === 'failed' && seen.result.reason === 'unauthorized';
    });
  });

  it('gives a later handshake its own time, not that of a probe', async () => {
    const server = await startHttp(['--sessions', '--behaviour', 'slow-handshake', '--delay', '700']);
    const session = httpSession(server.url);
    expect(await session.connect(deadline(200))).toMatchObject(timedOut);
    expect(await session.connect(deadline(200), 5_000)).toEqual(passed);
    await session.probe('liveness', deadline());
    process.kill(server.pid, 'SIGUSR1');
    await waitFor(async () => (await server.stats()).sessions === 0);
    expect(await session.probe('liveness', deadline(200))).toMatchObject([{ result: passed }]);
  });

  it('confirms a ping that hangs, or is answered with nothing, by tools/list', async () => {
    const silent = httpSession((await startHttp(['--behaviour', 'no-ping'])).url);
    await silent.connect(deadline());
    expect(await silent.probe('liveness', deadline(300))).toMatchObject([
      { probe: 'ping', result: timedOut },
      { probe: 'list_tools', result: passed },
    ]);
    const empty = httpSession((await startHttp(['--behaviour', 'empty-ping'])).url);
    await empty.connect(deadline());
    expect(await empty.probe('liveness', deadline())).toMatchObject([
      { probe: 'ping', result: { outcome: 'failed', reason: 'protocol' } },
      { probe: 'list_tools', result: passed },
    ]);
  });

  it('makes contact when that was not possible before', async () => {
    const port = await freePort();
    const session = httpSession(`http://127.0.0.1:${port}/mcp`);
    expect(await session.probe('liveness', deadline())).toMatchObject([
      { probe: 'ping', result: { outcome: 'failed', reason: 'refused' } },
    ]);
    await startHttp(['--port', String(port)]);
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(session.handshakes).toHaveLength(1);
  });

  it('notices that the server was replaced by one of the other era', async () => {
    const port = String(await freePort());
    const old = await startHttp(['--port', port, '--era', 'modern']);
    const session = httpSession(old.url);
    await session.connect(deadline());
    await old.stop();
    await startHttp(['--port', port, '--sessions']);
    await waitFor(
      async () => (await session.probe('liveness', deadline())).at(-1)?.result.outcome === 'passed',
    );
    expect(session.handshakes.map(({ era }) => era)).toEqual(['modern', 'legacy']);
  });

  it('finds a server frozen, and alive again on new sockets', async () => {
    const server = await startHttp();
    const session = httpSession(server.url);
    await session.connect(deadline());
    process.kill(server.pid, 'SIGSTOP');
    expect((await session.probe('liveness', deadline(300))).map(({ result }) => result)).toMatchObject([
      timedOut,
      timedOut,
    ]);
    process.kill(server.pid, 'SIGCONT');
    session.http.dropSockets();
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
  });
});

describe('real servers over HTTP', () => {
  async function greetReal(url: string) {
    const session = httpSession(url);
    await waitFor(async () => (await session.connect(deadline())).outcome === 'passed', {
      timeout: 20_000,
      what: url,
    });
    return session;
  }

  it('context7 is greeted in the modern era, answers, and is found frozen', async () => {
    const port = await freePort();
    const server = start(CONTEXT7, ['--transport', 'http', '--port', String(port)], {
      OTEL_SDK_DISABLED: 'true',
    });
    const session = await greetReal(`http://127.0.0.1:${port}/mcp`);
    expect(session.handshakes).toMatchObject([{ era: 'modern', serverName: 'Context7' }]);
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(await session.probe('full', deadline())).toMatchObject([
      { probe: 'list_tools', result: { tools: 2 } },
    ]);
    process.kill(-server.pid, 'SIGSTOP');
    expect((await session.probe('liveness', deadline(500))).at(-1)?.result).toMatchObject(timedOut);
  });

  it('server-everything is greeted in the legacy era, keeps one session, and loses it at the end', async () => {
    const port = await freePort();
    const server = start(EVERYTHING, ['streamableHttp'], { PORT: String(port) });
    let log = '';
    server.child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const session = await greetReal(`http://127.0.0.1:${port}/mcp`);
    expect(session.handshakes).toMatchObject([{ era: 'legacy', protocolVersion: '2025-11-25' }]);
    for (let count = 0; count < 5; count += 1) {
      expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    }
    const [full] = await session.probe('full', deadline());
    expect(full.result.outcome === 'passed' && full.result.tools).toBeGreaterThanOrEqual(13);
    await session.close(deadline());
    await waitFor(() => /closed for session/u.test(log + server.output()), {
      what: 'the session to be closed',
    });
    expect((log + server.output()).match(/Session initialized/gu)).toHaveLength(1);
  });
});
