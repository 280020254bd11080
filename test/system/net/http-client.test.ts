import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createHttpClient,
  type HttpClientOptions,
  type HttpRequest,
  openUndiciPool,
} from '../../../src/system/net/http-client.ts';
import { portOf } from '../../fixtures/start.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
const clients: ReturnType<typeof createHttpClient>[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.dropSockets();
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
});

async function serve(handle: Parameters<typeof createServer>[1]): Promise<{ url: URL; server: Server }> {
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: new URL(`http://127.0.0.1:${portOf(server)}/a?b=c`) };
}

type Kind = "Node's own client" | 'connections for one request each' | 'undici';

const OPTIONS: Readonly<Record<Kind, HttpClientOptions>> = {
  "Node's own client": {},
  'connections for one request each': { keepAlive: false },
  undici: {
    open: (url, environment, { connections }) => ({
      proxy: null,
      pool: openUndiciPool(url, { environment, connections, proxy: null }),
    }),
  },
};

function client(kind: Kind = "Node's own client") {
  const http = createHttpClient({}, OPTIONS[kind]);
  clients.push(http);
  return http;
}

function get(url: URL, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, headers: {}, signal: new AbortController().signal, ...more };
}

async function read(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// undici is the judge: what goes to servers on this machine through the others shows the same.
describe.each<Kind>(["Node's own client", 'connections for one request each', 'undici'])(
  'an HTTP client on %s',
  (kind) => {
    it('sends method, path, headers and body, and gives back status, headers and body', async () => {
      const { url } = await serve((request, response) => {
        let body = '';
        request.on('data', (chunk) => (body += chunk));
        request.on('end', () => {
          response.writeHead(418, { 'X-Kind': 'teapot', 'Set-Cookie': ['a', 'b'] });
          response.end(JSON.stringify([request.method, request.url, request.headers['x-ask'], body]));
        });
      });
      const answer = await client(kind).send(
        get(url, { method: 'POST', headers: { 'x-ask': 'why' }, body: 'é' }),
      );
      expect(answer.status).toBe(418);
      expect(answer.headers).toMatchObject({ 'x-kind': 'teapot', 'set-cookie': 'a' });
      expect(JSON.parse(await read(answer.body))).toEqual(['POST', '/a?b=c', 'why', 'é']);
    });

    it('does not follow a redirect', async () => {
      const { url } = await serve((_request, response) =>
        response.writeHead(302, { location: '/elsewhere' }).end(),
      );
      const answer = await client(kind).send(get(url));
      expect([answer.status, answer.headers['location']]).toEqual([302, '/elsewhere']);
      answer.body.destroy();
    });

    it('reads a body no faster than it is consumed', async () => {
      let sent = 0;
      const { url } = await serve((_request, response) => {
        const pour = () => {
          while (sent < 40 && response.write(Buffer.alloc(1024 * 1024))) sent += 1;
          sent += 1;
          if (sent < 40) response.once('drain', pour);
          else response.end();
        };
        pour();
      });
      const { body } = await client(kind).send(get(url));
      await waitFor(() => body.readableLength > 0);
      const before = sent;
      await new Promise((resolve) => setImmediate(resolve));
      expect(before).toBeLessThan(20);
      expect(body.readableLength).toBeLessThan(4 * 1024 * 1024);
      expect((await read(body)).length).toBeGreaterThan(30 * 1024 * 1024);
    });

    it.each(['before the head', 'within the body'])('is broken off by its signal %s', async (when) => {
      const { url, server } = await serve((_request, response) => {
        if (when === 'within the body') response.writeHead(200).write('half');
      });
      const controller = new AbortController();
      const sending = client(kind).send(get(url, { signal: controller.signal }));
      if (when === 'before the head') {
        await waitFor(async () => (await connections(server)) === 1);
        controller.abort();
        await expect(sending).rejects.toMatchObject({ code: 'ABORT_ERR' });
      } else {
        const { body } = await sending;
        const reading = read(body);
        controller.abort();
        await expect(reading).rejects.toThrow();
      }
      await waitFor(async () => (await connections(server)) === 0, {
        // Sooner than an idle socket is: undici by itself would open another one here and leave it idle.
        timeout: 3_000,
        what: 'the socket to be closed',
      });
    });

    it('is not sent at all with a signal that is aborted', async () => {
      const { url } = await serve(() => expect.unreachable());
      await expect(client(kind).send(get(url, { signal: AbortSignal.abort() }))).rejects.toMatchObject({
        code: 'ABORT_ERR',
      });
    });

    it('gives up a request that waits for a socket', async () => {
      const { url } = await serve(() => undefined);
      const http = client(kind);
      const busy = [http.send(get(url)), http.send(get(url))].map((one) => one.catch(() => undefined));
      const controller = new AbortController();
      const waiting = http.send(get(url, { signal: controller.signal }));
      controller.abort();
      await expect(waiting).rejects.toMatchObject({ code: 'ABORT_ERR' });
      http.dropSockets();
      await Promise.all(busy);
    });

    it('breaks off what is under way when its sockets are dropped', async () => {
      const { url } = await serve(() => undefined);
      const http = client(kind);
      const sending = http.send(get(url));
      http.dropSockets();
      await expect(sending).rejects.toThrow();
    });

    it('sends what waited for a socket once one is free, and no more than two at once', async () => {
      let most = 0;
      const held: ServerResponse[] = [];
      const { url } = await serve((_request, response) => {
        held.push(response);
        most = Math.max(most, held.length);
        // The next ones could come before these are answered.
        if (held.length === 2) setImmediate(() => held.splice(0).forEach((one) => one.end('ok')));
      });
      const http = client(kind);
      const ask = async (): Promise<string> => await read((await http.send(get(url))).body);
      expect(await Promise.all(Array.from({ length: 8 }, ask))).toEqual(
        Array.from({ length: 8 }, () => 'ok'),
      );
      expect(most).toBe(2);
    });

    it('rejects the body when the server hangs up within it, and goes on with another socket', async () => {
      let requests = 0;
      const { url } = await serve((request, response) => {
        requests += 1;
        if (requests > 1) response.end('whole');
        else
          response.writeHead(200, { 'content-length': '10' }).write('half', () => request.socket.destroy());
      });
      const http = client(kind);
      const { body } = await http.send(get(url));
      await expect(read(body)).rejects.toThrow('other side closed');
      expect(await read((await http.send(get(url))).body)).toBe('whole');
    });

    it('rejects an answer that changes the protocol', async () => {
      const server = createTcpServer((socket) => {
        socket.once('data', () => socket.write(SWITCHING));
        socket.on('error', () => undefined);
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      await expect(client(kind).send(get(new URL(`http://127.0.0.1:${portOf(server)}/`)))).rejects.toThrow();
    });

    it('sends no name and password of the URL, and neither a header that is none', async () => {
      const { url } = await serve((request, response) => response.end(JSON.stringify(request.headers)));
      url.username = 'me';
      url.password = 'secret';
      const http = client(kind);
      const headers: unknown = JSON.parse(await read((await http.send(get(url))).body));
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).toHaveProperty('host', url.host);
      await expect(http.send(get(url, { headers: { 'x-bad': 'a\nb' } }))).rejects.toThrow();
      await read((await http.send(get(url))).body);
    });

    it('reaches an IPv6 address', async ({ skip }) => {
      const server = createServer((request, response) => response.end(request.headers.host));
      servers.push(server);
      const isThere = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen(0, '::1', () => resolve(true));
      });
      skip(!isThere, 'no IPv6 here');
      const url = new URL(`http://[::1]:${portOf(server)}/`);
      expect(await read((await client(kind).send(get(url))).body)).toBe(url.host);
    });

    it("rejects with the system's code where nobody listens, and where the server hangs up", async () => {
      const { url, server } = await serve((request) => request.socket.destroy());
      await expect(client(kind).send(get(url))).rejects.toMatchObject({
        code: kind === 'undici' ? 'UND_ERR_SOCKET' : 'ECONNRESET',
        message: 'other side closed',
      });
      await new Promise((resolve) => server.close(resolve));
      await expect(client(kind).send(get(url))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await expect(client(kind).send(get(new URL('http://no-such-host.invalid/')))).rejects.toMatchObject({
        code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/u),
      });
    });

    it('rejects what is no HTTP', async () => {
      const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = new URL(`http://127.0.0.1:${portOf(server)}/`);
      await expect(client(kind).send(get(url))).rejects.toMatchObject(
        kind === 'undici' ? { name: 'HTTPParserError' } : { code: expect.stringMatching(/^HPE_/u) },
      );
    });
  },
);

describe.each<Kind>(["Node's own client", 'undici'])('kept connections on %s', (kind) => {
  it('uses a socket again, until they are dropped', async ({ skip }) => {
    skip(kind === 'connections for one request each', 'it does not');
    const { url, server } = await serve((_request, response) => response.end('ok'));
    let sockets = 0;
    server.on('connection', () => (sockets += 1));
    const http = client(kind);
    for (let count = 0; count < 20; count += 1) await read((await http.send(get(url))).body);
    // Two at most: the next request may come before the first socket is free again.
    expect(sockets).toBeLessThanOrEqual(2);
    sockets = 0;
    http.dropSockets();
    await read((await http.send(get(url))).body);
    expect(sockets).toBe(1);
  });
});

describe('an HTTP client whose requests are far apart', () => {
  const FAR_APART = 'connections for one request each';

  it('sends methods without a body, headers of its own on framing, and values in Latin letters', async () => {
    const heads: string[] = [];
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (sent) => {
        heads.push(sent.toString('latin1'));
        socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${portOf(server)}/a?b=c`);
    const headers = { 'x-name': 'd\u00e9j\u00e0', 'content-length': '7', connection: 'keep-alive' };
    for (const method of ['GET', 'DELETE'] as const)
      expect(await read((await client(FAR_APART).send(get(url, { method, headers }))).body)).toBe('');
    await client(FAR_APART).send(get(url, { method: 'POST', headers, body: '\u00e9' }));
    const head = (method: string) =>
      `${method} /a?b=c HTTP/1.1\r\nhost: ${url.host}\r\nx-name: d\u00e9j\u00e0\r\nconnection: close\r\n`;
    expect(heads).toEqual([
      `${head('GET')}\r\n`,
      `${head('DELETE')}\r\n`,
      `${head('POST')}content-length: 2\r\n\r\n\u00c3\u00a9`,
    ]);
  });

  it('gives back the whole of a body without a length, and breaks off one that nobody reads', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(300_000)}`));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${portOf(server)}/`);
    const http = client(FAR_APART);
    expect(await read((await http.send(get(url))).body)).toHaveLength(300_000);
    const { body } = await http.send(get(url));
    body.destroy();
    await waitFor(async () => (await connections(server)) === 0);
    expect(await read((await http.send(get(url))).body)).toHaveLength(300_000);
  });

  it('leaves no connection behind, whatever becomes of its requests', async () => {
    const { url, server } = await serve((request, response) => {
      if (request.url === '/cut') response.writeHead(200, { 'content-length': '9' }).write('half');
      if (request.url === '/cut') setImmediate(() => request.socket.destroy());
      else if (request.url === '/never') return;
      else response.end('ok');
    });
    const http = client(FAR_APART);
    const before = handles();
    for (let count = 0; count < 20; count += 1) {
      const controller = new AbortController();
      const never = http.send(get(new URL('/never', url), { signal: controller.signal }));
      const cut = await http.send(get(new URL('/cut', url)));
      await expect(read(cut.body)).rejects.toThrow('other side closed');
      controller.abort();
      await expect(never).rejects.toMatchObject({ code: 'ABORT_ERR' });
      expect(await read((await http.send(get(url))).body)).toBe('ok');
    }
    await waitFor(async () => (await connections(server)) === 0);
    await waitFor(() => handles() <= before, { what: 'our sockets to be closed' });
  });

  it('closes each socket with its response where requests are far apart, also after one that failed', async () => {
    const said: (string | undefined)[] = [];
    const { url, server } = await serve((request, response) => {
      said.push(request.headers.connection);
      if (said.length === 2) request.socket.destroy();
      else response.end('ok');
    });
    const closed: Promise<unknown>[] = [];
    server.on('connection', (socket) => closed.push(once(socket, 'close')));
    const http = createHttpClient({}, { keepAlive: false });
    clients.push(http);
    expect(await read((await http.send(get(url))).body)).toBe('ok');
    await expect(http.send(get(url))).rejects.toThrow();
    expect(await read((await http.send(get(url))).body)).toBe('ok');
    await Promise.all(closed);
    expect([closed.length, said]).toEqual([3, ['close', 'close', 'close']]);
  });
});

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: elsewhere\r\n\r\n';

/** Sockets that this process holds. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

function connections(server: Server | TcpServer): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
