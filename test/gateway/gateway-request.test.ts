// Headers of requests on one connection: a table is used again only where all that was sent is the same.
import { Agent, createServer, request, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayRequest } from '../../src/gateway/gateway-request.ts';

const server = createServer({ IncomingMessage: GatewayRequest }, (asked, response) => {
  seen.push(asked.headers);
  asked.resume();
  asked.once('end', () => response.end(JSON.stringify(asked.headers)));
});
const seen: IncomingHttpHeaders[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(
  () =>
    new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    }),
);

afterAll(async () => {
  agent.destroy();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

/** Sends one request and returns the headers that its server saw. */
function ask(headers: Record<string, string | string[]>, body?: string): Promise<IncomingHttpHeaders> {
  const bound = server.address();
  const port = typeof bound === 'object' ? bound?.port : undefined;
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request({ host: '127.0.0.1', port, method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve(JSON.parse(text)));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

it('are those of each request, whatever came before it', async () => {
  const usual = { accept: 'application/json', 'mcp-session-id': 'one' };
  expect(await ask(usual, 'a')).toMatchObject({ ...usual, 'content-length': '1' });
  expect(await ask(usual, 'a')).toMatchObject({ ...usual, 'content-length': '1' });
  expect(await ask(usual, 'abc')).toMatchObject({ ...usual, 'content-length': '3' });
  expect(await ask({ ...usual, 'mcp-session-id': 'two' }, 'abc')).toMatchObject({ 'mcp-session-id': 'two' });
  expect(await ask(usual)).not.toHaveProperty('content-length');
  expect(await ask({ accept: usual.accept })).not.toHaveProperty('mcp-session-id');
  expect(await ask({ 'x-a': ['1', '2'] })).toMatchObject({ 'x-a': '1, 2' });
  expect(await ask({ 'x-a': ['1', '3'] })).toMatchObject({ 'x-a': '1, 3' });
  expect(await ask({ Accept: usual.accept, 'mcp-session-id': 'three' }, 'a')).toMatchObject({
    ...usual,
    'mcp-session-id': 'three',
  });
});

it('of requests that are alike are one table, and another one for another length', async () => {
  const usual = { accept: 'application/json' };
  const before = seen.length;
  await ask(usual, 'a');
  await ask(usual, 'b');
  await ask(usual, 'bc');
  const [first, second, third] = seen.slice(before);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
  expect([first?.['content-length'], third?.['content-length']]).toEqual(['1', '2']);
});
