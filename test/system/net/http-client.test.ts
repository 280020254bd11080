import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient, type HttpRequest } from '../../../src/system/net/http-client.ts';
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

function client() {
  const http = createHttpClient();
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

describe('an HTTP client', () => {
  it('sends method, path, headers and body, and gives back status, headers and body', async () => {
    const { url } = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        response.writeHead(418, { 'X-Kind': 'teapot', 'Set-Cookie': ['a', 'b'] });
        response.end(JSON.stringify([request.method, request.url, request.headers['x-ask'], body]));
      });
    });
    const answer = await client().send(get(url, { method: 'POST', headers: { 'x-ask': 'why' }, body: 'é' }));
    expect(answer.status).toBe(418);
    expect(answer.headers).toMatchObject({ 'x-kind': 'teapot', 'set-cookie': 'a' });
    expect(JSON.parse(await read(answer.body))).toEqual(['POST', '/a?b=c', 'why', 'é']);
  });

  it('uses a socket again, until they are dropped', async () => {
    const { url, server } = await serve((_request, response) => response.end('ok'));
    let sockets = 0;
    server.on('connection', () => (sockets += 1));
    const http = client();
    for (let count = 0; count < 20; count += 1) await read((await http.send(get(url))).body);
    // Two at most: the next request may come before the first socket is free again.
    expect(sockets).toBeLessThanOrEqual(2);
    sockets = 0;
    http.dropSockets();
    await read((await http.send(get(url))).body);
    expect(sockets).toBe(1);
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

  it('does not follow a redirect', async () => {
    const { url } = await serve((_request, response) =>
      response.writeHead(302, { location: '/elsewhere' }).end(),
    );
    const answer = await client().send(get(url));
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
    const { body } = await client().send(get(url));
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
    const sending = client().send(get(url, { signal: controller.signal }));
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
    await expect(client().send(get(url, { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: 'ABORT_ERR',
    });
  });

  it('gives up a request that waits for a socket', async () => {
    const { url } = await serve(() => undefined);
    const http = client();
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
    const http = client();
    const sending = http.send(get(url));
    http.dropSockets();
    await expect(sending).rejects.toThrow();
  });

  it("rejects with the system's code where nobody listens, and where the server hangs up", async () => {
    const { url, server } = await serve((request) => request.socket.destroy());
    await expect(client().send(get(url))).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    await new Promise((resolve) => server.close(resolve));
    await expect(client().send(get(url))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(client().send(get(new URL('http://no-such-host.invalid/')))).rejects.toMatchObject({
      code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/u),
    });
  });

  it('rejects what is no HTTP', async () => {
    const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${portOf(server)}/`);
    await expect(client().send(get(url))).rejects.toMatchObject({
      name: 'HTTPParserError',
    });
  });
});

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
