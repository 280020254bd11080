// Bodies of requests: whole however they come, bounded, and given back when their client leaves.
import { once } from 'node:events';
import { createServer, request, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createBodyBudget } from '../../src/gateway/bounds/body-budget.ts';
import { GatewayRequest } from '../../src/gateway/gateway-request.ts';
import { readBody } from '../../src/gateway/request-body.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { listenForTest } from '../fakes/listen.ts';

interface Limits {
  readonly limit?: number;
  readonly most?: number;
}

/** A server that answers each body with itself, and a refused one with why, once all of it has come. */
async function startServer({ limit = 1_000, most = 10_000 }: Limits = {}) {
  const budget = createBodyBudget(most);
  const texts: string[] = [];
  const refused: string[] = [];
  const requests: GatewayRequest[] = [];
  const port = await listen((incoming, response) => {
    requests.push(incoming);
    response.on('error', () => undefined);
    readBody(
      { request: incoming, response },
      {
        budget,
        limit: () => limit,
        onText(exchange, text) {
          texts.push(text);
          exchange.response.end(`text ${text}`);
        },
        onRefused(exchange, why) {
          refused.push(why);
          exchange.request.once('end', () => exchange.response.end(why));
          exchange.request.resume();
        },
      },
    );
  });
  return { port, budget, texts, refused, requests };
}

function listen(app: RequestListener<typeof GatewayRequest>): Promise<number> {
  return listenForTest(createServer({ IncomingMessage: GatewayRequest }, app));
}

/** Sends the pieces, each once the one before it is gone, and returns what comes back. */
async function post(port: number, pieces: readonly Buffer[]): Promise<string> {
  const outgoing = request({ port, host: '127.0.0.1', method: 'POST', agent: false });
  for (const piece of pieces) {
    await new Promise((resolve) => outgoing.write(piece, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += piece;
  return text;
}

test('a body is whole, in however many pieces it comes', async () => {
  const { port, budget } = await startServer();
  const bytes = Buffer.from('{"text":"für €"}');
  const pieces = Array.from(bytes, (byte) => Buffer.from([byte]));
  expect(await post(port, pieces)).toBe('text {"text":"für €"}');
  expect(await post(port, [bytes])).toBe('text {"text":"für €"}');
  expect(await post(port, [])).toBe('text ');
  expect(budget.used).toBe(0);
});

test('requests in one packet get their own bodies', async () => {
  const { port, texts } = await startServer();
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const one = (body: string): string =>
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  socket.write(`${one('first')}${one('')}${one('third')}`);
  let received = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => (received += text));
  await waitFor(() => received.includes('text third'));
  expect(texts).toEqual(['first', '', 'third']);
  expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
});

test('a body that is too long, or for which no memory is left, is refused; the rest of it is read by others', async () => {
  const small = await startServer({ limit: 10 });
  const pieces = Array.from({ length: 5 }, () => Buffer.alloc(6, 'x'));
  expect(await post(small.port, pieces)).toBe('too-large');
  expect(small.refused).toEqual(['too-large']);
  expect(small.budget.used).toBe(0);
  expect(await post(small.port, [Buffer.from('short')])).toBe('text short');

  const crowded = await startServer({ most: 10 });
  expect(await post(crowded.port, pieces)).toBe('busy');
  expect(crowded.budget.used).toBe(0);
});

test('a client that leaves within its body gives its memory back, and nobody hears of it', async () => {
  const { port, budget, texts, refused, requests } = await startServer();
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nbeginning');
  await waitFor(() => budget.used === 9);
  socket.destroy();
  await waitFor(() => budget.used === 0);
  await waitFor(() => requests[0]?.destroyed === true);
  expect([texts, refused]).toEqual([[], []]);
});

test('a request whose body nobody takes is read as any other', async () => {
  const port = await listen((incoming, response) => {
    let text = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (piece: string) => (text += piece));
    incoming.on('end', () => response.end(`read ${text}`));
  });
  expect(await post(port, [Buffer.from('a'), Buffer.from('b')])).toBe('read ab');
});
