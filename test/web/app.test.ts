import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverStatus, status } from '../fakes/status.ts';
import { startWeb, type Web } from '../fakes/web.ts';

const PATHS = [
  '/',
  '/status.txt',
  '/assets/0123456789abcdef/page/main.js',
  '/metrics',
  '/api/v1/status',
  '/-/healthy',
  '/-/ready',
  '/runbooks/',
  '/runbooks/McpServerDown',
  '/runbooks/McpNothing',
  '/no/such/path',
  '/%ff',
  '/api/v1/nothing',
];

let web: Web;
beforeAll(async () => {
  web = await startWeb({ allowedHosts: ['watchdog.lan'] });
});
afterAll(() => web.close());

test('every route is in this list', () => {
  const sources = ['app', 'front'].map((name) =>
    readFileSync(new URL(`../../src/web/${name}.ts`, import.meta.url), 'utf8'),
  );
  const routes = [...sources.join('').matchAll(/(?:app\.\w+\(|\[\s*)'(\/[^']+)'/g)].map(([, route]) => route);
  expect(routes.length).toBeGreaterThan(2);
  expect(routes.filter((route = '') => !PATHS.includes(route))).toEqual([]);
});

describe.each(PATHS)('%s', (path) => {
  test('is refused to a Host that is not allowed', async () => {
    const { status, headers, body } = await web.ask(path, { headers: { host: 'evil.example' } });
    expect(status).toBe(403);
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(body).toBe('This Host is not allowed\n');
  });

  test('is refused to other origins and other sites', async () => {
    expect((await web.ask(path, { headers: { origin: 'null' } })).status).toBe(403);
    expect((await web.ask(path, { headers: { origin: 'http://evil.example' } })).status).toBe(403);
    expect((await web.ask(path, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  });

  test('changes nothing and says nothing about itself', async () => {
    const post = await web.ask(path, { method: 'POST', body: '{}' });
    expect(post.status).toBe(405);
    expect(post.headers['allow']).toBe('GET, HEAD');
    expect((await web.ask(path, { method: 'OPTIONS' })).status).toBe(405);
    const { headers } = await web.ask(path);
    expect(headers['x-powered-by']).toBeUndefined();
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    expect(headers['etag']).toBeUndefined();
  });

  test('answers HEAD like GET, without a body', async () => {
    const [get, head] = [await web.ask(path), await web.ask(path, { method: 'HEAD' })];
    expect([head.status, head.body]).toEqual([get.status, '']);
    expect(head.headers['content-type']).toBe(get.headers['content-type']);
  });
});

test('/metrics is text 0.0.4, whatever the client would accept', async () => {
  const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
  const { status, headers, body } = await web.ask('/metrics', {
    headers: { accept, 'accept-encoding': 'gzip' },
  });
  expect([status, body]).toEqual([200, 'up 1\n']);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(headers['content-length']).toBe('5');
});

test('/api/v1/status is the status without places on the disk, and what the page shows beside it', async () => {
  const { headers, body } = await web.ask('/api/v1/status');
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  const { daemon, servers, troubles, boot, seq } = JSON.parse(body);
  expect({ troubles, boot, seq }).toEqual({ troubles: [], boot: 'b00b', seq: 1 });
  const expected = JSON.parse(JSON.stringify(status()));
  expect(daemon).toEqual({
    ...expected.daemon,
    home: '<home>',
    config: { ...expected.daemon.config, path: '<home>/config.yaml' },
  });
  expect(servers).toEqual([{ ...expected.servers[0], group: 'healthy', cure: null, beats: 'n'.repeat(72) }]);
});

test('/ is the page, and /status.txt the same without JavaScript', async () => {
  const { headers, body } = await web.ask('/', { headers: { host: 'watchdog.lan' } });
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(body).toContain('<div id="page">');
  const text = await web.ask('/status.txt', { headers: { host: 'watchdog.lan' } });
  expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(text.body).toContain('context7');
});

test('a path where nothing is says so as the asker likes it', async () => {
  const page = await web.ask('/nothing', { headers: { accept: 'text/html,*/*' } });
  expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  const forPrograms = await web.ask('/api/v1/nothing');
  expect([forPrograms.status, forPrograms.body]).toEqual([404, '{"error":"page not found"}']);
});

test('what a client writes is never a fault of ours', async () => {
  for (const path of ['/%ff', '//', '/../..', '/%2e%2e/', '/?a[b]=c&__proto__[x]=1', '/%']) {
    expect([200, 404]).toContain((await web.ask(path)).status);
  }
  expect((await web.ask('*')).status).toBe(400);
  expect((await web.ask('http://evil.example/')).status).toBe(403);
  for (const accept of ['', ',', 'x', ';q=', '*/*;q=0']) {
    expect((await web.ask('/nothing', { headers: { accept } })).status).toBe(404);
  }
  expect(web.faults).toEqual([]);
});

test('/-/ready and /-/healthy tell the truth of the moment', async () => {
  let holds = false;
  const other = await startWeb({ isReady: () => holds, isHealthy: () => holds });
  try {
    expect(await other.ask('/-/ready')).toMatchObject({ status: 503, body: 'Still starting\n' });
    expect(await other.ask('/-/healthy')).toMatchObject({ status: 503, body: 'Not healthy\n' });
    holds = true;
    expect(await other.ask('/-/ready')).toMatchObject({ status: 200, body: 'Ready\n' });
    expect(await other.ask('/-/healthy')).toMatchObject({ status: 200, body: 'Healthy\n' });
  } finally {
    await other.close();
  }
});

test('a fault of ours is told to us and not to the client', async () => {
  const other = await startWeb({
    metrics: async () => {
      throw new Error('secret path /home/ada');
    },
    status: () => {
      throw new Error('secret path /home/ada');
    },
  });
  try {
    for (const path of ['/metrics', '/status.txt', '/api/v1/status']) {
      const { status, body } = await other.ask(path);
      expect([status, body]).toEqual([500, 'Internal error; see the log of mcp-watchdog\n']);
    }
    expect(other.faults).toHaveLength(3);
  } finally {
    await other.close();
  }
});

test('no secret of the environment is in any answer', async () => {
  const other = await startWeb({ shown: status([serverStatus({ note: 'installing' })]) });
  try {
    for (const path of PATHS) expect((await other.ask(path)).body).not.toMatch(/env|token|password/i);
  } finally {
    await other.close();
  }
});
