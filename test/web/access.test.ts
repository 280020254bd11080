import { describe, expect, onTestFinished, test } from 'vitest';
import type { WebConfig } from '../../src/core/model/web-config.ts';
import { createAccessControl, createTokenBucket } from '../../src/web/access.ts';
import { FakeClock } from '../fakes/clock.ts';
import { startWeb, type Web } from '../fakes/web.ts';

const CONFIG: WebConfig = { tls: null, users: {}, headers: {}, rateLimit: null, files: [], warnings: [] };

async function open(change: Partial<WebConfig>) {
  const clock = new FakeClock();
  const current = { ...CONFIG, ...change };
  const compare = async (password: string, hash: string): Promise<boolean> => hash === `$2b$05$${password}`;
  const web = await startWeb({
    access: createAccessControl({ current, refresh: async () => current }, { clock, compare }),
    allowedHosts: [],
  });
  onTestFinished(() => web.close());
  const ask: Web['ask'] = (path, options) => web.ask(path, options);
  return { ask, clock };
}

const users = { ada: '$2b$05$swordfish' };
const ADA = { authorization: `Basic ${btoa('ada:swordfish')}` };
const PATHS = ['/', '/metrics', '/api/v1/status', '/-/healthy', '/-/ready', '/nothing'];

describe('an app with users', () => {
  test.each(PATHS)('shows %s to them, and to nobody else', async (path) => {
    const { ask } = await open({ users });
    const refused = await ask(path);
    expect([refused.status, refused.body]).toEqual([401, 'Name and password are needed\n']);
    expect(refused.headers['www-authenticate']).toBe('Basic realm="mcp-watchdog", charset="UTF-8"');
    expect(refused.headers['cache-control']).toBe('no-store');
    expect((await ask(path, { headers: { authorization: `Basic ${btoa('ada:x')}` } })).status).toBe(401);
    expect([200, 404]).toContain((await ask(path, { headers: ADA })).status);
  });

  test('asks for the Host first: a page of another name gets nothing, whatever it sends', async () => {
    const { ask } = await open({ users });
    expect((await ask('/', { headers: { ...ADA, host: 'evil.example' } })).status).toBe(403);
    expect((await ask('/', { method: 'POST', headers: ADA })).status).toBe(405);
  });
});

test('headers of the web config are on every answer, in place of ours', async () => {
  const { ask } = await open({
    users,
    headers: { 'Strict-Transport-Security': 'max-age=60', 'X-Frame-Options': 'deny' },
  });
  for (const { headers } of [await ask('/'), await ask('/', { headers: ADA })]) {
    expect(headers['strict-transport-security']).toBe('max-age=60');
    expect(headers['x-frame-options']).toBe('deny');
  }
});

test('a rate limit turns away who asks too often, before passwords are looked at', async () => {
  const { ask, clock } = await open({ users, rateLimit: { interval: 2500, burst: 2 } });
  expect((await ask('/', { headers: ADA })).status).toBe(200);
  expect((await ask('/')).status).toBe(401);
  const denied = await ask('/', { headers: ADA });
  expect([denied.status, denied.body, denied.headers['retry-after']]).toEqual([
    429,
    'Too many requests\n',
    '3',
  ]);
  clock.elapsed += 2500;
  expect((await ask('/', { headers: ADA })).status).toBe(200);
});

test('a password that cannot be checked is a fault of ours', async () => {
  const current = { ...CONFIG, users };
  const web = await startWeb({
    access: createAccessControl(
      { current, refresh: async () => current },
      { clock: new FakeClock(), compare: () => Promise.reject(new Error('no process')) },
    ),
  });
  onTestFinished(() => web.close());
  expect((await web.ask('/', { headers: ADA })).status).toBe(500);
  expect(web.faults).toEqual([new Error('no process')]);
});

test('a bucket lets a burst through, then one each interval, and never saves up more than a burst', () => {
  let now = 0;
  const bucket = createTokenBucket(() => now);
  const limit = { interval: 1000, burst: 3 };
  const take = (): boolean => bucket.take(limit);
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
  now += 999;
  expect(take()).toBe(false);
  now += 1;
  expect([take(), take()]).toEqual([true, false]);
  now += 60_000;
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
});

test('a limit that was lowered counts at once', () => {
  const bucket = createTokenBucket(() => 0);
  expect(bucket.take({ interval: 1000, burst: 10 })).toBe(true);
  expect(bucket.take({ interval: 1000, burst: 1 })).toBe(true);
  expect(bucket.take({ interval: 1000, burst: 1 })).toBe(false);
});
