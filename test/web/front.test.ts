// What is answered without the pages, and when the pages are loaded.
import express from 'express';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { takesGzip } from '../../src/web/api/accept.ts';
import { createPages } from '../../src/web/app.ts';
import { createWebApp, type LoadPages } from '../../src/web/front.ts';
import { startWeb } from '../fakes/web.ts';

/** A web app whose pages are loaded by `load`. */
async function open(load: LoadPages) {
  const web = await startWeb({ create: (options) => createWebApp(options, load) });
  onTestFinished(() => web.close());
  return web;
}

const real: LoadPages = async (options, routes) => createPages(options, routes);

test('what monitoring reads needs no pages, and neither does what is refused', async () => {
  const load = vi.fn(real);
  const web = await open(load);
  for (const path of ['/metrics', '/metrics?x=1', '/-/healthy', '/-/ready'])
    expect((await web.ask(path)).status).toBe(200);
  expect((await web.ask('/', { headers: { host: 'evil.example' } })).status).toBe(403);
  expect((await web.ask('/', { method: 'POST' })).status).toBe(405);
  expect(load).not.toHaveBeenCalled();
  // As express knows them too.
  for (const path of ['/Metrics', '/metrics/', '/-/READY']) expect((await web.ask(path)).status).toBe(200);
  expect(load).toHaveBeenCalledTimes(1);
});

test('tells once that the pages are loaded', async () => {
  const onOpened = vi.fn();
  const web = await startWeb({ onOpened });
  onTestFinished(() => web.close());
  await web.ask('/metrics');
  expect(onOpened).not.toHaveBeenCalled();
  await web.ask('/status.txt');
  await web.ask('/status.txt');
  expect(onOpened).toHaveBeenCalledTimes(1);
});

test('the same headers, with the pages and without', async () => {
  const web = await open(real);
  const of = async (path: string): Promise<unknown> => {
    const { date: _, ...headers } = (await web.ask(path)).headers;
    return headers;
  };
  expect(await of('/-/ready')).toEqual(await of('/-/ready/'));
  expect(await of('/metrics')).toEqual(await of('/METRICS'));
});

test('requests that come while the pages are loaded wait for them, with their bodies', async () => {
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const load = vi.fn<LoadPages>(async (...given) => {
    await gate;
    return await real(...given);
  });
  const received: unknown[] = [];
  const web = await startWeb({
    create: (options) => createWebApp(options, load),
    alertmanagerWebhook: {
      admit: () => null,
      receive: (message) => {
        received.push(message);
        return null;
      },
    },
  });
  onTestFinished(() => web.close());
  const body = JSON.stringify({ version: '4', status: 'firing', alerts: [], filler: 'x'.repeat(100_000) });
  const headers = { 'content-type': 'application/json' };
  const asked = [
    web.ask('/api/v1/status'),
    web.ask('/nothing'),
    web.ask('/api/v1/alertmanager', { method: 'POST', headers, body }),
  ];
  expect((await web.ask('/metrics')).status).toBe(200);
  await vi.waitFor(() => expect(load).toHaveBeenCalledTimes(1));
  go();
  const answers = await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 200]);
  expect(received).toEqual([JSON.parse(body)]);
  expect(load).toHaveBeenCalledTimes(1);
  expect(web.faults).toEqual([]);
});

test('pages that cannot be loaded are a fault of ours, /metrics goes on, and the next request tries again', async () => {
  let isBroken = true;
  const web = await open(async (...given) => {
    if (isBroken) throw new Error('no such module: secret path');
    return await real(...given);
  });
  for (const { status, body } of await Promise.all([web.ask('/'), web.ask('/api/v1/status')]))
    expect([status, body]).toEqual([500, 'Internal error; see the log of mcp-watchdog\n']);
  expect(web.faults).toHaveLength(2);
  expect((await web.ask('/metrics')).status).toBe(200);
  isBroken = false;
  expect((await web.ask('/api/v1/status')).status).toBe(200);
});

describe('takesGzip()', () => {
  test.each([
    undefined,
    '',
    'gzip',
    'GZIP',
    'deflate',
    'deflate, gzip;q=1.0, *;q=0.5',
    'gzip;q=0',
    'gzip; q=0.000',
    'gzip;q=0.1',
    '*',
    '*;q=0',
    'identity',
    'identity;q=1, gzip;q=0.5',
    'br, *;q=0.2',
    '*, gzip;q=0',
    'x-gzip',
    ',',
  ])('says of %j what express says', (header) => {
    const request = Object.create(express.request);
    request.headers = header === undefined ? {} : { 'accept-encoding': header };
    expect(takesGzip(header)).toBe(request.acceptsEncodings('gzip') === 'gzip');
  });
});
