// Fuzzing of what local programs send to the daemon: the control socket and the HTTP listener.
import { createConnection, type NetConnectOpts } from 'node:net';
import { onTestFinished } from 'vitest';
import { messageOf } from '../../src/core/base/guards.ts';
import { startControlServer } from '../../src/control/server.ts';
import { connect } from '../../src/control/client.ts';
import { fakeDaemon } from '../fakes/control-handlers.ts';
import { missingHome } from '../fakes/temp-home.ts';
import { startWeb } from '../fakes/web.ts';
import { chaos } from './lib/chaos.ts';
import { fuzz, type Target } from './lib/fuzz.ts';

/** Sends the bytes, and reads what comes back until the other side is done or says nothing for `quiet` ms. */
function send(to: NetConnectOpts, input: Buffer, quiet: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = createConnection(to);
    const finish = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket.setTimeout(quiet, finish);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset is an answer too.
    socket.on('error', finish);
    socket.on('close', finish);
    socket.end(input);
  });
}

/** Every line that comes back is an answer, and the next client is answered. */
async function control(): Promise<Target['take']> {
  const { socket } = missingHome();
  const server = await startControlServer({ socketPath: socket, handlers: fakeDaemon().handlers });
  onTestFinished(() => server.close());
  return async (input) => {
    const answer = await send({ path: socket }, input, 300);
    for (const line of answer.toString().split('\n').slice(0, -1)) {
      const { v }: { v?: unknown } = JSON.parse(line);
      if (v !== 1) throw new Error(`It is answered with ${line.slice(0, 200)}`);
    }
    const client = await connect(socket);
    const { pid } = await client.request('ping', {}, { timeout: 20_000 });
    client.close();
    if (pid !== 4000) throw new Error(`The next ping is answered with ${pid}`);
  };
}

/** What comes back begins as HTTP does, no error of ours is raised, and the next request is answered. */
async function listener(): Promise<Target['take']> {
  const web = await startWeb({
    alertmanagerWebhook: { admit: () => null, receive: () => null },
  });
  onTestFinished(() => web.close());
  return async (input) => {
    const answer = await send({ host: '127.0.0.1', port: web.port }, input, 300);
    const text = answer.toString('latin1');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /u.exec(text)?.[1]);
    const [fault] = web.faults.splice(0);
    if (fault !== undefined) throw new Error(`It raised an error: ${messageOf(fault)}`, { cause: fault });
    if (text !== '' && !(status >= 100 && status < 500) && status !== 503)
      throw new Error(`It is answered with ${JSON.stringify(text.slice(0, 200))}`);
    const next = await web.ask('/-/healthy');
    if (next.status !== 200) throw new Error(`The next request is answered with ${next.status}`);
  };
}

const REQUEST_WORDS = [
  'GET ',
  'POST ',
  'HEAD ',
  'OPTIONS ',
  '/metrics',
  '/api/v1/status',
  '/api/v1/alertmanager?tell=yes',
  '/runbooks/',
  '/%2e%2e/',
  ' HTTP/1.1\r\n',
  ' HTTP/1.0\r\n',
  'Host: 127.0.0.1\r\n',
  'Host: evil.example\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Expect: 100-continue\r\n',
  'Accept-Encoding: gzip\r\n',
  'Accept: application/json\r\n',
  'Content-Type: application/json\r\n',
  'Authorization: Basic Og==\r\n',
  'Upgrade: h2c\r\nConnection: Upgrade\r\n',
  '\r\n',
  '\r\n\r\n',
  'http://evil.example/',
  '%00',
  '%ff',
  '?a[b]=c',
];

chaos(
  'fuzz-clients',
  {
    title: 'frames on the control socket and raw requests to the HTTP listener',
    rounds: { bounded: 1, long: 200 },
  },
  async (run) => {
    await fuzz(run, [
      {
        corpus: 'control',
        words: [
          '{',
          '}',
          '[',
          ']',
          '"',
          '\n',
          '{"v":1,"id":1,"method":"ping"}\n',
          '"v":1',
          '"id":',
          '"method":"status"',
          '"params":',
          '{"names":["a"]}',
          '"__proto__":',
          'null',
          '1e999',
          '\u0000',
        ],
        take: await control(),
      },
      { corpus: 'http-request', words: REQUEST_WORDS, take: await listener() },
    ]);
  },
);
