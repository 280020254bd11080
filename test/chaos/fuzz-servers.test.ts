// Fuzzing of what servers answer: lines on stdout, event streams, raw HTTP.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { readMessages } from '../../src/core/base/json-rpc.ts';
import { createHttpClient } from '../../src/system/net/http-client.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { openConnection } from '../../src/wire/connection.ts';
import { createEventStreamReader } from '../../src/wire/http/event-stream.ts';
import { openTransport } from '../../src/wire/open-transport.ts';
import { specOf } from '../fakes/spec.ts';
import { portOf } from '../fixtures/start.ts';
import { chaos } from './lib/chaos.ts';
import { fuzz, type Target } from './lib/fuzz.ts';

const JSON_WORDS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '"id":"wd:1:1"',
  '"id":1',
  '"jsonrpc":"2.0"',
  '"result":{}',
  '"error":{"code":-1,"message":""}',
  '"method":"ping"',
  '"method":"notifications/cancelled"',
  '"params":',
  'null',
  '\n',
  '1e309',
  '"\\ud800"',
  '"__proto__":',
];

/** Ours is `wd:1:1`: whatever comes, the request ends, and a server that then answers one is heard. */
async function takeLines(input: Buffer): Promise<void> {
  readMessages(input.toString());
  const stdin = new PassThrough();
  stdin.resume();
  const stdout = new PassThrough();
  const connection = openConnection(
    { stdin, stdout },
    { run: 1, version: '0.0.0', onNonProtocolOutput: () => undefined },
  );
  connection.subscribe({ onNotification: () => undefined, onRequest: () => false });
  const never = new AbortController().signal;
  const first = connection.request('tools/list', undefined, never);
  const second = connection.request('ping', undefined, never);
  stdout.write(input);
  await turn();
  stdout.write('\n{"jsonrpc":"2.0","id":"wd:1:2","result":{"is":"heard"}}\n');
  const outcome = await Promise.race([second, timeout('the second request')]);
  // The input itself may have answered it.
  if (outcome.kind !== 'response' && !input.includes('wd:1:2'))
    throw new Error(`A good answer after it is taken as ${JSON.stringify(outcome)}`);
  connection.close();
  await Promise.race([first, timeout('the first request')]);
}

function takeEventStream(input: Buffer): void {
  const whole = eventsOf([input]);
  const cut = Math.floor(input.length / 3);
  const pieces = eventsOf([input.subarray(0, cut), input.subarray(cut, cut + 1), input.subarray(cut + 1)]);
  if (JSON.stringify(whole) !== JSON.stringify(pieces))
    throw new Error('It means something else when it comes in pieces');
  const last = eventsOf([input, Buffer.from('\n\ndata: last\n\n')]).at(-1);
  if (last !== 'last') throw new Error(`The event after it is read as ${JSON.stringify(last)}`);
}

function eventsOf(chunks: readonly Buffer[]): string[] {
  const events: string[] = [];
  const reader = createEventStreamReader(65_536, ({ data }) => void events.push(data));
  for (const chunk of chunks) reader.push(chunk);
  return events;
}

/** A server that answers every connection with the same bytes and hangs up. */
async function rawServer(): Promise<{ readonly port: number; answer: Buffer }> {
  const state = { port: 0, answer: Buffer.alloc(0) };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', () => socket.end(state.answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  state.port = portOf(server);
  return state;
}

/** Whatever a server answers, a handshake ends with a value, within its time. */
async function httpAnswers(transport: 'http' | 'sse'): Promise<Target['take']> {
  const server = await rawServer();
  const spec = specOf({ transport, url: `http://127.0.0.1:${server.port}/mcp` });
  return async (input) => {
    server.answer = input;
    const http = createHttpClient({});
    const clock = systemClock;
    const opened = openTransport({
      spec,
      run: 1,
      connection: null,
      http,
      clock,
      version: '0.0.0',
      onHandshake: () => undefined,
    });
    const deadline = { clock, timeout: 300, signal: new AbortController().signal };
    const { kind } = await Promise.race([opened.connect(deadline), timeout('the handshake')]);
    if (typeof kind !== 'string') throw new Error('It has no result');
    await Promise.race([opened.close(deadline), timeout('the end of the session')]);
    http.dropSockets();
  };
}

function timeout(what: string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`Waited 20 s in vain for ${what}`)), 20_000).unref();
  });
}

const HTTP_WORDS = [
  'HTTP/1.1 200 OK\r\n',
  'Content-Type: text/event-stream\r\n',
  'Content-Type: application/json\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Mcp-Session-Id: x\r\n',
  'Location: /mcp/\r\n',
  'Content-Encoding: gzip\r\n',
  'WWW-Authenticate: Bearer\r\n',
  '\r\n\r\n',
  '5\r\n',
  'data: ',
  'event: endpoint\n',
  ...JSON_WORDS,
];

chaos(
  'fuzz-servers',
  { title: 'lines on stdout, event streams and raw HTTP of servers', rounds: { bounded: 1, long: 200 } },
  async (run) => {
    await fuzz(run, [
      { corpus: 'stdio', words: [...JSON_WORDS, 'Content-Length: 9\r\n\r\n', '\u001E'], take: takeLines },
      {
        corpus: 'event-stream',
        words: ['data:', 'data: ', 'event: ', 'id: ', 'retry: 1', ':', '\n\n', '\r\n', '\r'],
        take: takeEventStream,
      },
      { corpus: 'http-answer', words: HTTP_WORDS, take: await httpAnswers('http') },
      { corpus: 'http-answer', words: HTTP_WORDS, take: await httpAnswers('sse') },
    ]);
  },
);
