import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWeb, type Web } from '../fakes/web.ts';
import { ALERTMANAGER_WEBHOOK_PATH } from '../../src/web/request-guard.ts';

const EVIL = { host: 'evil.example' };

let web: Web;
beforeAll(async () => {
  web = await startWeb({ onAlertmanagerMessage: () => null });
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

describe('a link on another site', () => {
  const followed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };

  test('opens a runbook', async () => {
    expect(await statusOf('GET', '/runbooks/McpServerDown', followed)).not.toBe(403);
    expect(await statusOf('GET', '/runbooks/', followed)).not.toBe(403);
  });

  test.each(['/', '/metrics', '/api/v1/status', '/runbooksX', '/-/ready'])(
    'does not open %s',
    async (path) => {
      expect(await statusOf('GET', path, followed)).toBe(403);
    },
  );
});
