import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer as createTcpServer } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../../src/system/net/http-client.ts';
import { proxyFor, proxyPasswords } from '../../../src/system/net/proxy.ts';
import { caFiles, certificatesIn } from '../../../src/system/net/certificate-authorities.ts';
import { failureOf } from '../../../src/wire/call.ts';
import { createAuthority } from '../../fakes/certificates.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { portOf } from '../../fixtures/start.ts';

const servers: Server[] = [];
const clients: ReturnType<typeof createHttpClient>[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.dropSockets();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return portOf(server);
}

interface Proxy {
  readonly port: number;
  /** What it was asked for: `GET http://…`, `CONNECT host:port`. */
  readonly seen: string[];
  readonly passwords: (string | undefined)[];
}

/** A proxy that leads every name to `target`, or answers `status` to everything. */
async function proxy(target: number, status: number | null = null): Promise<Proxy> {
  const seen: string[] = [];
  const passwords: (string | undefined)[] = [];
  const note = ({ method, url, headers }: IncomingMessage): void => {
    seen.push(`${method} ${url}`);
    passwords.push(headers['proxy-authorization']);
  };
  const server = createServer((request, response) => {
    note(request);
    response.writeHead(status ?? 200).end(`proxied for ${request.headers.host}`);
  });
  server.on('connect', (request, socket) => {
    note(request);
    if (status !== null) {
      socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      return;
    }
    const through = connect(target, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    for (const each of [socket, through]) each.on('error', () => each.destroy());
  });
  return { port: await listen(server), seen, passwords };
}

function client(environment: Record<string, string>) {
  const http = createHttpClient(environment);
  clients.push(http);
  return http;
}

async function get(url: string, environment: Record<string, string>): Promise<string> {
  const { signal } = new AbortController();
  const answer = await client(environment).send({ method: 'GET', url: new URL(url), headers: {}, signal });
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return `${answer.status} ${Buffer.concat(chunks).toString()}`;
}

/** The failure that a probe makes of it. */
async function failure(url: string, environment: Record<string, string>): Promise<unknown> {
  const error: unknown = await get(url, environment).catch((thrown: unknown) => thrown);
  return failureOf(error, new AbortController().signal, 'ping');
}

describe('proxyFor()', () => {
  const HTTP = { HTTP_PROXY: 'http://p:1' };
  it.each([
    ['http://h/', HTTP, 'http://p:1/'],
    ['https://h/', HTTP, null],
    ['https://h/', { HTTPS_PROXY: 'p.corp:3128' }, 'http://p.corp:3128/'],
    ['https://h/', { https_proxy: 'http://low', HTTPS_PROXY: 'http://high' }, 'http://low/'],
    ['https://h/', { ALL_PROXY: 'socks5h://p:1080' }, 'socks5://p:1080'],
    ['http://h/', { http_proxy: '', HTTP_PROXY: '' }, null],
    ['http://127.0.0.1:1/', HTTP, null],
    ['http://localhost:1/', HTTP, null],
    ['http://app.localhost/', HTTP, null],
    ['http://[::1]:1/', HTTP, null],
    ['http://h/', { ...HTTP, NO_PROXY: '*' }, null],
    ['http://a.h/', { ...HTTP, NO_PROXY: 'x, .h' }, null],
    ['http://a.h/', { ...HTTP, no_proxy: '*.h' }, null],
    ['http://a.h/', { ...HTTP, NO_PROXY: 'h' }, null],
    ['http://ah/', { ...HTTP, NO_PROXY: 'h' }, 'http://p:1/'],
    ['http://h:8080/', { ...HTTP, NO_PROXY: 'h:80' }, 'http://p:1/'],
    ['http://h:8080/', { ...HTTP, NO_PROXY: 'h:8080' }, null],
    ['http://[fd00::1]/', { ...HTTP, NO_PROXY: 'fd00::1' }, null],
  ])('%s with %j is %j', (url, environment, expected) => {
    expect(proxyFor(new URL(url), environment)?.href ?? null).toBe(expected);
  });

  it('has passwords that no output may show', () => {
    const environment = {
      HTTP_PROXY: 'http://me:p%40ssword@h:1',
      no_proxy: 'a:b',
      https_proxy: 'http://h',
      ALL_PROXY: 'http://u:50%-off-it@h',
    };
    expect(proxyPasswords(environment)).toEqual(['p%40ssword', 'p@ssword', '50%-off-it']);
  });

  it('refuses what names no proxy, without its value', () => {
    const broken = { HTTP_PROXY: 'ftp://user:secret@p' };
    expect(() => proxyFor(new URL('http://h/'), broken)).toThrow(
      'HTTP_PROXY names no proxy; write http://HOST:PORT',
    );
  });
});

describe('a request to a remote url', () => {
  it('goes through the proxy of its environment, with its password', async () => {
    const { port, seen, passwords } = await proxy(0);
    const environment = { http_proxy: `http://me:p%40ss@127.0.0.1:${port}` };
    expect(await get('http://mcp.corp.example/mcp?a=b', environment)).toBe(
      '200 proxied for mcp.corp.example',
    );
    expect(seen).toEqual(['GET http://mcp.corp.example/mcp?a=b']);
    expect(passwords).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
  });

  it('goes around it for loopback and for what NO_PROXY lists', async () => {
    const { port, seen } = await proxy(0);
    const own = await listen(createServer((_, response) => response.end('own')));
    const environment = { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: 'mcp.invalid' };
    expect(await get(`http://127.0.0.1:${own}/`, environment)).toBe('200 own');
    await expect(get('http://mcp.invalid/', environment)).rejects.toMatchObject({ code: expect.any(String) });
    expect(seen).toEqual([]);
  });

  it.each([
    [407, 'inconclusive', 'wants a user and password (HTTP 407)'],
    [403, 'inconclusive', 'refused the connection to mcp.corp.example: HTTP 403'],
    [502, 'failed', 'did not reach mcp.corp.example: HTTP 502'],
  ])('that its proxy answers with %i is %s', async (status, kind, detail) => {
    const { port, seen } = await proxy(0, status);
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${port}` };
    const found = await failure('https://mcp.corp.example/mcp', environment);
    expect(found).toMatchObject({
      kind,
      detail: expect.stringContaining(`the proxy http://127.0.0.1:${port} ${detail}`),
    });
    expect(seen).toContain('CONNECT mcp.corp.example:443');
  });

  it('whose proxy is down says so, and counts against nobody', async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    for (const url of ['http://h.example/', 'https://h.example/'])
      expect(await failure(url, { ALL_PROXY: `http://u:secret@127.0.0.1:${port}` })).toEqual({
        kind: 'inconclusive',
        detail: `ping: the proxy http://127.0.0.1:${port} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
      });
  });
});

describe('a certificate authority of NODE_EXTRA_CA_CERTS or SSL_CERT_FILE', () => {
  it('is trusted, directly and through a proxy, beside those of Node', async () => {
    const authority = createAuthority();
    const pair = authority.issue('server', 'DNS:mcp.corp.example,IP:127.0.0.1');
    const options = { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
    const port = await listen(createTlsServer(options, (_, response) => response.end('tls')));
    const { port: at } = await proxy(port);
    try {
      const url = `https://127.0.0.1:${port}/`;
      expect(await get(url, { SSL_CERT_FILE: authority.cert })).toBe('200 tls');
      expect(await get(url, { NODE_EXTRA_CA_CERTS: authority.cert })).toBe('200 tls');
      const through = { HTTPS_PROXY: `http://127.0.0.1:${at}`, SSL_CERT_FILE: authority.cert };
      expect(await get('https://mcp.corp.example/', through)).toBe('200 tls');
      expect(await failure(url, {})).toMatchObject({ kind: 'failed', reason: 'protocol' });
      expect(await failure(url, { SSL_CERT_FILE: join(authority.folder, 'none') })).toMatchObject({
        kind: 'failed',
      });
    } finally {
      authority.remove();
    }
  });

  it('is read from any file with certificates in it, and from nothing else', () => {
    const { home } = tempHome();
    expect(certificatesIn(join(home, 'none.pem'))).toBeNull();
    expect(certificatesIn(home)).toBeNull();
    expect(caFiles({ NODE_EXTRA_CA_CERTS: '/a', SSL_CERT_FILE: '/a', SSL_CERT_DIR: '/b' })).toEqual(['/a']);
    expect(caFiles({ NODE_EXTRA_CA_CERTS: '' })).toEqual([]);
  });
});
