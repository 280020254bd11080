// Who reads /metrics is told; who looks at anything else is not.
import { request } from 'node:http';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { createWebApp } from '../../src/web/front.ts';
import { fakePageSource } from '../fakes/page-source.ts';
import { status } from '../fakes/status.ts';

async function serve() {
  const scrapes: string[] = [];
  const app = createWebApp({
    status: () => status(),
    page: fakePageSource(),
    metrics: () => Promise.resolve({ text: Buffer.from('up 1\n'), contentType: 'text/plain' }),
    now: () => 0,
    allowedHosts: [],
    isReady: () => true,
    isHealthy: () => true,
    onScrape: (by) => scrapes.push(by),
    onFault: () => {},
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const ask = (path: string, { method = 'GET', ...headers }: Record<string, string> = {}) =>
    new Promise<void>((resolve) => {
      request({ port, host: '127.0.0.1', path, method, headers, agent: false }, (response) => {
        response.resume();
        response.once('end', () => resolve());
      }).end();
    });
  return { scrapes, ask };
}

test('tells of each reading, and by whom', async () => {
  const { scrapes, ask } = await serve();
  await ask('/metrics', { 'user-agent': 'Prometheus/3.1.0' });
  await ask('/metrics');
  await ask('/metrics', { 'user-agent': `curl \u009B31m${'x'.repeat(300)}` });
  expect(scrapes.slice(0, 2)).toEqual(['Prometheus/3.1.0', '']);
  expect(scrapes[2]).toHaveLength(100);
  expect(scrapes[2]).not.toContain('\u009B');
});

test('does not tell of anything else', async () => {
  const { scrapes, ask } = await serve();
  for (const path of ['/', '/api/v1/status', '/-/healthy', '/nothing']) await ask(path);
  await ask('/metrics', { method: 'HEAD' });
  await ask('/metrics', { host: 'evil.example' });
  expect(scrapes).toEqual([]);
});
