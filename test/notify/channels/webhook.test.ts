// Webhooks as channels: real servers that answer, fail, hang, redirect, and have the wrong certificate.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WebhookSettings } from '../../../src/core/model/notification.ts';
import type { Channel } from '../../../src/notify/channels/channel.ts';
import { toPayload } from '../../../src/notify/message/payload.ts';
import { openWebhook } from '../../../src/notify/channels/webhook.ts';
import { type Clock, systemClock } from '../../../src/system/time/clock.ts';
import { createAuthority } from '../../fakes/certificates.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { AT, NASTY, OPTIONS, single } from '../fixtures.ts';

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server that answers with each of `answers` in turn, the last again and again; `hang` never does. */
type Answer =
  | number
  | 'hang'
  | 'break'
  | { readonly status: number; readonly headers: Record<string, string> };

function answering(answers: readonly Answer[]): { listener: RequestListener; requests: Request[] } {
  const requests: Request[] = [];
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body });
      const answer = answers[Math.min(requests.length, answers.length) - 1] ?? 200;
      if (answer === 'hang') return;
      if (answer === 'break') {
        request.socket.destroy();
        return;
      }
      const { status, headers: more } = typeof answer === 'number' ? { status: answer, headers: {} } : answer;
      response.writeHead(status, more).end('whatever');
    });
  };
  return { listener, requests };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return (server.address() as AddressInfo).port;
}

async function receiver(...answers: Answer[]): Promise<{ url: string; requests: Request[] }> {
  const { listener, requests } = answering(answers);
  const port = await listening(createServer(listener));
  return { url: `http://127.0.0.1:${port}/hook?key=value`, requests };
}

const SETTINGS: Omit<WebhookSettings, 'url'> = {
  kind: 'webhook',
  headers: {},
  secret: null,
  template: null,
  timeout: 20_000,
  retries: 3,
};

/** Pauses between attempts take no time and are written down; the patience for one attempt is real. */
function hastyClock(patience: number): { clock: Clock; pauses: number[] } {
  const pauses: number[] = [];
  const after: Clock['after'] = (delay, wake) => {
    if (delay === patience) return systemClock.after(delay, wake);
    pauses.push(delay);
    return systemClock.after(0, wake);
  };
  return { clock: { ...systemClock, now: () => AT, after }, pauses };
}

function open(url: string, more: Partial<WebhookSettings> = {}) {
  const settings = { ...SETTINGS, url, ...more };
  const { clock, pauses } = hastyClock(settings.timeout);
  return { channel: openWebhook(settings, { clock, environment: {}, platform: 'linux' }), pauses };
}

/** The same in real time. */
function patient(url: string): Channel {
  return openWebhook({ ...SETTINGS, url }, { clock: systemClock, environment: {}, platform: 'linux' });
}

describe('a webhook', () => {
  it('is posted the whole story as JSON', async () => {
    const { url, requests } = await receiver(204);
    for (const text of NASTY) {
      const notification = single({ summary: text });
      expect(await open(url).channel.send(notification, OPTIONS)).toEqual({
        result: 'sent',
        detail: 'answered 204',
      });
      const { method, url: path, headers, body } = requests.at(-1) ?? {};
      expect({ method, path, type: headers?.['content-type'] }).toEqual({
        method: 'POST',
        path: '/hook?key=value',
        type: 'application/json; charset=utf-8',
      });
      expect(JSON.parse(body ?? '')).toEqual(toPayload(notification));
    }
  });

  it('is posted its own template and headers, and credentials from its url', async () => {
    const { url, requests } = await receiver(200);
    const template = { text: '{{title}}: {{body}}', priority: 4, tags: ['{{severity}}'] };
    const headers = { 'X-Token': 'abc', 'Content-Type': 'text/evil' };
    const { channel } = open(url.replace('http://', 'http://ada:love%20lace@'), { template, headers });
    await channel.send(single({ summary: 'a "quote", a \\ and <!here>' }), OPTIONS);
    const [request] = requests;
    expect(JSON.parse(request?.body ?? '')).toEqual({
      text: 'files: gave up: a "quote", a \\ and ‹!here›',
      priority: 4,
      tags: ['critical'],
    });
    expect(request?.headers).toMatchObject({
      'x-token': 'abc',
      'content-type': 'application/json; charset=utf-8',
      authorization: `Basic ${Buffer.from('ada:love lace').toString('base64')}`,
    });
    expect(channel.to).not.toContain('love');
  });

  it('is signed so that its receiver can tell who wrote it, and when', async () => {
    const { url, requests } = await receiver(200);
    const { channel } = open(url, { secret: 'a key of ours' });
    await channel.send(single(), OPTIONS);
    const { headers, body } = requests[0] ?? {};
    const timestamp = headers?.['x-mcp-watchdog-timestamp'];
    expect(timestamp).toBe(String(AT / 1000));
    const digest = createHmac('sha256', 'a key of ours')
      .update(`${String(timestamp)}.${body ?? ''}`)
      .digest('hex');
    expect(headers?.['x-mcp-watchdog-signature']).toBe(`sha256=${digest}`);
  });

  it.each<[string, Answer[]]>([
    ['an error of the server', [500, 503, 200]],
    ['too many requests', [429, 200]],
    ['a timeout that the server tells', [408, 200]],
    ['a connection that breaks', ['break', 200]],
  ])('is tried again after %s', async (_, answers) => {
    const { url, requests } = await receiver(...answers);
    const outcome = await open(url).channel.send(single(), OPTIONS);
    expect(outcome).toEqual({ result: 'sent', detail: 'answered 200' });
    expect(requests).toHaveLength(answers.length);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
  });

  it('waits longer after each attempt, and ends with the last failure', async () => {
    const { url, requests } = await receiver(500);
    const { channel, pauses } = open(url);
    const outcome = await channel.send(single(), OPTIONS);
    expect(outcome).toEqual({ result: 'failed', reason: 'http_status', detail: 'answered 500' });
    expect(requests).toHaveLength(4);
    expect(pauses).toEqual([1000, 4000, 16_000]);
  });

  it('waits as long as the server asks, within reason', async () => {
    const asks = (seconds: string) => ({ status: 429, headers: { 'retry-after': seconds } });
    const { url } = await receiver(asks('30'), asks('100000'), asks('soon'), 200);
    const { channel, pauses } = open(url);
    expect(await channel.send(single(), OPTIONS)).toMatchObject({ result: 'sent' });
    expect(pauses).toEqual([30_000, 60_000, 16_000]);
  });

  it.each<[string, Answer, string, string]>([
    ['refuses the request', 400, 'http_status', 'answered 400'],
    ['does not know us', 401, 'unauthorized', 'answered 401'],
    ['forbids it', 403, 'unauthorized', 'answered 403'],
    [
      'has moved',
      { status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' } },
      'http_status',
      'redirects are not followed',
    ],
  ])('is not tried again when its server %s', async (_, answer, reason, words) => {
    const { url, requests } = await receiver(answer);
    const outcome = await open(url).channel.send(single(), OPTIONS);
    expect(outcome).toEqual({ result: 'failed', reason, detail: expect.stringContaining(words) });
    expect(requests).toHaveLength(1);
  });

  it('is tried only once when somebody waits for the outcome', async () => {
    const { url, requests } = await receiver(500);
    const outcome = await open(url).channel.send(single(), { ...OPTIONS, mayRetry: false });
    expect(outcome).toMatchObject({ result: 'failed', reason: 'http_status' });
    expect(requests).toHaveLength(1);
  });

  it('that hangs is given up after its timeout', async () => {
    const { url, requests } = await receiver('hang');
    const { channel } = open(url, { timeout: 2000, retries: 0 });
    expect(await channel.send(single(), OPTIONS)).toEqual({
      result: 'failed',
      reason: 'timeout',
      detail: expect.stringContaining('within 2 s'),
    });
    expect(requests).toHaveLength(1);
  });

  it('is left at once when we end, wherever it is', async () => {
    for (const answer of ['hang', 500] as const) {
      const { url, requests } = await receiver(answer);
      const stop = new AbortController();
      const sending = patient(url).send(single(), { signal: stop.signal, mayRetry: true });
      await waitFor(() => requests.length > 0);
      stop.abort();
      expect(await sending).toMatchObject({ result: 'failed' });
      expect(requests).toHaveLength(1);
    }
  });

  it('says when nobody listens there, and knows it beforehand', async () => {
    const port = await closedPort();
    const { channel } = open(`http://127.0.0.1:${port}/`, { retries: 0 });
    expect(await channel.send(single(), OPTIONS)).toEqual({
      result: 'failed',
      reason: 'refused',
      detail: `127.0.0.1:${port} cannot be reached (ECONNREFUSED)`,
    });
    expect(await patient(`http://127.0.0.1:${port}/`).check()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    const { url, requests } = await receiver(200);
    expect(await patient(url).check()).toMatchObject({ ok: true });
    expect(requests).toEqual([]);
  });

  it('never tells more of its url than the host', async () => {
    const { url } = await receiver(500);
    const secret = url.replace('/hook?key=value', '/services/T0000/B0000/s3cr3ts3cr3t?token=t0k3n');
    const { channel } = open(secret.replace('http://', 'http://me:p4ssw0rd@'), { retries: 0 });
    const told = JSON.stringify([
      channel.to,
      await channel.send(single(), OPTIONS),
      await patient(secret).check(),
    ]);
    expect(told).not.toMatch(/s3cr3t|t0k3n|p4ssw0rd/);
  });
});

describe.skipIf(!requireProgram('openssl'))('a webhook over TLS', () => {
  it('is not told anything when its certificate is not trusted, and not tried again', async () => {
    const authority = createAuthority();
    onTestFinished(() => authority.remove());
    const { cert, key } = authority.issue('server', 'DNS:localhost');
    const { listener, requests } = answering([200]);
    const port = await listening(
      createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, listener),
    );
    const outcome = await open(`https://localhost:${port}/`).channel.send(single(), OPTIONS);
    expect(outcome).toMatchObject({ result: 'failed', reason: 'tls' });
    expect(requests).toEqual([]);
  });
});

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createTcpServer();
    server.listen(0, '127.0.0.1', () => {
      // eslint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
