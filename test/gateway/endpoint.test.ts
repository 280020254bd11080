// The HTTP endpoint of the gateway: every refusal with its status and JSON-RPC body, and what reaches a router.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { request } from 'node:http';
import { expect, describe, onTestFinished, test } from 'vitest';
import { canBecomeOther } from '../fakes/other-user.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { ACCEPT, ask, initialize, modern, open, raw, startFront, type AskOptions } from '../fakes/gateway.ts';

const PING = { jsonrpc: '2.0', id: 7, method: 'ping' };

type Row = readonly [what: string, status: number, code: number, options: AskOptions];

describe('the endpoint refuses', () => {
  const rows: readonly Row[] = [
    ['another Host', 403, -32_000, { body: PING, headers: { host: 'evil.example' } }],
    ['a Host that begins like ours', 403, -32_000, { body: PING, headers: { host: '127.0.0.1.evil' } }],
    ['a Host with another port', 403, -32_000, { body: PING, headers: { host: '127.0.0.1:1' } }],
    ['another Origin', 403, -32_000, { body: PING, headers: { origin: 'http://evil.example' } }],
    [
      'an Origin that begins like ours',
      403,
      -32_000,
      { body: PING, headers: { origin: 'http://localhost.evil' } },
    ],
    [
      'another port of this machine',
      403,
      -32_000,
      { body: PING, headers: { origin: 'http://127.0.0.1:3000' } },
    ],
    ['a hidden Origin', 403, -32_000, { body: PING, headers: { origin: 'null' } }],
    [
      'a page of another site',
      403,
      -32_000,
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } },
    ],
    ['another site at the list', 403, -32_000, { path: '/', headers: { origin: 'http://evil.example' } }],
    ['another Host at the health check', 403, -32_000, { path: '/-/healthy', headers: { host: 'evil' } }],
    ['an unknown path', 404, -32_000, { path: '/files' }],
    ['a path that cannot be decoded', 404, -32_000, { path: '/%E0%A4%A/mcp', body: PING }],
    ['an unknown server', 404, -32_000, { path: '/fils/mcp', body: PING }],
    ['PUT', 405, -32_000, { method: 'PUT', body: PING }],
    ['OPTIONS', 405, -32_000, { method: 'OPTIONS' }],
    ['POST of the list', 405, -32_000, { path: '/', body: PING }],
    ['another Content-Type', 415, -32_000, { body: PING, headers: { 'content-type': 'text/plain' } }],
    [
      'a Content-Type that begins like JSON',
      415,
      -32_000,
      { body: PING, headers: { 'content-type': 'application/jsonp' } },
    ],
    ['a compressed body', 415, -32_000, { body: PING, headers: { 'content-encoding': 'gzip' } }],
    ['no Accept', 406, -32_000, { body: PING, headers: { accept: '' } }],
    ['an Accept without streams', 406, -32_000, { body: PING, headers: { accept: 'application/json' } }],
    ['what is not JSON', 400, -32_700, { body: '{"jsonrpc":' }],
    ['an empty body', 400, -32_700, { body: '' }],
    ['a batch', 400, -32_600, { body: JSON.stringify([PING, PING]) }],
    ['a scalar', 400, -32_600, { body: '7' }],
    ['another JSON-RPC', 400, -32_600, { body: { ...PING, jsonrpc: '1.0' } }],
    ['an id that is none', 400, -32_600, { body: { ...PING, id: { a: 1 } } }],
    ['no method, result or error', 400, -32_600, { body: { jsonrpc: '2.0', id: 1 } }],
    ['params that are a list', 400, -32_600, { body: { ...PING, params: [] } }],
    ['a body nested 100,000 deep', 400, -32_600, { body: `${'['.repeat(100_000)}${']'.repeat(100_000)}` }],
    [
      'params nested 100,000 deep',
      400,
      -32_600,
      {
        body: `{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
      },
    ],
    ['a message without a session', 400, -32_000, { body: PING }],
    ['a forged session', 404, -32_001, { body: PING, headers: { 'mcp-session-id': 'a'.repeat(48) } }],
    ['a session of another kind', 404, -32_001, { body: PING, headers: { 'mcp-session-id': '1' } }],
    ['an unknown version', 400, -32_000, { body: PING, headers: { 'mcp-protocol-version': '2024-01-01' } }],
    ['a version that is none', 400, -32_000, { body: PING, headers: { 'mcp-protocol-version': 'zebra' } }],
    ['a stream without a session', 405, -32_000, { headers: { accept: 'text/event-stream' } }],
    [
      'a stream in the modern era',
      405,
      -32_000,
      { headers: { 'mcp-session-id': 'a', 'mcp-protocol-version': '2026-07-28' } },
    ],
    ['DELETE without a session', 400, -32_000, { method: 'DELETE' }],
    [
      'DELETE of a forged session',
      404,
      -32_001,
      { method: 'DELETE', headers: { 'mcp-session-id': 'a'.repeat(48) } },
    ],
    [
      'DELETE in the modern era',
      405,
      -32_000,
      { method: 'DELETE', headers: { 'mcp-protocol-version': '2026-07-28' } },
    ],
    [
      'a method that the header does not name',
      400,
      -32_020,
      modern('tools/list', {}, { 'mcp-method': 'tools/call' }),
    ],
    ['a missing Mcp-Method', 400, -32_020, modern('tools/list', {}, { 'mcp-method': '' })],
    ['a missing Mcp-Name', 400, -32_020, modern('tools/call', { name: 'echo' }, { 'mcp-name': '' })],
    [
      'a name that cannot be decoded',
      400,
      -32_020,
      modern('tools/call', { name: 'echo' }, { 'mcp-name': '=?base64?%%%?=' }),
    ],
    [
      'a name that is no UTF-8',
      400,
      -32_020,
      modern('tools/call', { name: 'echo' }, { 'mcp-name': '=?base64?/w==?=' }),
    ],
    [
      'another uri',
      400,
      -32_020,
      modern('resources/read', { uri: 'file:///a' }, { 'mcp-name': 'file:///b' }),
    ],
    [
      'a version that the header does not name',
      400,
      -32_020,
      modern('tools/list', {}, { 'mcp-protocol-version': '2025-11-25' }),
    ],
    [
      'a modern header over a bare body',
      400,
      -32_602,
      { body: PING, headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'ping' } },
    ],
    [
      'a response in the modern era',
      400,
      -32_602,
      { body: { jsonrpc: '2.0', id: 1, result: {} }, headers: { 'mcp-protocol-version': '2026-07-28' } },
    ],
  ];

  test.each(rows)('%s: %i, %i', async (_what, status, code, options) => {
    const { ask, events } = await startFront();
    const reply = await ask(options);
    expect({ status: reply.status, code: reply.json.error?.['code'] }).toEqual({ status, code });
    expect(reply.json).toMatchObject({ jsonrpc: '2.0' });
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(events).toEqual([]);
  });

  test('a version of the future, and names those that it speaks', async () => {
    const { ask } = await startFront();
    const { body } = modern('tools/list');
    const text = JSON.stringify(body).replace('2026-07-28', '2027-01-01');
    const { status, json } = await ask({
      body: text,
      headers: { 'mcp-protocol-version': '2027-01-01', 'mcp-method': 'tools/list' },
    });
    expect(status).toBe(400);
    expect(json.error).toMatchObject({
      code: -32_022,
      data: { requested: '2027-01-01', supported: expect.arrayContaining(['2026-07-28', '2025-11-25']) },
    });
  });

  test('two Hosts, and a target with another authority', async () => {
    const { port } = await startFront();
    const two = await raw(
      port,
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\nConnection: close\r\n\r\n',
    );
    expect(two).toMatch(/^HTTP\/1\.1 400 [\s\S]*-32000/u);
    const absolute = await raw(
      port,
      `GET http://evil/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
    );
    expect(absolute).toMatch(/^HTTP\/1\.1 403 /u);
    const own = await raw(
      port,
      `GET http://localhost:${port}/ HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`,
    );
    expect(own).toMatch(/^HTTP\/1\.1 200 /u);
  });

  test('bytes that are no HTTP, and headers that are too large, with a body', async () => {
    const { port } = await startFront();
    expect(await raw(port, 'rubbish\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":-32000/u);
    expect(await raw(port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [\s\S]*"code":-32000/u,
    );
  });

  test('a body over the limit, declared or in chunks, and says the limit', async () => {
    const { port, ask, settings } = await startFront();
    settings.current = { ...settings.current, maxBody: 1000 };
    const declared = await ask({ body: { ...PING, params: { a: 'a'.repeat(1000) } } });
    expect([declared.status, declared.json.error]).toEqual([
      413,
      { code: -32_600, message: expect.any(String), data: { limit: 1000 } },
    ]);
    const chunked = await new Promise<[number, string]>((resolve) => {
      const asking = open(port, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      });
      asking.on('response', (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve([response.statusCode ?? 0, text]));
      });
      asking.on('error', () => undefined);
      // It goes on although it was refused: it reads the refusal all the same.
      for (let count = 0; count < 200; count += 1) asking.write('a'.repeat(1000));
      asking.end();
    });
    expect(chunked[0]).toBe(413);
    expect(JSON.parse(chunked[1])).toMatchObject({ error: { code: -32_600, data: { limit: 1000 } } });
  });

  test('an endless body, without keeping any of it', async () => {
    const { port, settings } = await startFront();
    settings.current = { ...settings.current, maxBody: 1000 };
    const asking = open(port, { method: 'POST', headers: { 'content-type': 'application/json' } });
    let isClosed = false;
    asking.on('error', () => undefined);
    asking.on('close', () => (isClosed = true));
    const timer = setInterval(() => asking.destroyed || asking.write('a'.repeat(1000)), 5);
    onTestFinished(() => clearInterval(timer));
    await waitFor(() => isClosed);
  });

  test('a missing or wrong token, also one that is wrong by one character', async () => {
    const token = 'correct-horse-battery';
    const { ask, refused } = await startFront({ settings: { token } });
    const bodyOf = async (authorization: string): Promise<unknown> => {
      const { status, json, headers } = await ask({ body: initialize(), headers: { authorization } });
      return [status, json.error?.['code'], headers['www-authenticate']];
    };
    for (const wrong of [
      '',
      'Bearer',
      `Bearer ${token}r`,
      `Bearer ${token.slice(1)}`,
      `Bearer correct-horse-batterx`,
      `Basic ${token}`,
    ])
      expect(await bodyOf(wrong)).toEqual([401, -32_000, 'Bearer']);
    expect(await bodyOf(`Bearer ${token}`)).toEqual([200, undefined, undefined]);
    expect(await bodyOf(`bearer ${token}`)).toEqual([200, undefined, undefined]);
    expect(refused).toEqual(Array.from({ length: 6 }, () => 'token'));
    expect((await ask({ path: '/' })).status).toBe(401);
    expect((await ask({ path: '/-/healthy' })).status).toBe(200);
  });

  test('other users without a token, once looked up for each connection', async () => {
    let lookUps = 0;
    let owner: number | null = 12_345;
    const { ask, refused, settings, port } = await startFront({
      ownersOf: (sockets) => {
        lookUps += 1;
        return sockets.map(() => owner);
      },
    });
    if (process.platform !== 'linux') return;
    expect((await ask({ body: initialize() })).status).toBe(403);
    owner = null;
    const unknown = await ask({ path: '/' });
    expect([unknown.status, unknown.json.error?.['message']]).toEqual([
      403,
      expect.stringContaining('gateway.tokenFile'),
    ]);
    owner = process.getuid?.() ?? null;
    const twice = `GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    expect((await raw(port, twice)).match(/HTTP\/1\.1 200/gu)).toHaveLength(2);
    expect(lookUps).toBe(3);
    expect(refused).toEqual(['user', 'user']);
    owner = 12_345;
    settings.current = { ...settings.current, token: 'a-token-of-some-length' };
    const headers = { authorization: 'Bearer a-token-of-some-length' };
    expect((await ask({ body: initialize(), headers })).status).toBe(200);
  });

  test.runIf(process.platform === 'linux' && canBecomeOther())(
    'a client that runs as another user',
    async () => {
      const { url, events } = await startFront();
      const source = `fetch('${url}/').then(({ status }) => process.stdout.write(String(status)))`;
      const asked = async (uid: number): Promise<string> => {
        const child = spawn(process.execPath, ['-e', source], {
          stdio: ['ignore', 'pipe', 'inherit'],
          uid,
          cwd: '/',
        });
        let text = '';
        child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
        await once(child, 'close');
        return text;
      };
      expect([await asked(65_534), await asked(0)]).toEqual(['403', '200']);
      expect(events).toEqual([]);
    },
  );

  test('bodies beyond what all may take together, and has room again when they are gone', async () => {
    const { port, ask } = await startFront();
    const size = 4 * 1024 * 1024 - 100;
    const statuses: number[] = [];
    const uploads = Array.from({ length: 17 }, () => {
      const asking = open(port, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': String(size) },
      });
      asking.on('error', () => undefined);
      asking.on('response', (response) => statuses.push(response.resume().statusCode ?? 0));
      asking.write('a'.repeat(size - 1));
      return asking;
    });
    await waitFor(() => statuses.length > 0);
    expect(new Set(statuses)).toEqual(new Set([503]));
    for (const asking of uploads) asking.destroy();
    await waitFor(async () => (await ask({ body: `"${'a'.repeat(size - 2)}"` })).status === 400);
  });

  test('and counts why', async () => {
    const { ask, refused } = await startFront();
    await ask({ body: PING, headers: { host: 'evil' } });
    await ask({ body: PING, headers: { origin: 'http://evil' } });
    await ask({ body: PING });
    await ask({ body: PING, headers: { accept: 'text/html' } });
    await ask({ body: '{' });
    await ask({ path: '/none' });
    expect(refused).toEqual(['host', 'origin', 'session', 'header', 'body']);
  });
});

describe('the endpoint lets in', () => {
  test('other names and origins that the config allows', async () => {
    const { ask } = await startFront({
      settings: { allowedHosts: ['box.local'], allowedOrigins: ['app://obsidian.md'] },
    });
    expect((await ask({ path: '/', headers: { host: 'box.local' } })).status).toBe(200);
    expect(
      (await ask({ path: '/', headers: { origin: 'app://obsidian.md', 'sec-fetch-site': 'cross-site' } }))
        .status,
    ).toBe(200);
    expect((await ask({ path: '/', headers: { origin: 'app://other' } })).status).toBe(403);
  });

  test.each(['*/*', 'text/*, application/*', 'TEXT/event-stream;q=0.5, application/JSON'])(
    'Accept: %s',
    async (accept) => {
      const { ask } = await startFront();
      expect((await ask({ body: initialize(), headers: { accept } })).status).toBe(200);
    },
  );

  test('whoever looks for servers, with their URLs', async () => {
    const { ask, url } = await startFront();
    const { status, json, headers } = await ask({ path: '/' });
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(json).toEqual({
      name: 'mcp-watchdog',
      servers: [{ name: 'files', url: `${url}/files/mcp`, state: 'running' }],
    });
    expect((await ask({ path: '/', method: 'HEAD' })).status).toBe(200);
    expect((await ask({ path: '/-/healthy' })).json).toEqual({ status: 'healthy' });
  });

  test('an unknown server gets the nearest name', async () => {
    const { ask } = await startFront();
    const { json } = await ask({ path: '/fils/mcp', body: PING });
    expect(json.error?.['message']).toContain('Did you mean files?');
  });
});

describe('a legacy client', () => {
  test('gets a session with its greeting, and is heard in it', async () => {
    const { ask, greet, events, said } = await startFront();
    const session = await greet();
    expect(session).toMatch(/^[\w-]{48}$/u);
    expect(events[0]).toMatchObject({
      kind: 'opened',
      session,
      facts: { version: '2025-11-25', capabilities: [] },
    });
    const reply = await ask({
      body: PING,
      headers: { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
    });
    expect([reply.status, reply.json]).toEqual([200, { jsonrpc: '2.0', id: 7, result: {} }]);
    expect(said().at(-1)).toMatchObject({
      session,
      era: 'legacy',
      channel: 'tcp',
      message: PING,
      text: JSON.stringify(PING),
    });
  });

  test('tells what it can do, and which version it wants', async () => {
    const { ask, events } = await startFront();
    await ask({
      body: initialize('2099-01-01', { sampling: {}, roots: { listChanged: true }, unknown: {} }),
    });
    expect(events[0]).toMatchObject({
      kind: 'opened',
      facts: { version: '2025-11-25', capabilities: ['sampling', 'roots'] },
    });
  });

  test('gets 202 for what needs no answer', async () => {
    const { ask, greet, said } = await startFront();
    const headers = { 'mcp-session-id': await greet() };
    const notice = await ask({ body: { jsonrpc: '2.0', method: 'notifications/initialized' }, headers });
    const response = await ask({ body: { jsonrpc: '2.0', id: 'gw:1', result: {} }, headers });
    expect([notice.status, notice.text, response.status]).toEqual([202, '', 202]);
    expect(said()).toHaveLength(3);
  });

  test('comes back in a session that only its id knows, but not after DELETE, however that is spelled', async () => {
    const { ask, greet, events, sessions } = await startFront();
    const session = await greet();
    sessions.clear();
    const headers = { 'mcp-session-id': session };
    expect((await ask({ body: PING, headers })).status).toBe(200);
    expect(events.filter(({ kind }) => kind === 'opened')).toHaveLength(2);
    expect((await ask({ method: 'DELETE', headers })).status).toBe(204);
    expect(events.at(-1)).toMatchObject({ kind: 'closed', session });
    for (const id of [
      session,
      `${session}=`,
      `${session}.x`,
      `${session} `,
      ` ${session}`,
      session.toLowerCase(),
      `${session}, ${session}`,
    ]) {
      const reply = await ask({ body: PING, headers: { 'mcp-session-id': id } });
      expect([reply.status, reply.json.error?.['code'], reply.json.id]).toEqual([404, -32_001, 7]);
    }
  });

  test('gets a JSON error with status 200 for an error of the server', async () => {
    const { ask, greet } = await startFront({
      onSaid: (said, script) =>
        said.message['method'] === 'initialize' ? script.result(said) : script.fail(said, -32_601),
    });
    const reply = await ask({ body: PING, headers: { 'mcp-session-id': await greet() } });
    expect([reply.status, reply.json.error?.['code']]).toEqual([200, -32_601]);
  });
});

describe('a modern client', () => {
  test('is heard without a session', async () => {
    const { ask, events } = await startFront();
    const asked = modern('tools/call', { name: 'echo', arguments: {} });
    const reply = await ask(asked);
    expect([reply.status, reply.json]).toEqual([200, { jsonrpc: '2.0', id: 1, result: {} }]);
    expect(events).toMatchObject([{ kind: 'said', session: null, era: 'modern', message: asked.body }]);
    expect(reply.headers['mcp-session-id']).toBeUndefined();
  });

  test.each([
    [-32_601, 404],
    [-32_020, 400],
    [-32_021, 400],
    [-32_022, 400],
    [-32_602, 200],
    [-32_000, 200],
  ])('gets error %i with status %i', async (code, status) => {
    const { ask } = await startFront({ onSaid: (said, script) => script.fail(said, code) });
    const reply = await ask(modern('tools/list'));
    expect([reply.status, reply.json.error?.['code']]).toEqual([status, code]);
  });

  test('may encode a name, and a name of 10 KB is one', async () => {
    const { ask } = await startFront();
    const name = 'größe 🙂';
    const encoded = `=?base64?${Buffer.from(name).toString('base64')}?=`;
    expect((await ask(modern('tools/call', { name }, { 'mcp-name': encoded }))).status).toBe(200);
    expect((await ask(modern('tools/call', { name: 'a'.repeat(10_000) }))).status).toBe(200);
  });

  test('repeats arguments in headers where the tool wants that', async () => {
    const toolHeaders = {
      query: [
        { header: 'Region', path: ['where', 'region'] },
        { header: 'Limit', path: ['limit'] },
      ],
    };
    const { ask } = await startFront({ toolHeaders });
    const call = async (args: object, headers: Record<string, string>): Promise<[number, unknown]> => {
      const { status, json } = await ask(modern('tools/call', { name: 'query', arguments: args }, headers));
      return [status, json.error?.['code']];
    };
    const args = { where: { region: 'eu' }, limit: 42 };
    expect(await call(args, { 'mcp-param-region': 'eu', 'mcp-param-limit': '42' })).toEqual([200, undefined]);
    expect(await call(args, { 'mcp-param-region': '=?base64?ZXU=?=', 'mcp-param-limit': '42.0' })).toEqual([
      200,
      undefined,
    ]);
    expect(await call({ limit: null }, {})).toEqual([200, undefined]);
    expect(await call({}, { 'mcp-param-region': 'unused' })).toEqual([200, undefined]);
    expect(await call(args, { 'mcp-param-region': 'eu' })).toEqual([400, -32_020]);
    expect(await call(args, { 'mcp-param-region': 'us', 'mcp-param-limit': '42' })).toEqual([400, -32_020]);
    expect(await call(args, { 'mcp-param-region': '=?base64?%?=', 'mcp-param-limit': '42' })).toEqual([
      400, -32_020,
    ]);
    expect(await call(args, { 'mcp-param-region': 'EU', 'mcp-param-limit': '42' })).toEqual([400, -32_020]);
  });

  test('needs no headers for arguments on the socket, where a shim speaks for a client of stdio', async () => {
    const toolHeaders = { query: [{ header: 'Region', path: ['region'] }] };
    const { front, home } = await startFront({ toolHeaders });
    const socketPath = `${home.run}/gateway.sock`;
    await front.listenOnSocket(socketPath);
    const call = modern('tools/call', { name: 'query', arguments: { region: 'eu' } });
    const headers = { ...call.headers, host: 'localhost' };
    expect((await ask(0, { socketPath, body: call.body, headers })).status).toBe(200);
  });

  test('cancels by leaving; its notifications are of no use', async () => {
    const { port, events, ask } = await startFront({ onSaid: () => undefined });
    const { body, headers } = modern('tools/call', { name: 'slow' });
    const asking = open(port, { body, headers });
    asking.on('error', () => undefined);
    asking.end(JSON.stringify(body));
    const said = await waitFor(() => events.find(({ kind }) => kind === 'said'));
    asking.destroy();
    const left = await waitFor(() => events.find(({ kind }) => kind === 'left'));
    expect(left).toMatchObject({ port: said.kind === 'said' ? said.port : 0 });
    const notice = modern('notifications/cancelled', { requestId: 1 });
    const { id: _, ...message } = notice.body;
    expect((await ask({ ...notice, body: message })).status).toBe(202);
  });
});

describe('the gateway', () => {
  test('survives a router that throws, and answers', async () => {
    const { ask, warnings } = await startFront({
      onSaid: () => {
        throw new Error('broken router');
      },
    });
    const reply = await ask(modern('tools/list'));
    expect([reply.status, reply.json.error?.['code']]).toEqual([500, -32_603]);
    expect(warnings).toMatchObject([{ facts: { server: 'files', error: 'broken router' } }]);
  });

  test('asks nobody for a token or a user on its socket', async () => {
    const { front, home, settings, events } = await startFront({
      settings: { token: 'a-token-of-some-length' },
    });
    const socketPath = `${home.run}/gateway.sock`;
    await front.listenOnSocket(socketPath);
    const { status } = await ask(0, { socketPath, body: initialize(), headers: { host: 'localhost' } });
    expect(status).toBe(200);
    expect(events.find(({ kind }) => kind === 'said')).toMatchObject({ channel: 'unix' });
    const foreign = await ask(0, { socketPath, path: '/', headers: { host: 'evil' } });
    expect(foreign.status).toBe(403);
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(settings.current.token).not.toBeNull();
  });

  test('moves to another port without a moment in which nobody listens, and stays where it is when that is taken', async () => {
    const { front, url, port, ask } = await startFront();
    const taken = await startFront();
    await expect(front.listenOn({ host: '127.0.0.1', port: taken.port })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
    });
    expect((await ask({ path: '/' })).status).toBe(200);
    const moved = await front.listenOn({ host: '127.0.0.1', port: 0 });
    expect(moved).not.toBe(url);
    await expect(ask({ path: '/' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await fetch(`${moved}/-/healthy`).then((reply) => reply.status)).toBe(200);
    expect(await front.listenOn(null)).toBeNull();
    await expect(fetch(`${moved}/-/healthy`)).rejects.toThrow();
    expect(port).toBeGreaterThan(0);
  });

  test('keeps no connection alive once it ends, nor that of a request that was under way', async () => {
    const waiting: (() => void)[] = [];
    const { front, ask, url } = await startFront({
      onSaid: (said, script) => {
        if (said.message['method'] === 'initialize') script.result(said);
        else waiting.push(() => script.result(said));
      },
    });
    const { body, headers } = modern('tools/list');
    const common = { accept: ACCEPT, 'content-type': 'application/json' };
    // fetch keeps its connections alive.
    const underWay = fetch(`${url}/files/mcp`, {
      method: 'POST',
      headers: { ...headers, ...common },
      body: JSON.stringify(body),
    });
    await waitFor(() => waiting.length === 1);
    expect((await ask({ path: '/' })).headers['connection']).not.toBe('keep-alive');
    front.drain();
    for (const answer of waiting) answer();
    expect((await underWay).headers.get('connection')).toBe('close');
    expect((await ask({ body: initialize() })).headers['connection']).toBe('close');
  });

  test('keeps nothing of 1,000 clients that left in the middle of a call', async () => {
    const { port, events, front } = await startFront({ onSaid: () => undefined });
    const { body, headers } = modern('tools/call', { name: 'slow' });
    const count = (kind: string): number => events.filter((event) => event.kind === kind).length;
    for (let round = 1; round <= 10; round += 1) {
      const asking = Array.from({ length: 100 }, () => {
        const one = open(port, { body, headers });
        one.on('error', () => undefined);
        one.end(JSON.stringify(body));
        return one;
      });
      await waitFor(() => count('said') === round * 100, { timeout: 25_000 });
      for (const one of asking) one.destroy();
      await waitFor(() => count('left') === round * 100, { timeout: 25_000 });
    }
    expect(front.load).toEqual({ exchanges: 0, sessions: 0, streams: 0 });
  });

  test('holds 300 clients at once', async () => {
    const waiting: (() => void)[] = [];
    const { port } = await startFront({
      onSaid: (said, script) => void waiting.push(() => script.result(said)),
    });
    const { body, headers } = modern('tools/call', { name: 'slow' });
    const replies = Array.from(
      { length: 300 },
      () =>
        new Promise<number>((resolve, reject) => {
          const asking = request({
            host: '127.0.0.1',
            port,
            path: '/files/mcp',
            method: 'POST',
            agent: false,
            headers: { ...headers, accept: ACCEPT, 'content-type': 'application/json' },
          });
          asking.on('error', reject);
          asking.on('response', (response) => resolve(response.resume().statusCode ?? 0));
          asking.end(JSON.stringify(body));
        }),
    );
    await waitFor(() => waiting.length === 300, { timeout: 25_000 });
    for (const answer of waiting) answer();
    expect(new Set(await Promise.all(replies))).toEqual(new Set([200]));
  });
});

describe('a server with a process for each session', () => {
  test('never brings a session back whose process is gone', async () => {
    const { ask, greet, sessions } = await startFront({ ownProcesses: { refusal: () => null } });
    const session = await greet();
    const headers = { 'mcp-session-id': session };
    expect((await ask({ body: PING, headers })).status).toBe(200);
    sessions.clear();
    const gone = await ask({ body: PING, headers });
    expect([gone.status, gone.json.error?.['code'], gone.json.id]).toEqual([404, -32_001, 7]);
  });

  test('refuses a session that finds no process, in the id of the request', async () => {
    const refusal = { message: 'All 4 are taken', data: { reason: 'busy', limit: 4 }, retryAfter: 10 };
    const { ask, refused } = await startFront({ ownProcesses: { refusal: () => refusal } });
    const { status, headers, json } = await ask({ body: initialize() });
    expect([status, headers['retry-after'], headers['mcp-session-id']]).toEqual([503, '10', undefined]);
    expect(json).toMatchObject({ id: 0, error: { code: -32_000, data: { reason: 'busy', limit: 4 } } });
    expect(refused).toEqual(['session']);
  });

  test('sends clients of the era without sessions to a version that has them', async () => {
    const { ask, events } = await startFront({ ownProcesses: { refusal: () => null } });
    const { status, json } = await ask(modern('server/discover'));
    expect([status, json.error?.['code']]).toEqual([400, -32_022]);
    expect(json.error?.['data']).toMatchObject({ supported: expect.arrayContaining(['2025-11-25']) });
    expect(JSON.stringify(json.error)).not.toContain('"2026-07-28",');
    expect(events).toEqual([]);
  });
});
