import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpClient, openUndiciPool } from '../../../../src/system/net/http-client.ts';
import { createPostClient, postThrough } from '../../../../src/system/net/post/post-client.ts';
import { openPostPool, type PostClient } from '../../../../src/system/net/post/post-pool.ts';
import { waitFor } from '../../../fakes/wait-for.ts';
import { portOf } from '../../../fixtures/start.ts';

async function listening<Kind extends Server | TcpServer>(server: Kind): Promise<{ url: URL; server: Kind }> {
  onTestFinished(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: new URL(`http://127.0.0.1:${portOf(server)}/a?b=c`), server };
}

type Handle = (...[request, response]: Parameters<RequestListener>) => unknown;

function serve(handle: Handle): Promise<{ url: URL; server: Server }> {
  return listening(createServer((request, response) => void handle(request, response)));
}

function wholeOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => resolve(body));
  });
}

interface Asked {
  readonly answer: Promise<{ status: number; headers: Readonly<Record<string, string>>; body: string }>;
  /** What has come of the body. */
  readonly body: () => string;
  /** All that was told, in order. */
  readonly told: string[];
  readonly breakOff: () => void;
}

function ask(
  client: PostClient,
  url: URL,
  { headers = {}, body = '{}' }: { headers?: Readonly<Record<string, string>>; body?: string } = {},
): Asked {
  const told: string[] = [];
  let text = '';
  let breakOff = (): void => undefined;
  const answer = new Promise<Awaited<Asked['answer']>>((resolve, reject) => {
    let head = { status: 0, headers: {} };
    breakOff = client.post(
      { url, headers, body },
      {
        head(given) {
          told.push('head');
          head = { status: given.status, headers: given.headers };
        },
        chunk: (bytes) => (text += bytes.toString()),
        end() {
          told.push('end');
          resolve({ ...head, body: text });
        },
        failed(error) {
          told.push('failed');
          reject(error);
        },
      },
    );
  });
  answer.catch(() => undefined);
  return { answer, body: () => text, told, breakOff };
}

type Kind = 'its own pool' | 'undici';

function clientFor(url: URL, kind: Kind): PostClient {
  const client =
    kind === 'its own pool'
      ? createPostClient(url, {}, 8)
      : postThrough(
          createHttpClient(
            {},
            {
              connections: 8,
              open: (to, environment, { connections }) => ({
                proxy: null,
                pool: openUndiciPool(to, { environment, connections, proxy: null }),
              }),
            },
          ),
        );
  onTestFinished(() => client.close());
  return client;
}

// undici is the judge: what goes to servers on this machine over the pool shows the same.
describe.each<Kind>(['its own pool', 'undici'])('a post client on %s', (kind) => {
  test('sends path, headers and body, and gives back status, headers and body', async () => {
    const { url } = await serve(async (request, response) => {
      const { host, 'x-ask': asked, 'content-length': length } = request.headers;
      response.writeHead(418, { 'X-Kind': 'teapot', 'Set-Cookie': ['a', 'b'] });
      response.end(
        JSON.stringify([request.method, request.url, host, asked, length, await wholeOf(request)]),
      );
    });
    const client = clientFor(url, kind);
    const { answer } = ask(client, url, { headers: { 'x-ask': 'why' }, body: 'é' });
    const { status, headers, body } = await answer;
    expect([status, headers['x-kind'], headers['set-cookie']]).toEqual([418, 'teapot', 'a']);
    expect(JSON.parse(body)).toEqual(['POST', '/a?b=c', url.host, 'why', '2', 'é']);
    expect((await ask(client, url, { headers: { 'x-ask': 'then' } }).answer).body).toContain('"then"');
  });

  test('gives back long bodies whole, of a length and in chunks', async () => {
    const long = Array.from({ length: 100_000 }, (_, index) => index).join(' ');
    const { url } = await serve(async (request, response) => {
      const body = await wholeOf(request);
      if (request.headers['x-chunks'] === undefined)
        response.setHeader('content-length', Buffer.byteLength(body));
      response.write(body.slice(0, 100_000));
      response.end(body.slice(100_000));
    });
    const client = clientFor(url, kind);
    const answers = [{}, { 'x-chunks': '1' }, {}].map(
      (headers) => ask(client, url, { headers, body: long }).answer,
    );
    // Not compared by `expect`: a difference would be shown whole.
    expect((await Promise.all(answers)).map(({ body }) => body === long)).toEqual([true, true, true]);
  });

  test('gives what has come of a body before its end', async () => {
    let end = (): unknown => undefined;
    const { url } = await serve((_request, response) => {
      response.write('half');
      end = () => response.end(', whole');
    });
    const { answer, body } = ask(clientFor(url, kind), url);
    await waitFor(() => body() === 'half');
    end();
    expect((await answer).body).toBe('half, whole');
  });

  test.each(['before the head', 'within the body'])(
    'tells nothing of what was broken off %s',
    async (when) => {
      let closed = 0;
      let count = 0;
      const { url } = await serve((request, response) => {
        count += 1;
        request.socket.on('close', () => (closed += 1));
        if (when === 'within the body') response.write('half');
      });
      const asked = ask(clientFor(url, kind), url);
      await waitFor(() => (when === 'within the body' ? asked.body() === 'half' : count === 1));
      const before = [...asked.told];
      asked.breakOff();
      await waitFor(() => closed === 1);
      expect(asked.told).toEqual(before);
    },
  );

  test('fails what is under way when it is closed, and goes on with other connections', async () => {
    let count = 0;
    const { url } = await serve((_request, response) => {
      count += 1;
      if (count > 1) response.end('ok');
    });
    const client = clientFor(url, kind);
    const { answer } = ask(client, url);
    await waitFor(() => count === 1);
    client.close();
    await expect(answer).rejects.toThrow();
    expect((await ask(client, url).answer).body).toBe('ok');
  });

  test('fails where nobody listens, where the server hangs up, and for a header that is none', async () => {
    let count = 0;
    const { url, server } = await serve((request, response) => {
      count += 1;
      if (count === 1) request.socket.destroy();
      else response.writeHead(200, { 'content-length': '10' }).write('half', () => request.socket.destroy());
    });
    const client = clientFor(url, kind);
    await expect(ask(client, url).answer).rejects.toThrow('other side closed');
    await expect(ask(client, url).answer).rejects.toThrow('other side closed');
    await expect(ask(client, url, { headers: { 'x-bad': 'a\nb' } }).answer).rejects.toThrow();
    await new Promise((resolve) => server.close(resolve));
    await expect(ask(client, url).answer).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('the pool of a post client', () => {
  function openPool(url: URL): PostClient {
    const pool = openPostPool(url);
    onTestFinished(() => pool.close());
    return pool;
  }

  test('sends head and body in one piece, and uses a connection again', async () => {
    const pieces: string[] = [];
    let connections = 0;
    const { url } = await listening(
      createTcpServer((socket) => {
        connections += 1;
        socket.on('error', () => undefined);
        socket.on('data', (piece) => {
          pieces.push(piece.toString());
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        });
      }),
    );
    const pool = openPool(url);
    for (const body of ['1', '22', '333']) await ask(pool, url, { headers: { 'x-a': 'b' }, body }).answer;
    const head = `POST /a?b=c HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\nx-a: b\r\ncontent-length: `;
    expect([connections, pieces]).toEqual([
      1,
      [`${head}1\r\n\r\n1`, `${head}2\r\n\r\n22`, `${head}3\r\n\r\n333`],
    ]);
  });

  test('says itself where a body ends, whatever the headers of the config say', async () => {
    const { url } = await serve(async (request, response) => response.end(await wholeOf(request)));
    const headers = { 'content-length': '1', 'transfer-encoding': 'chunked' };
    expect((await ask(openPool(url), url, { headers, body: 'whole' }).answer).body).toBe('whole');
  });

  /** A server that counts its connections and writes this to each request. */
  async function counting(text: string, then: (socket: Socket) => void = () => undefined) {
    let connections = 0;
    const { url } = await listening(
      createTcpServer((socket) => {
        connections += 1;
        socket.on('error', () => undefined);
        socket.on('data', () => {
          socket.write(text);
          then(socket);
        });
      }),
    );
    return { url, connections: () => connections };
  }

  test.each([
    ['says that it closes it', 'Connection: close\r\n'],
    ['keeps it for a second only', 'Keep-Alive: timeout=1\r\n'],
  ])('leaves a connection whose server %s', async (_what, header) => {
    const { url, connections } = await counting(`HTTP/1.1 200 OK\r\n${header}Content-Length: 2\r\n\r\nok`);
    const pool = openPool(url);
    await ask(pool, url).answer;
    await ask(pool, url).answer;
    expect(connections()).toBe(2);
  });

  test('leaves a connection that the server has closed, or on which more came than was asked for', async () => {
    let closed = 0;
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const ending = await counting(answer, (socket) => socket.end());
    const talking = await counting(answer + answer, (socket) => socket.once('close', () => (closed += 1)));
    for (const { url, connections } of [ending, talking]) {
      const pool = openPool(url);
      for (let count = 1; count <= 3; count += 1) {
        expect((await ask(pool, url).answer).body).toBe('ok');
        await waitFor(() => connections() === count);
        // The news that it is closed may come a turn later.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await waitFor(() => closed === 3);
  });

  test('closes a connection that was not used for four seconds', async () => {
    let closed = 0;
    const { url } = await serve((request, response) => {
      request.socket.once('close', () => (closed += 1));
      response.setHeader('keep-alive', 'timeout=600');
      response.end('ok');
    });
    const pool = openPool(url);
    const began = performance.now();
    await Promise.all([ask(pool, url).answer, ask(pool, url).answer]);
    await waitFor(() => closed === 2, { timeout: 30_000 });
    expect(performance.now() - began).toBeGreaterThan(3_900);
  });

  test('reaches an IPv6 address', async ({ skip }) => {
    const server = createServer((request, response) => response.end(request.headers.host));
    onTestFinished(() => void server.close());
    const isThere = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(0, '::1', () => resolve(true));
    });
    skip(!isThere, 'no IPv6 here');
    const url = new URL(`http://[::1]:${portOf(server)}/`);
    expect((await ask(openPool(url), url).answer).body).toBe(url.host);
    server.closeAllConnections();
  });

  test('outlives a taker that throws', async () => {
    const { url } = await serve((_request, response) => response.end('ok'));
    const pool = openPool(url);
    let failure: unknown = null;
    pool.post(
      { url, headers: {}, body: '{}' },
      {
        head() {
          throw new Error('No head was expected');
        },
        chunk: () => undefined,
        end: () => undefined,
        failed: (error) => (failure = error),
      },
    );
    await waitFor(() => failure !== null);
    expect(failure).toMatchObject({ message: 'No head was expected' });
    expect((await ask(pool, url).answer).body).toBe('ok');
  });
});

test('what goes through a proxy, and what is encrypted, is left to undici', async () => {
  const seen: (string | undefined)[] = [];
  const proxy = await serve((request, response) => {
    seen.push(request.url);
    response.end('from the proxy');
  });
  const url = new URL('http://server.example/mcp');
  const client = createPostClient(url, { HTTP_PROXY: `http://${proxy.url.host}` }, 2);
  onTestFinished(() => client.close());
  expect((await ask(client, url).answer).body).toBe('from the proxy');
  expect(seen).toEqual([url.href]);
  const wrong = createPostClient(url, { HTTP_PROXY: 'nonsense://' }, 2);
  await expect(ask(wrong, url).answer).rejects.toThrow('names no proxy');
});
