import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { openPostPool } from '../../../../src/system/net/post/post-pool.ts';
import { HeadReader, ResponseReader } from '../../../../src/system/net/http1/response-reader.ts';
import { portOf } from '../../../fixtures/start.ts';

interface Heard {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** Reads responses that follow each other on one connection; `error` for what is none. */
function read(
  pieces: readonly Buffer[],
  count = 1,
): { heard: Heard[]; error: string | null; reader: ResponseReader } {
  const reader = new ResponseReader(new HeadReader());
  const heard: Heard[] = [];
  const begin = (): void => {
    if (heard.length === count) return;
    let one: Heard = { status: 0, headers: {}, body: '' };
    reader.begin({
      head: ({ status, headers }) => (one = { status, headers, body: '' }),
      chunk: (bytes) => (one.body += bytes.toString('latin1')),
      end() {
        heard.push(one);
        begin();
      },
    });
  };
  begin();
  for (const piece of pieces) {
    const error = reader.take(piece);
    if (error !== null) return { heard, error: error.message, reader };
  }
  return { heard, error: null, reader };
}

const BODY = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const COUNTED = BODY.map((body) => ({ body, text: `Content-Length: ${body.length}\r\n\r\n${body}` }));
const CHUNKED = fc.tuple(fc.array(BODY, { maxLength: 4 }), fc.boolean()).map(([parts, hasTrailer]) => {
  const chunks = parts
    .filter((part) => part !== '')
    .map((part) => `${part.length.toString(16)};x=1\r\n${part}\r\n`);
  const trailer = hasTrailer ? 'X-Sum: 1\r\n' : '';
  return {
    body: parts.join(''),
    text: `transfer-encoding: Chunked\r\n\r\n${chunks.join('')}0\r\n${trailer}\r\n`,
  };
});
const RESPONSE = fc.record({ status: fc.integer({ min: 200, max: 203 }), sent: fc.oneof(COUNTED, CHUNKED) });

test('reads responses in the same way wherever the network cuts them', () => {
  fc.assert(
    fc.property(
      fc.array(RESPONSE, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(400), { maxLength: 12 }),
      (responses, places) => {
        const whole = Buffer.from(
          responses.map(({ status, sent }) => `HTTP/1.1 ${status} Fine\r\n${sent.text}`).join(''),
          'latin1',
        );
        const cuts = [0, ...places.filter((at) => at < whole.length).toSorted((a, b) => a - b), whole.length];
        const pieces = cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
        const { heard, error, reader } = read(pieces, responses.length);
        expect(error).toBeNull();
        expect(heard.map(({ status, body }) => [status, body])).toEqual(
          responses.map(({ status, sent }) => [status, sent.body]),
        );
        expect(reader.isReusable).toBe(true);
      },
    ),
  );
});

const OK = 'HTTP/1.1 200 OK\r\n';
const LONG = `X-Long: ${'x'.repeat(20_000)}\r\n`;
const ODD: readonly [what: string, text: string][] = [
  ['a body of a length', `${OK}Content-Length: 5\r\n\r\nhello`],
  [
    'chunks with extensions and a trailer',
    `${OK}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`,
  ],
  ['a body until the end', `${OK}Content-Type: text/plain\r\n\r\nhello`],
  ['a body until the end, of HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello'],
  ['HTTP/1.0 that stays open', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello'],
  ['a response after an interim one', `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`],
  ['early hints', `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`],
  ['chunks of a compressed body', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
  ['a body in no code, until the end', `${OK}Transfer-Encoding: identity\r\n\r\nok`],
  ['a length and a code', `${OK}Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok`],
  ['empty lines before it', `\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`],
  ['half a line end before it', `\n${OK}Content-Length: 2\r\n\r\nok`],
  ['a version that does not exist', 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['a version of two', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['lines that end in LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['a value with a tab', `${OK}X-Two: a\tb\r\nContent-Length: 2\r\n\r\nok`],
  ['a value with a character of the upper controls', `${OK}X-Two: a\u0085b\r\nContent-Length: 2\r\n\r\nok`],
  ['a value with DEL', `${OK}X-Two: a\u007fb\r\nContent-Length: 2\r\n\r\nok`],
  ['a value with a control character', `${OK}X-Odd: a\u0001b\r\nContent-Length: 2\r\n\r\nok`],
  ['no content', 'HTTP/1.1 204 No Content\r\n\r\n'],
  [
    'not modified, with the length that it would have',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  ],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'],
  ['an empty reason', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok'],
  ['a reason of Latin letters', 'HTTP/1.1 200 D\u00e9j\u00e0\r\nContent-Length: 2\r\n\r\nok'],
  ['an empty value', `${OK}X-Empty:\r\nContent-Length: 2\r\n\r\nok`],
  ['space around a value', `${OK}X-Space: \t a b \t\r\nContent-Length: 2\r\n\r\nok`],
  ['a repeated header', `${OK}X-Two: a\r\nX-Two: b\r\nContent-Length: 2\r\n\r\nok`],
  ['a value in Latin letters', `${OK}X-Name: d\u00e9j\u00e0\r\nContent-Length: 2\r\n\r\nok`],
  ['two lengths', `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!`],
  ['the same length twice', `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`],
  ['a length and chunks', `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
  ['a length that is none', `${OK}Content-Length: two\r\n\r\nok`],
  ['a negative length', `${OK}Content-Length: -2\r\n\r\nok`],
  ['a chunk that is longer than its size', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n`],
  ['a size that is none', `${OK}Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n`],
  ['a header without a colon', `${OK}X-None\r\nContent-Length: 2\r\n\r\nok`],
  ['a header with a space before its colon', `${OK}X-None : 1\r\nContent-Length: 2\r\n\r\nok`],
  ['a value with a null', `${OK}X-Null: a\0b\r\nContent-Length: 2\r\n\r\nok`],
  ['a value with a lone CR', `${OK}X-CR: a\rb\r\nContent-Length: 2\r\n\r\nok`],
  ['a head that is too long', `${OK}${LONG}Content-Length: 2\r\n\r\nok`],
  ['a body that is too short', `${OK}Content-Length: 5\r\n\r\nhell`],
  ['chunks without an end', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`],
  ['a head without an end', `${OK}Content-Length: 5\r\n`],
  ['nothing', ''],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a protocol in small letters', 'http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
];

/** Answers each connection with these bytes, and ends it. */
async function answering(text: string): Promise<URL> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.from(text, 'latin1')));
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${portOf(server)}/mcp`);
}

function askNode(url: URL): Promise<unknown> {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => (body += chunk));
      response.once('error', () => resolve('failed'));
      response.once('end', () => resolve([response.statusCode, firstOf('X-Two', response), body]));
    });
    sent.once('error', () => resolve('failed'));
    sent.once('close', () => resolve('failed'));
    sent.end('{}');
  });
}

function firstOf(name: string, { rawHeaders }: IncomingMessage): string | null {
  const at = rawHeaders.indexOf(name);
  return at === -1 ? null : (rawHeaders[at + 1] ?? null);
}

function askPool(url: URL): Promise<unknown> {
  const pool = openPostPool(url);
  onTestFinished(() => pool.close());
  return new Promise((resolve) => {
    let found: unknown[] = [];
    let body = '';
    pool.post(
      { url, headers: {}, body: '{}' },
      {
        head: ({ status, headers }) => (found = [status, headers['x-two'] ?? null]),
        chunk: (bytes) => (body += bytes.toString('latin1')),
        end: () => resolve([...found, body]),
        failed: () => resolve('failed'),
      },
    );
  });
}

// The judge is Node's own client.
test.each(ODD)('is read as Node reads it: %s', async (_what, text) => {
  const url = await answering(text);
  expect(await askPool(url)).toEqual(await askNode(url));
});

test('a response that nobody asked for ends the connection', () => {
  const answer = Buffer.from(`${OK}Content-Length: 2\r\n\r\nok`);
  const { heard, error } = read([Buffer.concat([answer, answer])]);
  expect([heard.length, error]).toEqual([1, expect.stringContaining('more than was asked for')]);
});

test('what a server says of the connection is believed', () => {
  const isReusable = (head: string): boolean =>
    read([Buffer.from(`${head}Content-Length: 0\r\n\r\n`)]).reader.isReusable;
  expect(
    [
      OK,
      `${OK}Connection: Keep-Alive\r\n`,
      `${OK}Connection: x, Close\r\n`,
      `${OK}Connection: x\r\nConnection: close\r\n`,
      'HTTP/1.0 200 OK\r\n',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n',
    ].map(isReusable),
  ).toEqual([true, true, false, false, false, true]);
});
