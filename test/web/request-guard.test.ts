import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWeb, type Web } from '../fakes/web.ts';
import { ALERTMANAGER_WEBHOOK_PATH } from '../../src/web/request-guard.ts';

const EVIL = { host: 'evil.example' };

let web: Web;
beforeAll(async () => {
  web = await startWeb({ alertmanagerWebhook: { admit: () => null, receive: () => null } });
});
afterAll(() => web.close());

async function statusOf(method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  return (await web.ask(path, { method, headers })).status;
}

test('POST is allowed where Alertmanager posts, and nothing else there', async () => {
  const json = { 'content-type': 'application/json' };
  const posted = await web.ask(ALERTMANAGER_WEBHOOK_PATH, { method: 'POST', headers: json, body: '{}' });
  expect(posted.status).toBe(200);
  expect(await statusOf('GET', ALERTMANAGER_WEBHOOK_PATH)).toBe(405);
  expect(await statusOf('POST', ALERTMANAGER_WEBHOOK_PATH, EVIL)).toBe(403);
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s is not allowed', async (method) => {
  expect(await statusOf(method, '/metrics')).toBe(405);
  expect(await statusOf(method, '/metrics', EVIL)).toBe(403);
});

/** The status line of the answer to a request as it stands. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(web.port, '127.0.0.1', () => socket.write(text));
    socket.once('data', (chunk) => {
      resolve(chunk.toString().split('\r\n')[0] ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test('two Host headers are refused, even if the first is ours', async () => {
  const host = `Host: 127.0.0.1:${web.port}\r\n`;
  expect(await raw(`GET /metrics HTTP/1.1\r\n${host}Host: evil.example\r\n\r\n`)).toContain('400');
  expect(await raw(`GET /metrics HTTP/1.1\r\n${host}${host}\r\n`)).toContain('400');
  expect(await raw(`GET /metrics HTTP/1.1\r\n${host}\r\n`)).toContain('200');
});

test('a target in absolute form is answered only when its authority is ours', async () => {
  const rest = `HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\n\r\n`;
  expect(await raw(`GET http://127.0.0.1:${web.port}/metrics ${rest}`)).toContain('200');
  expect(await raw(`GET http://evil.example/metrics ${rest}`)).toContain('403');
  expect(await raw(`GET metrics ${rest}`)).toContain('400');
});

test('a POST that its client breaks off is no fault of ours', async () => {
  const begun = web.faults.length;
  const head = `POST ${ALERTMANAGER_WEBHOOK_PATH} HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\n`;
  const socket = connect(web.port, '127.0.0.1');
  socket.write(
    `${head}Content-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n`,
  );
  // The answer to Expect says that the request has arrived.
  await once(socket, 'data');
  socket.write('{"half":', () => socket.resetAndDestroy());
  await once(socket, 'close');
  const json = { 'content-type': 'application/json' };
  expect(
    (await web.ask(ALERTMANAGER_WEBHOOK_PATH, { method: 'POST', headers: json, body: '{}' })).status,
  ).toBe(200);
  expect(web.faults.slice(begun)).toEqual([]);
});

test.each(['/runbooks/%', '/runbooks/%2', '/runbooks/%ff'])(
  'a path that cannot be decoded is refused: %s',
  async (path) => {
    const begun = web.faults.length;
    expect(await web.ask(path)).toMatchObject({ status: 400, body: 'The request cannot be read\n' });
    expect(web.faults.slice(begun)).toEqual([]);
  },
);

describe('a link on another site', () => {
  const followed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };

  test('opens a runbook', async () => {
    expect(await statusOf('GET', '/runbooks/McpServerDown', followed)).not.toBe(403);
    expect(await statusOf('GET', '/runbooks/', followed)).not.toBe(403);
  });

  test('opens the page, whose document holds nothing of this machine', async () => {
    expect(await statusOf('GET', '/', followed)).not.toBe(403);
  });

  test.each([
    '/status.txt',
    '/assets/x/page/main.js',
    '/metrics',
    '/api/v1/status',
    '/runbooksX',
    '/-/ready',
  ])('does not open %s', async (path) => {
    expect(await statusOf('GET', path, followed)).toBe(403);
  });
});
