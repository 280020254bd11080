import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isObject, parseJson } from '../../../src/core/base/guards.ts';
import type { JsonObject } from '../../../src/core/base/json-rpc.ts';
import { openHttpUpstream, type HttpUpstream } from '../../../src/gateway/upstream/http-upstream.ts';
import { createHttpClient } from '../../../src/system/net/http-client.ts';
import { createPostClient } from '../../../src/system/net/post/post-client.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { specOf } from '../../fakes/spec.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { portOf } from '../../fixtures/start.ts';

interface Got {
  readonly message: JsonObject;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Stage {
  readonly upstream: HttpUpstream;
  /** What the server sent for clients, as text. */
  readonly texts: string[];
  readonly broken: string[];
  readonly lists: string[];
  /** All POSTs but those of handshakes. */
  readonly got: Got[];
  readonly handshakes: () => number;
}

const SESSION = 'mcp-session-id';

/** A server over HTTP whose answers to clients a test gives, and the upstream that has greeted it. */
async function stage(
  answer: (got: Got) => void,
  { era = 'legacy', path = '/mcp' }: { era?: 'legacy' | 'modern'; path?: string } = {},
): Promise<Stage> {
  const got: Got[] = [];
  let greetings = 0;
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const message = parseJson(Buffer.concat(chunks).toString());
    if (!isObject(message)) return void response.writeHead(400).end();
    const { method, id } = message;
    if (method === 'initialize') {
      greetings += 1;
      response.setHeader(SESSION, `session ${greetings}`);
      return sendJson(response, { jsonrpc: '2.0', id, result: LEGACY });
    }
    if (method === 'server/discover')
      return sendJson(response, {
        jsonrpc: '2.0',
        id,
        ...(era === 'modern' ? { result: MODERN } : { error: UNKNOWN }),
      });
    if (method === 'notifications/initialized') return void response.writeHead(202).end();
    const one = { message, request, response };
    got.push(one);
    answer(one);
  }
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${portOf(server)}${path}`;
  const spec = specOf({ transport: 'http', url, headers: { Authorization: 'Bearer hush' } });
  const texts: string[] = [];
  const broken: string[] = [];
  const lists: string[] = [];
  let isGreeted = false;
  const upstream = openHttpUpstream({
    target: {
      spec,
      run: 1,
      connection: null,
      http: createHttpClient({}),
      clock: systemClock,
      version: '1',
      onHandshake: () => undefined,
    },
    posts: createPostClient(new URL(url), {}, 8),
    events: {
      onHandshake: () => (isGreeted = true),
      onMessage: (_message, text) => void texts.push(text),
      onListChanged: (list) => void lists.push(list),
      onBroken: (key) => void broken.push(key),
    },
    toolHeaders: () => [{ header: 'Who', path: ['who'] }],
  });
  onTestFinished(() => {
    upstream.close();
    server.closeAllConnections();
    server.close();
  });
  await waitFor(() => isGreeted, { what: 'the handshake' });
  return { upstream, texts, broken, lists, got, handshakes: () => greetings };
}

const INFO = { capabilities: { tools: {} } };
const LEGACY = { protocolVersion: '2025-11-25', serverInfo: { name: 's', version: '1' }, ...INFO };
const MODERN = { supportedVersions: ['2026-07-28'], ...INFO };
const UNKNOWN = { code: -32_601, message: 'Method not found' };

function sendJson(response: ServerResponse, message: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(message));
}

const call = (id: string, given: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'tool', arguments: given } });
const resultTo = (id: unknown, result: object = {}) => ({ jsonrpc: '2.0', id, result });
const event = (message: object): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;

function startStream(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'content-type': 'text/event-stream' });
}

describe('an upstream over HTTP', () => {
  test('passes a request on with its session and headers, and its answer as it came', async () => {
    const text = '{"jsonrpc":"2.0", "id":"gw:1:1", "result":{"n":12345678901234567890}}';
    const { upstream, texts, got, broken } = await stage(({ response }) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(text),
    );
    expect(upstream.write(call('gw:1:1'), 'gw:1:1')).toBe('written');
    await waitFor(() => texts.length === 1);
    expect([texts, broken]).toEqual([[text], []]);
    expect(got[0]?.message).toEqual(JSON.parse(call('gw:1:1')));
    expect(got[0]?.request.headers).toMatchObject({
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer hush',
      'content-type': 'application/json',
      'mcp-protocol-version': '2025-11-25',
      [SESSION]: 'session 1',
    });
  });

  test('takes an answer from a stream of events, and what comes before it', async () => {
    const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1 } };
    const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };
    const { upstream, texts, lists, broken } = await stage(({ response, message }) => {
      startStream(response).write(`: hello\n\nid: 1\ndata:\n\n${event(progress)}`);
      response.write(event(changed));
      const answer = event(resultTo(message['id']));
      response.write(answer.slice(0, 30));
      setTimeout(() => response.end(answer.slice(30)), 50);
    });
    upstream.write(call('gw:1:1'), 'gw:1:1');
    await waitFor(() => texts.length === 2);
    expect(texts.map((text) => JSON.parse(text))).toEqual([progress, resultTo('gw:1:1')]);
    expect([lists, broken]).toEqual([['tools'], []]);
  });

  test('gives an error that names no request, and a bare status, the id of the request', async () => {
    const error = { code: -32_000, message: 'Bad session' };
    const { upstream, texts } = await stage(({ response, message }) => {
      if (message['id'] === 'gw:1:1') sendJson(response, { jsonrpc: '2.0', id: null, error }, 400);
      else response.writeHead(502).end('<html>');
    });
    upstream.write(call('gw:1:1'), 'gw:1:1');
    await waitFor(() => texts.length === 1);
    upstream.write(call('gw:1:2'), 'gw:1:2');
    await waitFor(() => texts.length === 2);
    const status = { code: -32_000, message: 'The server answered with HTTP status 502' };
    expect(texts.map((text) => JSON.parse(text))).toEqual([
      { jsonrpc: '2.0', id: 'gw:1:1', error },
      { jsonrpc: '2.0', id: 'gw:1:2', error: status },
    ]);
  });

  test('renews a session that is gone, once for all requests, and sends them again', async () => {
    const { upstream, texts, got, handshakes, broken } = await stage(({ request, response, message }) => {
      if (request.headers[SESSION] === 'session 1') sendJson(response, {}, 404);
      else sendJson(response, resultTo(message['id']));
    });
    for (const key of ['gw:1:1', 'gw:1:2', 'gw:1:3']) upstream.write(call(key), key);
    await waitFor(() => texts.length === 3);
    upstream.write(call('gw:1:4'), 'gw:1:4');
    await waitFor(() => texts.length === 4);
    expect([handshakes(), got.length, broken]).toEqual([2, 7, []]);
  });

  test('gives the answer of a server that knows no session at all', async () => {
    const { upstream, texts, handshakes } = await stage(({ response }) => sendJson(response, {}, 404));
    upstream.write(call('gw:1:1'), 'gw:1:1');
    await waitFor(() => texts.length === 1);
    expect(texts[0]).toContain('HTTP status 404');
    expect(handshakes()).toBe(2);
  });

  test.each([
    ['follows a redirect within its origin', '/mcp/', 1],
    ['follows none to another origin', 'http://elsewhere.example/mcp', 0],
    ['follows no second one', '/loop', 0],
  ])('%s', async (_what, location, answers) => {
    const { upstream, texts, broken, got } = await stage(({ request, response, message }) => {
      if (request.url === '/mcp/') sendJson(response, resultTo(message['id']));
      else response.writeHead(307, { location }).end();
    });
    upstream.write(call('gw:1:1'), 'gw:1:1');
    await waitFor(() => texts.length + broken.length === 1);
    expect(texts).toHaveLength(answers);
    expect(got).toHaveLength(location === 'http://elsewhere.example/mcp' ? 1 : 2);
    expect(got.every(({ request }) => request.headers.authorization === 'Bearer hush')).toBe(true);
  });

  test.each([
    ['hangs up', ({ request }: Got) => request.socket.destroy()],
    ['ends its stream without it', ({ response }: Got) => startStream(response).end(': nothing\n\n')],
    ['answers with nothing', ({ response }: Got) => response.writeHead(202).end()],
    [
      'answers with a result that nests too deep',
      ({ response, message }: Got) =>
        sendJson(response, resultTo(message['id'], { deep: JSON.parse('['.repeat(200) + ']'.repeat(200)) })),
    ],
    [
      'sends more than 16 MiB',
      ({ response, message }: Got) =>
        sendJson(response, resultTo(message['id'], { long: 'x'.repeat(16 * 1024 * 1024) })),
    ],
  ])('says that no answer will come where the server %s', async (_what, answer) => {
    const { upstream, texts, broken } = await stage(answer);
    upstream.write(call('gw:1:1'), 'gw:1:1');
    await waitFor(() => broken.length === 1);
    expect([texts, broken]).toEqual([[], ['gw:1:1']]);
  });

  test('says nothing of a stream that breaks after the answer', async () => {
    const { upstream, texts, broken } = await stage(({ request, response, message }) => {
      if (message['id'] === 'gw:1:2') return sendJson(response, resultTo('gw:1:2'));
      startStream(response).write(event(resultTo('gw:1:1')), () => request.socket.destroy());
    });
    upstream.write(call('gw:1:1'), 'gw:1:1');
    await waitFor(() => texts.length === 1);
    upstream.write(call('gw:1:2'), 'gw:1:2');
    await waitFor(() => texts.length === 2);
    // As long as a broken request would wait to be told.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(broken).toEqual([]);
  });

  test('takes a notification, and an answer to the server, for done with whatever comes', async () => {
    const { upstream, texts, broken, got } = await stage(({ response, message }) => {
      if (message['id'] === 'gw:1:1') sendJson(response, resultTo('gw:1:1'));
      else response.writeHead(message['method'] === undefined ? 500 : 202).end();
    });
    upstream.write('{"jsonrpc":"2.0","method":"notifications/progress"}', null);
    upstream.write('{"jsonrpc":"2.0","id":7,"result":{}}', null);
    await waitFor(() => got.length === 2);
    upstream.write(call('gw:1:1'), 'gw:1:1');
    await waitFor(() => texts.length === 1);
    expect([texts.length, broken]).toEqual([1, []]);
  });

  test('takes no more than 256 at once, and none after its end', async () => {
    const { upstream, got, broken } = await stage(() => undefined);
    const results = Array.from({ length: 257 }, (_, index) =>
      upstream.write(call(`gw:1:${index}`), `gw:1:${index}`),
    );
    expect([results[255], results[256]]).toEqual(['written', 'full']);
    await waitFor(() => got.length === 256);
    let closed = 0;
    for (const { request } of got) request.socket.once('close', () => (closed += 1));
    upstream.close();
    expect(upstream.write(call('gw:1:300'), 'gw:1:300')).toBe('gone');
    await waitFor(() => closed === 256);
    expect(broken).toEqual([]);
  });
});

describe('an upstream over HTTP of the modern era', () => {
  test('repeats method, subject and arguments in headers', async () => {
    const { upstream, texts, got } = await stage(
      ({ response, message }) => sendJson(response, resultTo(message['id'])),
      {
        era: 'modern',
      },
    );
    upstream.write(call('gw:1:1', { who: 'Zoë' }), 'gw:1:1');
    upstream.write('{"jsonrpc":"2.0","id":"gw:1:2","method":"tools/list"}', 'gw:1:2');
    await waitFor(() => texts.length === 2);
    const headers = new Map(got.map(({ message, request }) => [message['id'], request.headers]));
    expect(headers.get('gw:1:1')).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'tool',
      'mcp-param-who': `=?base64?${Buffer.from('Zoë').toString('base64')}?=`,
    });
    expect(headers.get('gw:1:2')).toMatchObject({ 'mcp-method': 'tools/list' });
    expect(headers.get('gw:1:2')).not.toHaveProperty('mcp-name');
  });

  test('cancels by the end of the exchange', async () => {
    const { upstream, got, broken } = await stage(() => undefined, { era: 'modern' });
    upstream.write(call('gw:1:1'), 'gw:1:1');
    const { request } = await waitFor(() => got[0]);
    const closed = once(request.socket, 'close');
    const params = { requestId: 'gw:1:1' };
    upstream.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }), null);
    await closed;
    await waitFor(() => broken.length === 1);
    expect(got).toHaveLength(1);
  });
});
